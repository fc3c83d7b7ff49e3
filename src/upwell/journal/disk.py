"""What the disk allows: whether `data_dir` may hold a journal at all, and whether there is room for more.

Nothing is deleted here: making room is the worker's work.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from upwell import config
from upwell.errors import DataDirError

_NETWORK = frozenset({
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs3", "nfs4", "ocfs2", "smb", "smb2", "smb3", "smbfs", "webdav",
})  # fmt: skip
"""File systems that share files between machines but not memory, which SQLite's WAL needs (sqlite.org/wal.html)."""

_NETWORK_FUSE = frozenset({
    "ceph", "ceph-fuse", "cephfs", "curlftpfs", "davfs", "gcsfuse", "glusterfs", "goofys", "mountpoint-s3", "rclone", "s3fs",
    "smbnetfs", "sshfs",
})  # fmt: skip

_OCTAL = re.compile(r"\\([0-7]{3})")
_STAT_NS = 100_000_000
_SCAN_NS = 500_000_000


def check(data_dir: Path) -> None:
    """Raise DataDirError where `data_dir`, or the folder it will be made in, is on a network file system.

    Linux says so in /proc/self/mounts, macOS by the `mount` command; where neither can be read, nothing is refused.
    """
    kind = file_system(data_dir, mounts())
    if kind in _NETWORK or kind.removeprefix("fuse.") in _NETWORK_FUSE:
        raise DataDirError(f"{data_dir} is on a network file system ({kind}), where SQLite's write-ahead log is not safe")


def file_system(path: Path, table: list[tuple[str, str]]) -> str:
    """The type of the file system that holds `path`: the last mount with the longest prefix. Unknown: empty."""
    place = path.absolute().resolve()
    best, kind = -1, ""
    for mount_point, found in table:
        if len(mount_point) >= best and place.is_relative_to(mount_point):
            best, kind = len(mount_point), found
    return kind


def mounts() -> list[tuple[str, str]]:
    """Mount points and types, in the order of mounting."""
    try:
        if sys.platform == "darwin":
            return parse_darwin(subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=True, timeout=5).stdout)
        return parse_linux(Path("/proc/self/mounts").read_text("utf-8", "surrogateescape"))
    except (OSError, subprocess.SubprocessError):
        return []


def parse_linux(text: str) -> list[tuple[str, str]]:
    """`device point type options 0 0`, with blanks in names as octal escapes."""
    found = []
    for line in text.splitlines():
        _, point, kind, *_ = line.split(" ")
        found.append((_OCTAL.sub(lambda match: chr(int(match[1], 8)), point), kind))
    return found


def parse_darwin(text: str) -> list[tuple[str, str]]:
    """`device on point (type, options)`."""
    found = []
    for line in text.splitlines():
        place, _, options = line.rpartition(" (")
        found.append((place.partition(" on ")[2], options.rstrip(")").partition(",")[0]))
    return found


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable; raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Room:
    """How many bytes the journal takes and how many the disk has left, cheap to ask for each request.

    The file system is asked at most every 0.1 s, the directory scanned every 0.5 s; the segment being
    written is the caller's to tell.
    """

    def __init__(self, directory: Path, settings: config.Journal, *, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._directory = directory
        self._settings = settings
        self._now = monotonic_ns
        self._others = 0
        self._free = float("inf")
        self._scan_at = self._look_at = float("-inf")

    def bytes(self, current: str | None, size: int) -> int:
        """Bytes of all files in the journal's directory; `size` is what segment `current` takes."""
        now = self._now()
        if now >= self._scan_at:
            self._scan_at = now + _SCAN_NS
            self._others = _others(self._directory, current)
        return self._others + size

    def shortage(self, current: str | None, size: int) -> str | None:
        """Why there is no room, as a sentence, or None."""
        now = self._now()
        if now >= self._look_at:
            self._look_at = now + _STAT_NS
            self._free = _free(self._directory)
            self.bytes(current, size)
        if self._others + size >= self._settings.max_bytes:
            return f"the journal holds {self._others + size} bytes; journal.max_bytes is {self._settings.max_bytes}"
        if self._free < self._settings.reserve:
            return f"the disk has {self._free} bytes left; journal.reserve is {self._settings.reserve}"
        return None

    def forget(self) -> None:
        """Look again at the next question: another segment is current now."""
        self._scan_at = self._look_at = float("-inf")


def _others(directory: Path, current: str | None) -> int:
    total = 0
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if current is None or not entry.name.startswith(current):
                    total += _size(entry)
    except OSError:
        return total  # what is wrong with it, the commit will tell
    return total


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # the worker deletes segments meanwhile
        return 0


def _free(directory: Path) -> float:
    try:
        found = os.statvfs(directory)
    except OSError:
        return float("inf")  # what is wrong with it, the commit will tell
    return found.f_bavail * found.f_frsize
