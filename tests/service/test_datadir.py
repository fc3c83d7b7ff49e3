"""The data directory is private, local, and never somebody else's folder."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from upwell.errors import DataDirError
from upwell.journal import disk
from upwell.service import datadir


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_missing_directory_is_made_private(tmp_path: Path) -> None:
    """A new data directory can be entered by its owner only, whatever the umask."""
    made = datadir.prepare(tmp_path / "deep" / "data")

    assert _mode(made) == 0o700


def test_an_empty_directory_is_tightened(tmp_path: Path) -> None:
    """A folder that was made by hand for Upwell is made private."""
    tmp_path.chmod(0o755)

    datadir.prepare(tmp_path)

    assert _mode(tmp_path) == 0o700


def test_our_own_directory_is_tightened(tmp_path: Path) -> None:
    """A data directory that somebody opened to others is closed again."""
    (tmp_path / "keys.db").touch()
    tmp_path.chmod(0o777)

    datadir.prepare(tmp_path)

    assert _mode(tmp_path) == 0o700


def test_a_folder_of_other_things_is_refused_untouched(tmp_path: Path) -> None:
    """`data_dir = "/tmp"` does not close /tmp to everybody else."""
    (tmp_path / "thesis.tex").touch()
    tmp_path.chmod(0o755)

    with pytest.raises(DataDirError, match="not Upwell's"):
        datadir.prepare(tmp_path)

    assert _mode(tmp_path) == 0o755


def test_a_private_folder_with_other_files_is_taken(tmp_path: Path) -> None:
    """A folder that already is private need not be changed, so nothing speaks against it."""
    tmp_path.chmod(0o700)
    (tmp_path / "notes.txt").touch()

    assert datadir.prepare(tmp_path) == tmp_path


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    """A data_dir that is a file gets a sentence, not a traceback."""
    (tmp_path / "data").touch()

    with pytest.raises(DataDirError, match="File exists"):
        datadir.prepare(tmp_path / "data")


def test_existing_says_that_nothing_is_there(tmp_path: Path) -> None:
    """A command on a data directory that was never used does not make one."""
    with pytest.raises(DataDirError, match="does not exist"):
        datadir.existing(tmp_path / "none")

    assert not (tmp_path / "none").exists()


def test_existing_takes_a_used_directory(tmp_path: Path) -> None:
    """A command on a data directory in use gets it as it is."""
    assert datadir.existing(tmp_path) == tmp_path


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made where the databases would break."""
    monkeypatch.setattr(disk, "mounts", lambda: [("/", "ext4"), (str(tmp_path.resolve()), "nfs4")])

    with pytest.raises(DataDirError, match="network file system"):
        datadir.prepare(tmp_path / "data")

    assert not (tmp_path / "data").exists()
