"""What one process stands on while it runs: settings, listening sockets and its lock, its own or a supervisor's."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from upwell.config import Settings
from upwell.service import datadir, locks, logs, orders, sockets
from upwell.service.locks import Role


@dataclass(frozen=True, slots=True)
class Post:
    """A process's place. The lock is held for as long as the post is."""

    settings: Settings
    sockets: Sequence[socket.socket]


@contextmanager
def alone(role: Role, settings: Settings) -> Iterator[Post]:
    """Take lock and sockets for a process that nobody supervises. Raises DataDirError, DataDirLocked, ListenError."""
    logs.configure(role)
    os.umask(0o077)
    directory = datadir.prepare(settings.data_dir)
    addresses, setting = (settings.gateway.listen, "gateway.listen") if role == "gateway" else ([settings.console.listen], "console.listen")
    with ExitStack() as held:
        held.enter_context(locks.acquire(directory, role, patience=locks.ORPHANS_SECONDS))
        listening = sockets.open_all(addresses, setting)
        held.callback(sockets.close_all, listening)
        yield Post(settings, listening)


@contextmanager
def ordered(role: Role, lifeline: int) -> Iterator[Post]:
    """Take over what the supervisor holds, and end when it does. Raises EOFError when it is gone already."""
    told = orders.receive(lifeline)
    logs.configure(role, terminal=told.terminal)
    os.umask(0o077)
    orders.end_with(lifeline)
    listening = sockets.adopt(told.sockets)
    try:
        yield Post(told.settings, listening)
    finally:
        sockets.close_all(listening)
