"""The data directory: private to its owner, and on a disk that SQLite's write-ahead log can work on.

It is made when missing and tightened when it is plainly ours. A folder that holds somebody else's files is
refused rather than changed, because `data_dir = "/tmp"` must not close /tmp to everybody.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from upwell.errors import DataDirError
from upwell.journal import disk

_OURS = frozenset({"keys.db", "relay.db", "journal", "gateway.lock", "worker.lock"})


def prepare(directory: Path) -> Path:
    """The directory, existing, 0700 and on a local disk. Raises DataDirError."""
    disk.check(directory)
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
        reason = errno.EROFS if os.statvfs(directory).f_flag & os.ST_RDONLY else errno.EACCES
        raise OSError(reason, os.strerror(reason))
    if not stat.S_IMODE(status.st_mode) & 0o077:
        return
    names = {entry.name for entry in directory.iterdir()}
    if status.st_uid != os.geteuid() or (names and not names & _OURS):
        raise DataDirError(
            f"data_dir {directory} is open to other users and holds files that are not Upwell's",
            hint="Give Upwell a folder of its own: set data_dir to a path that does not exist yet.",
        )
    directory.chmod(0o700)
