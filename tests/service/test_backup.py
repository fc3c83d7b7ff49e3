"""A copy that Upwell can be started on, whatever went on while it was made."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.relay.world import World, batch
from tests.service.conftest import MakeWorld
from tests.service.places import desk
from upwell.errors import DataDirError
from upwell.identity import Keyring, Keys
from upwell.service import operations


def _restored(copy: Path) -> World:
    return World(copy)


def _ids(*numbers: int) -> list[str]:
    return [f"item-{number}" for number in numbers]


def test_everything_is_in_the_copy(world: MakeWorld, tmp_path: Path) -> None:
    """Started on the copy, a worker delivers what was pending, and every sum holds."""
    made = world()
    made.write(batch(_ids(1, 2)))
    made.turns()
    made.write(batch(_ids(3)))
    made.write(batch(_ids(4)))

    done = operations.back_up(desk(made), str(tmp_path / "copy"))
    assert done["files"] == len([path for path in (tmp_path / "copy").rglob("*") if path.is_file()])

    copy = _restored(tmp_path / "copy")
    copy.write(batch(_ids(5)))
    copy.turns()
    assert copy.sink.delivered == _ids(3, 4, 5)
    assert copy.ledger().problems() == []
    assert copy.ledger().lanes[0].offered == 5
    copy.close()


def test_what_is_delivered_after_the_copy_is_sent_again_from_it(world: MakeWorld, tmp_path: Path) -> None:
    """The copy knows nothing as settled that was not, so nothing is lost by going back to it."""
    made = world()
    made.write(batch(_ids(1)))
    operations.back_up(desk(made), str(tmp_path / "copy"))
    made.turns()

    copy = _restored(tmp_path / "copy")
    copy.turns()

    assert copy.sink.delivered == made.sink.delivered == _ids(1)
    assert copy.ledger().problems() == []
    copy.close()


def test_the_copy_stands_alone(world: MakeWorld, tmp_path: Path) -> None:
    """What happens to the original afterwards does not reach the copy, and nothing is left behind in the original."""
    made = world()
    made.write(batch(_ids(1)))
    made.write(batch(_ids(2)))
    operations.back_up(desk(made), str(tmp_path / "copy"))
    for file in (made.folder / "journal").iterdir():
        file.write_bytes(b"noise")

    copy = _restored(tmp_path / "copy")
    copy.turns()

    assert copy.sink.delivered == _ids(1, 2)
    copy.close()
    assert not list(made.folder.glob("backup-*"))


def test_keys_go_along(world: MakeWorld, tmp_path: Path) -> None:
    """Agents go on with the keys they have when a gateway starts on the copy."""
    made = world()
    with Keys(made.folder / "keys.db") as keys:
        secret = keys.add("ann@example.com", None).secret_text
        operations.back_up(desk(made), str(tmp_path / "copy"))

    ring = Keyring(tmp_path / "copy" / "keys.db")
    assert ring.authenticate(secret, 2**62).person == "ann@example.com"
    ring.close()


def test_the_copy_is_private(world: MakeWorld, tmp_path: Path) -> None:
    """A backup holds what the original holds, so nobody else may read it."""
    made = world()
    made.write(batch(_ids(1)))
    operations.back_up(desk(made), str(tmp_path / "copy"))

    modes = {stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "copy", *(tmp_path / "copy").rglob("*")]}

    assert modes == {0o700, 0o600}


def test_a_new_data_directory_can_be_copied(world: MakeWorld, tmp_path: Path) -> None:
    """No journal, no keys: the copy is as empty."""
    done = operations.back_up(desk(world()), str(tmp_path / "copy"))

    assert done["files"] == 1
    assert (tmp_path / "copy" / "relay.db").exists()


def test_a_folder_with_files_is_refused(world: MakeWorld, tmp_path: Path) -> None:
    """Two backups in one folder would be none."""
    (tmp_path / "old.txt").touch()

    with pytest.raises(DataDirError, match="not empty"):
        operations.back_up(desk(world()), str(tmp_path))

    assert (tmp_path / "old.txt").exists()


def test_a_folder_inside_data_dir_is_refused(world: MakeWorld) -> None:
    """A copy that lies with the original is lost with it."""
    made = world()

    with pytest.raises(DataDirError, match="inside data_dir"):
        operations.back_up(desk(made), str(made.folder / "backup"))


def test_a_target_that_cannot_be_written_is_said(world: MakeWorld, tmp_path: Path) -> None:
    """A file in the way is a sentence, not a traceback."""
    (tmp_path / "file").touch()

    with pytest.raises(DataDirError, match="cannot be written"):
        operations.back_up(desk(world()), str(tmp_path / "file" / "copy"))


def test_half_a_copy_is_removed(world: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk fills up on the way, nothing is left that looks like a backup."""
    made = world()
    made.write(batch(_ids(1)))
    made.write(batch(_ids(2)))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)

    with pytest.raises(DataDirError, match="No space left on device"):
        operations.back_up(desk(made), str(tmp_path / "copy"))

    assert not (tmp_path / "copy").exists()
    assert not list(made.folder.glob("backup-*"))
