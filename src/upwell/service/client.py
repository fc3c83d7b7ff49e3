"""How the command line reaches the worker's books: through `worker.sock`, or, with no worker running, by itself.

Whoever does it holds `worker.lock`, so there is one writer of `relay.db` at any time.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from pathlib import Path
from typing import Any

from upwell import errors
from upwell.config import Settings
from upwell.service import datadir, locks, unix
from upwell.service.locks import Lock

PATIENCE_SECONDS = 5.0
"""How long to wait for a worker that holds its lock and does not listen yet."""

_TIMEOUT_SECONDS = 600.0  # a backup copies the whole journal before it answers


def ask(settings: Settings, operation: str, **arguments: Any) -> Any:
    """What an operation of `upwell.service.operations` answers, as JSON values.

    Raises the operation's own UpwellError, and WorkerError when a worker runs but does not answer.
    """
    directory = datadir.existing(settings.data_dir)
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call(directory, operation, arguments)
        except (FileNotFoundError, ConnectionRefusedError):
            lock = _take(directory)
        if lock is not None:
            return _by_itself(settings, lock, operation, arguments)
        if time.monotonic() >= end:
            raise errors.WorkerError(f"a worker runs on {directory}, but does not answer at {unix.NAME}")
        time.sleep(0.1)


def call(directory: Path, operation: str, arguments: dict[str, Any], timeout: float = _TIMEOUT_SECONDS) -> Any:
    """Ask the running worker. Raises FileNotFoundError or ConnectionRefusedError when there is none."""
    connection = _Connection(directory, timeout)
    try:
        connection.request("POST", f"/operations/{operation}", json.dumps(arguments), {"content-type": "application/json"})
        answer = json.loads(connection.getresponse().read())
    except (FileNotFoundError, ConnectionRefusedError):
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise errors.WorkerError(f"the worker on {directory} broke off its answer ({type(error).__name__})") from None
    finally:
        connection.close()
    if "error" in answer:
        raise _error(**answer["error"])
    return answer["result"]


def _take(directory: Path) -> Lock | None:
    try:
        return locks.acquire(directory, "worker")
    except errors.DataDirLocked:
        return None


def _by_itself(settings: Settings, lock: Lock, operation: str, arguments: dict[str, Any]) -> Any:
    from upwell.service import operations  # a running worker spares the command line these imports
    from upwell.service.desk import Desk

    with lock, Desk.open(settings) as desk:
        return json.loads(json.dumps(operations.perform(desk, operation, arguments)))


def _error(code: str, message: str, hint: str) -> errors.UpwellError:
    """The error that the worker met, as the class it had there."""
    kinds = {kind.code: kind for kind in _family(errors.UpwellError)}
    return kinds.get(code, errors.WorkerError)(message, hint=hint)


def _family(kind: type[errors.UpwellError]) -> list[type[errors.UpwellError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _family(child))]


class _Connection(http.client.HTTPConnection):
    """HTTP over the worker's socket."""

    def __init__(self, directory: Path, timeout: float) -> None:
        super().__init__("worker", timeout=timeout)
        self._directory = directory

    def connect(self) -> None:
        """Connect to the socket in place of a host."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        with unix.reachable(self._directory) as address:
            self.sock.connect(address)
