"""What the disk allows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.journal.place import Clock
from upwell import config
from upwell.errors import DataDirError
from upwell.journal import disk
from upwell.journal.disk import Room

MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw 0 0
/dev/vdb /home/ada/disk ext4 rw 0 0
me@host:/ /mnt/with\\040blank/caf\u00e9 fuse.sshfs rw 0 0
tmpfs /home tmpfs rw 0 0
"""

DARWIN = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//ada@server/share on /Volumes/my share (smbfs, nodev, nosuid, mounted by ada)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
"""


def test_mounts_of_linux_are_read() -> None:
    """Blanks come as octal escapes, other letters as they are."""
    table = disk.parse_linux(MOUNTS)

    assert table[0] == ("/", "ext4")
    assert table[4] == ("/mnt/with blank/caf\u00e9", "fuse.sshfs")


def test_mounts_of_macos_are_read() -> None:
    """The type is the first word in the brackets."""
    assert disk.parse_darwin(DARWIN)[:2] == [("/", "apfs"), ("/Volumes/my share", "smbfs")]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/upwell", "ext4"),
        ("/homes", "ext4"),
        ("/home/ada", "tmpfs"),
        ("/home/ada/disk/upwell", "ext4"),
        ("/mnt/with blank/caf\u00e9/x", "fuse.sshfs"),
    ],
)
def test_the_longest_and_last_mount_counts(path: str, kind: str) -> None:
    """A path belongs to the deepest mount above it, and there to the one mounted last."""
    assert disk.file_system(Path(path), disk.parse_linux(MOUNTS)) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.s3fs", "fuse.glusterfs", "ceph"])
def test_a_network_file_system_is_refused(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the directory and the type."""
    monkeypatch.setattr(disk, "mounts", lambda: [("/", kind)])

    with pytest.raises(DataDirError, match=f"{tmp_path.name} is on a network file system .{kind}"):
        disk.check(tmp_path)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuse.ext4", "fuseblk", ""])
def test_a_local_file_system_is_taken(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one of which nothing is known, and a directory that does not exist yet."""
    monkeypatch.setattr(disk, "mounts", lambda: [("/", kind)])

    disk.check(tmp_path / "not yet")


def test_this_machines_mounts_are_read(tmp_path: Path) -> None:
    """The real table names a file system for a real directory."""
    assert disk.file_system(tmp_path, disk.mounts())


def test_mounts_that_cannot_be_read_refuse_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc, or without the mount command, the check passes."""

    def fail(*_: object, **__: object) -> str:
        raise OSError("no such file")

    monkeypatch.setattr(Path, "read_text", fail)
    monkeypatch.setattr(subprocess, "run", fail)

    assert disk.mounts() == []
    monkeypatch.setattr("sys.platform", "darwin")
    assert disk.mounts() == []
    disk.check(tmp_path)


def room(directory: Path, clock: Clock, max_bytes: int = 1000, reserve: int = 0) -> Room:
    settings = config.Journal.model_validate({"max_bytes": max_bytes, "reserve": reserve})
    return Room(directory, settings, monotonic_ns=clock)


def test_the_journal_is_full_at_its_bound(tmp_path: Path) -> None:
    """All files count, those of the current segment as the caller says."""
    (tmp_path / "1.db").write_bytes(b"x" * 400)
    (tmp_path / "1.db-wal").write_bytes(b"x" * 100)
    (tmp_path / "2.db").write_bytes(b"x" * 9999)
    found = room(tmp_path, Clock())

    assert found.bytes("2", 300) == 800
    assert found.shortage("2", 499) is None
    shortage = found.shortage("2", 500)
    assert shortage is not None
    assert "journal.max_bytes is 1000" in shortage


def test_freed_space_is_seen_within_a_second(tmp_path: Path) -> None:
    """The worker deletes segments; the gateway looks twice a second, not at every request."""
    clock = Clock()
    old = tmp_path / "1.db"
    old.write_bytes(b"x" * 1000)
    found = room(tmp_path, clock)
    assert found.shortage(None, 0)

    old.unlink()
    assert found.shortage(None, 0)
    clock.advance(0.6)
    assert found.shortage(None, 0) is None


def test_a_new_current_segment_is_looked_at_at_once(tmp_path: Path) -> None:
    """What was current a moment ago counts as one of the others."""
    (tmp_path / "1.db").write_bytes(b"x" * 400)
    found = room(tmp_path, Clock())
    assert found.bytes("1", 400) == 400

    found.forget()

    assert found.bytes("2", 0) == 400


def test_the_reserve_is_kept_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With less than the reserve left on the disk there is no room, and there is again when space comes back."""
    clock = Clock()
    free = 4096 * 10
    real = os.statvfs(tmp_path)
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result((4096, 4096, *real[2:4], free // 4096, *real[5:])))
    found = room(tmp_path, clock, reserve=50_000)

    shortage = found.shortage(None, 0)
    assert shortage is not None
    assert "journal.reserve is 50000" in shortage

    free = 4096 * 20
    clock.advance(0.2)
    assert found.shortage(None, 0) is None


def test_a_directory_that_cannot_be_read_is_the_commits_business(tmp_path: Path) -> None:
    """Room is not where a missing directory is reported."""
    found = room(tmp_path / "gone", Clock(), reserve=1)

    assert found.bytes(None, 5) == 5
    assert found.shortage(None, 5) is None
