"""The worker's socket file: opened for its owner only, and reachable however deep the data directory lies."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upwell.errors import DataDirError

NAME = "worker.sock"

_LONGEST = 103  # bytes: sun_path holds 104 on macOS and 108 on Linux, with a closing zero


def listen(directory: Path) -> socket.socket:
    """A listening socket at `worker.sock`, 0600. A file left by a worker that died is replaced: whoever calls holds the lock."""
    (directory / NAME).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        with reachable(directory) as address:
            listening.bind(address)
        listening.listen(16)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise DataDirError(f"{directory / NAME} cannot be made: {error.strerror}") from None
    finally:
        os.umask(before)
    return listening


@contextmanager
def reachable(directory: Path) -> Iterator[str]:
    """A path to `worker.sock` that is short enough for a socket address. Raises DataDirError where there is none."""
    path = str(directory / NAME)
    if len(os.fsencode(path)) <= _LONGEST:
        yield path
        return
    if not Path("/proc/self/fd").is_dir():
        raise DataDirError(
            f"the path of data_dir {directory} is too long for a socket in it", hint="Use a data_dir with fewer than 90 characters."
        )
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{NAME}"
    finally:
        os.close(descriptor)
