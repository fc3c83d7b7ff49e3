"""One gateway and one worker per data directory: two files, each held by an advisory lock.

The lock belongs to the open file, so a supervisor takes both and its children inherit them: no
other process can slip in while a child is restarted, and none is free before the last child has ended.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from upwell.errors import DataDirError, DataDirLocked

Role = Literal["gateway", "worker"]

ORPHANS_SECONDS = 15.0
"""How long the children of a killed supervisor may still take to end: the gateway's 10 s, and a little."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A held lock; closing the last descriptor of it, in whichever process, frees it."""

    descriptor: int

    def release(self) -> None:
        """Close this process's descriptor."""
        os.close(self.descriptor)

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def path(directory: Path, role: Role) -> Path:
    """Where a role's lock file lies."""
    return directory / f"{role}.lock"


def acquire(directory: Path, role: Role, *, patience: float = 0.0) -> Lock:
    """Take a role's lock, or raise DataDirLocked, which names the process that holds it.

    Where that process is dead and only its children still end, waits up to `patience` seconds.
    """
    descriptor = _open(path(directory, role))
    end = time.monotonic() + patience
    while not _try(descriptor):
        pid = _read(descriptor)
        if _alive(pid) or time.monotonic() >= end:
            os.close(descriptor)
            raise DataDirLocked(_sentence(directory, role, pid))
        time.sleep(0.1)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return Lock(descriptor)


def is_held(directory: Path, role: Role) -> bool:
    """Whether some process holds a role's lock now."""
    if not path(directory, role).exists():
        return False
    descriptor = _open(path(directory, role))
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def _open(file: Path) -> int:
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataDirError(f"{file} cannot be opened: {error.strerror}") from None


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> int | None:
    with suppress(ValueError):
        return int(os.pread(descriptor, 32, 0))
    return None


def _alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sentence(directory: Path, role: Role, pid: int | None) -> str:
    if _alive(pid):
        return f"process {pid} already runs the {role} on {directory}"
    return f"children of process {pid} still hold {path(directory, role)}; they end within {ORPHANS_SECONDS:.0f} s"
