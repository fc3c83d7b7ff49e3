"""Telling a client's retry from new data: the keyed digests of what was stored in the last minutes, in memory.

A digest is in flight while its batch is being committed, then stored until the window has passed. The
window is shorter than asked where more than `limit` batches came in it; `held_seconds` says how short.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Generic, TypeVar

from upwell.journal.record import DIGEST_BYTES
from upwell.otlp.model import Signal

WINDOW_SECONDS = 300
"""Clients give a batch up after a minute or so; this leaves room for those behind slow proxies."""

LIMIT = 1_000_000
"""Batches: some 150 MB of memory, and the whole window at 3,300 batches a second."""

T = TypeVar("T")


def digest(secret: bytes, key_id: str, signal: Signal, body: bytes) -> bytes:
    """16 bytes that name a body of one key and signal. Keyed, since a plain hash of a known prompt would betray it."""
    state = blake2b(f"{key_id}\0{signal}\0".encode(), digest_size=DIGEST_BYTES, key=secret)
    state.update(body)
    return state.digest()


class Digests(Generic[T]):
    """Digests in flight, each with what stands for its commit, and digests stored within the window."""

    def __init__(self, *, limit: int = LIMIT, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._limit = limit
        self._now = monotonic_ns
        self._known: dict[bytes, T | None] = {}
        self._stored: deque[tuple[int, list[bytes]]] = deque()

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, digest: bytes) -> bool:
        if digest not in self._known:
            return False
        self._expire()
        return digest in self._known

    def in_flight(self, digest: bytes) -> T | None:
        """What `begin` gave for a digest not yet stored or failed; None for a stored or an unknown one."""
        return self._known.get(digest)

    def begin(self, digest: bytes, flight: T) -> None:
        self._known[digest] = flight

    def stored(self, digests: Iterable[bytes], *, age_ns: int = 0) -> None:
        """Remember digests as stored `age_ns` ago. Older ones are to be told first."""
        group = list(digests)
        self._known.update(dict.fromkeys(group))
        self._stored.append((self._now() - age_ns, group))
        self._expire()

    def failed(self, digests: Iterable[bytes]) -> None:
        """Forget digests whose commit failed: their retry is new."""
        for digest in digests:
            self._known.pop(digest, None)

    def held_seconds(self) -> float:
        """The window actually held."""
        if len(self._known) < self._limit or not self._stored:
            return WINDOW_SECONDS
        return min(WINDOW_SECONDS, (self._now() - self._stored[0][0]) / 1e9)

    def _expire(self) -> None:
        floor = self._now() - WINDOW_SECONDS * 1_000_000_000
        while self._stored and (self._stored[0][0] < floor or len(self._known) > self._limit):
            self.failed(self._stored.popleft()[1])
