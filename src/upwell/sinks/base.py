"""The seam between the relay and a destination.

The relay knows how to take, pack, cut, book and wait; a sink knows what its destination
accepts, how it spells a request, and what its answers mean. No sink touches the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from upwell.journal.rows import Row
from upwell.otlp.model import Signal


@dataclass(frozen=True, slots=True)
class Limits:
    """What a destination takes of one signal. Sizes in the destination's own counting.

    `spread_ns` bounds newest minus oldest within a request; `past_ns` and `future_ns`
    the window around now outside which an item is refused. None: no bound.
    """

    items: int
    bytes: int
    spread_ns: int | None = None
    past_ns: int | None = None
    future_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Taken; `rejected` items of it were refused for good inside a 2xx answer."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: throttled, overloaded, or not reached (DNS, TLS, connection, timeout). `after` is the server's wish in seconds."""

    code: str
    message: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Never, until something outside the data is mended: credentials, a missing group, a switch."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Oversize:
    """Too many items or bytes for one request: cut it."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The data itself was refused: find the item."""

    code: str
    message: str


Outcome: TypeAlias = Delivered | Retry | Hold | Oversize | Refused


@dataclass(frozen=True, slots=True)
class Glance:
    """What a row costs without decoding it: an upper bound in bytes, and its part of a request."""

    weight: int
    fragment: bytes


class Opened(Protocol):
    """One row, decoded, as the sink would send it. Items are numbered in document order from 0."""

    @property
    def items(self) -> int: ...

    def time_ns(self, item: int) -> int:
        """The item's own time, Unix ns; never 0 (a missing one has been replaced)."""
        ...

    def fault(self, item: int) -> str | None:
        """The limit that this item breaks by itself, the request's size included, as a sentence, or None."""
        ...

    def weight(self, first: int, last: int) -> int:
        """Bytes that items [first, last) add to a request. Never less than the truth."""
        ...

    def fragment(self, first: int, last: int) -> bytes:
        """Items [first, last) as a part of a request, to be given to `Sink.join`."""
        ...


class Sink(Protocol):
    """One destination. Methods may be called from several lane threads, one signal each."""

    @property
    def name(self) -> str: ...

    @property
    def required(self) -> bool: ...

    @property
    def signals(self) -> frozenset[Signal]: ...

    def limits(self, signal: Signal) -> Limits: ...

    def glance(self, row: Row) -> Glance | None:
        """The row's cost from its columns alone, or None where it must be opened first."""
        ...

    def open(self, row: Row) -> Opened: ...

    def join(self, signal: Signal, fragments: Sequence[bytes]) -> bytes:
        """One request body, uncompressed."""
        ...

    def send(self, signal: Signal, body: bytes) -> Outcome:
        """Send one request, once. Never raises for anything the network or the server does."""
        ...

    def repair(self, signal: Signal, hold: Hold) -> bool:
        """Mend what can be mended (refresh credentials, create the group). True: try again at once."""
        ...

    def close(self) -> None: ...
