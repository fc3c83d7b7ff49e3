"""Disks that fill up and turn read-only on demand: a small file system of their own where this user may mount one."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


class CannotMount(Exception):
    """This user may not mount a file system here."""


class SmallDisk:
    """A tmpfs at `place`. Unmount it when nobody uses it any more."""

    def __init__(self, place: Path, size: int) -> None:
        """Raises CannotMount."""
        place.mkdir(parents=True, exist_ok=True)
        self.place = place
        self._filler = place / "filler"
        _mount("-t", "tmpfs", "-o", f"size={size},mode=0700", "upwell-test", str(place))

    def fill(self, leaving: int = 0) -> None:
        """Take all space but `leaving` bytes, as another program's files would."""
        with self._filler.open("ab") as filler, suppress(_DiskFull):
            while (room := self.free() - leaving) > 0:
                _write(filler.fileno(), min(room, 2**20))
        assert self.free() <= leaving, f"{self.free()} bytes are left"

    def empty(self) -> None:
        """Give the space back."""
        self._filler.unlink()

    def free(self) -> int:
        found = os.statvfs(self.place)
        return found.f_bavail * found.f_frsize

    def read_only(self) -> None:
        """As after an error. The kernel does so only where no file is open for writing."""
        _mount("-o", "remount,ro", str(self.place))

    def writable(self) -> None:
        _mount("-o", "remount,rw", str(self.place))

    def unmount(self) -> None:
        subprocess.run(["umount", str(self.place)], check=True, capture_output=True)


class _DiskFull(Exception):
    pass


def _write(descriptor: int, size: int) -> None:
    try:
        os.write(descriptor, b"\0" * size)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise _DiskFull from None


def _mount(*arguments: str) -> None:
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CannotMount("there is no mount command") from error
    if done.returncode:
        raise CannotMount(done.stderr.strip())


def forbid_writing(pids: Iterable[int]) -> None:
    """Every further byte that these processes write to a file fails, as on a broken disk (EFBIG). Needs no rights; Linux only."""
    _limit(pids, 0)


def allow_writing(pids: Iterable[int]) -> None:
    _limit(pids, resource.RLIM_INFINITY)


def _limit(pids: Iterable[int], soft: int) -> None:
    assert sys.platform == "linux", "another process's limits can be set on Linux only"
    for pid in pids:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
