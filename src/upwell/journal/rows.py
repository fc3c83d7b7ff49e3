"""The values that cross the journal's border: what goes in, what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upwell.otlp.model import Signal


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted batch, after policy, on its way into the journal.

    `items` counts what is left of it, `dropped` the items each policy rule removed;
    accepted = items + the sum of dropped. Times are Unix nanoseconds of the items'
    own clocks; `oldest_ns` is 0 where at least one item carries no time.
    """

    signal: Signal
    key_id: str
    digest: bytes
    received_ns: int
    items: int
    oldest_ns: int
    newest_ns: int
    body: bytes
    dropped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One batch read back from a segment, CRC checked; `body` is inflated OTLP/JSON.

    The body has exactly one top-level field, written by `upwell.otlp.encode`, so that
    neighbours can be merged by joining what stands between its outer brackets.
    """

    segment: str
    seq: int
    signal: Signal
    key_id: str
    received_ns: int
    items: int
    oldest_ns: int
    newest_ns: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one signal, and the last seq that was looked at to find them.

    `unreadable` counts rows on the way that failed their CRC or could not be read. Rows of other signals are only passed over:
    they count where not even their columns make sense.
    """

    rows: tuple[Row, ...]
    upto: int
    unreadable: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Batches and items, counted."""

    batches: int = 0
    items: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.batches + other.batches, self.items + other.items)
