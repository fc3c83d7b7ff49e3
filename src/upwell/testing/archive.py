"""What a fake received: request figures, and the items in full, as ids, or only counted.

In full means the bodies as they came, read again when somebody asks, so that keeping costs no time.
`Keep.IDS` holds one short text per item and nothing else, for runs of a million items.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from upwell.otlp.model import Encoding, Signal
from upwell.testing.export import Export
from upwell.testing.listener import MAX_BODY
from upwell.testing.plain import Plain
from upwell.testing.reading import inflate, read
from upwell.testing.verdict import Received

MAX_REQUESTS = 100_000
"""Request figures kept per signal; the oldest go first."""


class Keep(StrEnum):
    """How much of each item stays in memory."""

    ALL = "all"
    IDS = "ids"
    COUNTS = "counts"


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals of one signal. `requests` are those whose items were stored, `refused` all others; `rejected` items were left out of a 200."""

    requests: int = 0
    refused: int = 0
    items: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """One stored body. `number` counts stored requests from 1; `stream` is (group, stream) for CloudWatch's logs."""

    number: int
    time_ns: int
    encoding: Encoding
    gzip: bool
    body: bytes
    rejected: frozenset[int]
    stream: tuple[str, str] | None

    def read(self, signal: Signal) -> Export:
        return read(inflate(self.body, MAX_BODY) if self.gzip else self.body, signal, self.encoding)

    def items(self, signal: Signal) -> Iterator[Plain]:
        """What was accepted of it, flattened."""
        return self.read(signal).items(self.rejected)


class NotKept(Exception):
    """Items were asked for that the fake was told not to keep."""


class Archive:
    """Thread-safe; every answer is a copy."""

    def __init__(self, keep: Keep, id_attribute: str) -> None:
        self._keep = keep
        self._id_attribute = id_attribute
        self._lock = threading.Condition()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._kept: dict[Signal, list[Kept]] = {signal: [] for signal in Signal}
            self._ids = {signal: bytearray() for signal in Signal}
            self._requests: dict[Signal, deque[Received]] = {signal: deque(maxlen=MAX_REQUESTS) for signal in Signal}
            self._counts = dict.fromkeys(Signal, Counts())

    def store(
        self, export: Export, body: bytes, *, gzip: bool, rejected: frozenset[int], time_ns: int, stream: tuple[str, str] | None
    ) -> None:
        """Keep what was accepted of one request; call before it is answered."""
        ids = self._ids_of(export, rejected) if self._keep is Keep.IDS else b""
        with self._lock:
            signal, counts = export.signal, self._counts[export.signal]
            items = export.count - len(rejected)
            self._counts[signal] = Counts(counts.requests + 1, counts.refused, counts.items + items, counts.rejected + len(rejected))
            self._ids[signal] += ids
            if self._keep is Keep.ALL:
                self._kept[signal].append(Kept(counts.requests + 1, time_ns, export.encoding, gzip, body, rejected, stream))
            self._lock.notify_all()

    def note(self, received: Received) -> None:
        """Remember the figures of one request, once it is clear how it is answered."""
        with self._lock:
            self._requests[received.signal].append(received)
            if not received.stored:
                counts = self._counts[received.signal]
                self._counts[received.signal] = Counts(counts.requests, counts.refused + 1, counts.items, counts.rejected)
            self._lock.notify_all()

    def counts(self, signal: Signal) -> Counts:
        with self._lock:
            return self._counts[signal]

    def requests(self, signal: Signal) -> list[Received]:
        with self._lock:
            return list(self._requests[signal])

    def kept(self, signal: Signal) -> list[Kept]:
        """Raises NotKept unless whole items are kept."""
        if self._keep is not Keep.ALL:
            raise NotKept(f"this fake keeps only {self._keep.value}, not whole items")
        with self._lock:
            return list(self._kept[signal])

    def items(self, signal: Signal) -> list[Plain]:
        return [item for kept in self.kept(signal) for item in kept.items(signal)]

    def ids(self, signal: Signal) -> list[str]:
        """Ids in the order of arrival, one per item that carries one, repeated where an item came twice."""
        if self._keep is Keep.COUNTS:
            raise NotKept("this fake keeps only counts, not ids")
        if self._keep is Keep.ALL:
            exports = ((kept.read(signal), kept.rejected) for kept in self.kept(signal))
            return [text for export, rejected in exports for text in export.attributes(self._id_attribute, rejected)]
        with self._lock:
            return self._ids[signal].decode().split("\n")[:-1]

    def wait(self, signal: Signal, items: int, seconds: float) -> bool:
        """Whether so many items had been stored before the seconds were over."""
        with self._lock:
            return self._lock.wait_for(lambda: self._counts[signal].items >= items, seconds)

    def _ids_of(self, export: Export, rejected: frozenset[int]) -> bytes:
        """One line per id: a million short ids in a bytearray are 20 MB, in a list of str 80."""
        texts = export.attributes(self._id_attribute, rejected)
        return "".join(text.replace("\n", " ") + "\n" for text in texts).encode()
