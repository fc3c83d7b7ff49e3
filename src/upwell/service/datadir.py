"""The data directory: private to its owner, and on a disk that SQLite's write-ahead log can work on.

It is made when missing and tightened when it is plainly ours. A folder that holds somebody else's files is
refused rather than changed, because `data_dir = "/tmp"` must not close /tmp to everybody.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from upwell.errors import DataDirError

_OURS = frozenset({"keys.db", "relay.db", "journal", "gateway.lock", "worker.lock"})
_NETWORK = re.compile(r"9p|afp?fs|ceph|cifs|fuse\.(davfs2|glusterfs|rclone|s3fs|sshfs)|gfs2|glusterfs|lustre|ncpfs|nfs4?|ocfs2|smb3|smbfs|webdav")
# no memory shared between hosts, or locks that lie: sqlite.org/wal.html, "does not work over a network filesystem"


def prepare(directory: Path) -> Path:
    """The directory, existing, 0700 and on a local disk. Raises DataDirError."""
    refuse_network(directory)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_private(directory)
    except OSError as error:
        raise DataDirError(f"data_dir {directory} cannot be used: {error.strerror}") from None
    return directory


def existing(directory: Path) -> Path:
    """The directory, which some Upwell process has used before. Raises DataDirError."""
    if not directory.is_dir():
        raise DataDirError(
            f"there is no data in {directory}: the folder does not exist", hint="Run `upwell serve`, or name the --config in use."
        )
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise DataDirError(f"data_dir {directory} cannot be used: Permission denied", hint="Run this as the user that runs Upwell.")
    return directory


def _make_private(directory: Path) -> None:
    status = directory.stat()
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(13, "Permission denied")
    if not stat.S_IMODE(status.st_mode) & 0o077:
        return
    names = {entry.name for entry in directory.iterdir()}
    if status.st_uid != os.geteuid() or (names and not names & _OURS):
        raise DataDirError(
            f"data_dir {directory} is open to other users and holds files that are not Upwell's",
            hint="Give Upwell a folder of its own: set data_dir to a path that does not exist yet.",
        )
    directory.chmod(0o700)


def refuse_network(directory: Path) -> None:
    """Raise DataDirError where the directory lies on a network file system."""
    kind = filesystem(directory)
    if _NETWORK.fullmatch(kind):
        raise DataDirError(f"data_dir {directory} lies on a network file system ({kind}), where its databases would break")


def filesystem(path: Path) -> str:
    """The type of the file system that holds the path, or would if it existed; "" when unknown."""
    path = path.resolve()
    held = [(len(point.parts), order, kind) for order, (point, kind) in enumerate(_mounts()) if path.is_relative_to(point)]
    return max(held)[2] if held else ""  # the deepest mount point; of several on one point, the last


def _mounts() -> Iterator[tuple[Path, str]]:
    table = Path("/proc/self/mountinfo")
    if table.exists():
        yield from parse_mountinfo(table.read_text("utf-8", "surrogateescape"))
    elif Path("/sbin/mount").exists():
        yield from parse_mount(subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False).stdout)


def parse_mountinfo(text: str) -> Iterator[tuple[Path, str]]:
    """Mount points and types from Linux's /proc/self/mountinfo (proc(5))."""
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), left.split(" ")[4])
        yield Path(point), right.split(" ")[0]


def parse_mount(text: str) -> Iterator[tuple[Path, str]]:
    """Mount points and types from what macOS's mount(8) prints."""
    for match in re.finditer(r"^.* on (/.*) \(([^,)]+)[,)]", text, re.MULTILINE):
        yield Path(match[1]), match[2]
