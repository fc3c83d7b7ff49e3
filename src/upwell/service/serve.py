"""`upwell serve`, composed: locks, sockets and the first key are taken here, in the order in which failing is cheapest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from upwell.config import Settings
from upwell.identity import NewKey
from upwell.service import datadir, firstkey, locks, sockets
from upwell.service.locks import ORPHANS_SECONDS
from upwell.service.supervisor import Child

GATEWAY_GRACE = 12.0
"""Seconds until a gateway that should end is killed: it gives requests in hand 10 s."""

_WORKER_SPARE = 10.0  # beyond a sink's own timeout: booking what was in flight, closing databases


@dataclass(frozen=True, slots=True)
class House:
    """What a supervisor holds. `first_key` is set where this start made one."""

    children: Sequence[Child]
    endpoints: Sequence[str]
    console: str
    first_key: NewKey | None


@contextmanager
def opened(settings: Settings) -> Iterator[House]:
    """Take everything that must outlive a child. Raises DataDirError, DataDirLocked, ListenError."""
    directory = datadir.prepare(settings.data_dir)
    with ExitStack() as held:
        gateway_lock = held.enter_context(locks.acquire(directory, "gateway", patience=ORPHANS_SECONDS))
        worker_lock = held.enter_context(locks.acquire(directory, "worker", patience=ORPHANS_SECONDS))
        door = sockets.open_all(settings.gateway.listen, "gateway.listen")
        held.callback(sockets.close_all, door)
        console = sockets.open_all([settings.console.listen], "console.listen")
        held.callback(sockets.close_all, console)
        children = (
            Child("gateway", settings, door, gateway_lock, GATEWAY_GRACE),
            Child("worker", settings, console, worker_lock, worker_grace(settings)),
        )
        yield House(children, sockets.door_urls(door, settings), sockets.url(console[0]), firstkey.make_first(directory))


def worker_grace(settings: Settings) -> float:
    """Seconds until a worker that should end is killed: requests in flight may take their sink's timeout."""
    return max((sink.timeout for sink in settings.sinks), default=0.0) + _WORKER_SPARE
