"""The data directory is private, local, and never somebody else's folder."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from upwell.errors import DataDirError
from upwell.service import datadir

MOUNTINFO = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 27 0:40 / /mnt/team\\040share rw - nfs4 server:/export rw
41 27 0:41 / /mnt/twice rw master:7 - ext4 /dev/vdb rw
42 41 0:42 / /mnt/twice rw - cifs //server/share rw
"""

MOUNT = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//me@server/share on /Volumes/my share (smbfs, nodev, nosuid, mounted by me)
"""


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


@pytest.mark.parametrize(
    ("path", "expected"), [("/", "ext4"), ("/home/me", "ext4"), ("/mnt/team share/upwell", "nfs4"), ("/mnt/twice/x", "cifs")]
)
def test_the_mount_that_holds_a_path_is_found(path: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The deepest mount decides, the later of two on one point, and blanks in names are read."""
    monkeypatch.setattr(datadir, "_mounts", lambda: datadir.parse_mountinfo(MOUNTINFO))

    assert datadir.filesystem(Path(path)) == expected


def test_the_mounts_of_macos_are_read() -> None:
    """What mount(8) prints on macOS gives points and types."""
    assert list(datadir.parse_mount(MOUNT)) == [(Path("/"), "apfs"), (Path("/Volumes/my share"), "smbfs")]


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's write-ahead log needs shared memory, which no network file system has."""
    monkeypatch.setattr(datadir, "_mounts", lambda: iter([(Path("/"), "ext4"), (tmp_path.resolve(), "nfs4")]))

    with pytest.raises(DataDirError, match="network file system \\(nfs4\\)"):
        datadir.prepare(tmp_path / "data")


def test_this_machine_has_a_local_disk(tmp_path: Path) -> None:
    """The real mount table is read, and what tests write on is not taken for a network."""
    assert datadir.filesystem(tmp_path) != ""

    datadir.refuse_network(tmp_path)
