"""The worker's few figures that are asked for all the time: cheap to take, and not taken more often than they are worth.

The ledger adds up rows and can fail; these come from sums and marks, and cannot. They are for a glance, not for proof.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upwell.journal import layout, mark
from upwell.journal.book import Book
from upwell.journal.segment import Segments
from upwell.otlp.model import Signal
from upwell.relay import LaneStatus, Relay
from upwell.store import Counts

_MIN_SECONDS, _MAX_SECONDS = 0.5, 15.0
_SHARE = 10
"""A look that took t seconds of CPU is good for 10 t: looking never takes more than a tenth of one core."""


@dataclass(frozen=True, slots=True)
class LaneVitals:
    """What one lane is doing, and its items by how they ended (the ledger's words)."""

    status: LaneStatus
    ended: Mapping[str, int]

    @property
    def refused(self) -> int:
        """Items that the destination refused for good, counted by it or found by us."""
        return self.ended.get("rejected", 0) + self.ended.get("quarantined", 0)


@dataclass(frozen=True, slots=True)
class Vitals:
    """One look. `accepted` counts items per signal; `losses` the losses nobody has accepted; `taken_ns` is when.

    `usage` are the lanes of the usage store, `counted` what its items were to it, while it is open.
    """

    taken_ns: int
    accepted: Mapping[str, int]
    lanes: Sequence[LaneVitals]
    journal_bytes: int
    quarantined_batches: int
    losses: int
    usage: Sequence[LaneVitals] = ()
    counted: Mapping[Signal, Counts] = field(default_factory=dict)
    store_bytes: int = 0

    @property
    def every(self) -> Sequence[LaneVitals]:
        """The lanes of sinks, then those of the usage store."""
        return (*self.lanes, *self.usage)

    def oldest_pending_seconds(self, lane: LaneVitals) -> float:
        """How long a lane's oldest waiting batch has waited; 0 where none waits."""
        oldest_ns = lane.status.oldest_pending_ns
        return max(0.0, (self.taken_ns - oldest_ns) / 1e9) if oldest_ns else 0.0


def take(journal: Path, book: Book, segments: Segments, relay: Relay) -> Vitals:
    """Look once. A store that is not open is not opened for it."""
    return Vitals(
        time.time_ns(),
        _accepted(journal, book, segments),
        [LaneVitals(status, _ended(book, status.lane)) for status in relay.status()],
        sum(segments.bytes(name) for name in segments.names()),
        len(book.quarantine.list()),
        sum(damage.accepted_ns is None for damage in book.outcomes.damages()),
        [LaneVitals(status, _ended(book, status.lane)) for status in relay.usage_status()],
        *relay.usage_figures(),
    )


class Cached:
    """The last look, taken anew when it is old. May be used by several threads."""

    def __init__(
        self, look: Callable[[], Vitals], *, monotonic: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.thread_time
    ) -> None:
        self._look = look
        self._monotonic = monotonic
        self._cpu = cpu
        self._lock = threading.Lock()
        self._vitals: Vitals | None = None
        self._good_until = 0.0

    def __call__(self) -> Vitals:
        """The figures, at most half a second old, or up to 15 where they take much to get."""
        with self._lock:
            if self._vitals is None or self._monotonic() >= self._good_until:
                begun = self._cpu()
                self._vitals = self._look()
                cost = self._cpu() - begun
                self._good_until = self._monotonic() + min(max(_MIN_SECONDS, _SHARE * cost), _MAX_SECONDS)
            return self._vitals


def _accepted(journal: Path, book: Book, segments: Segments) -> Mapping[str, int]:
    accepted: Counter[str] = Counter(dict.fromkeys(Signal, 0))
    with book.db.snapshot():  # a segment is in the archive or still there, never both
        for (signal, entry, _), items in book.lanes.archived().items():
            accepted[signal] += items if entry == "accepted" else 0
        gone = book.lanes.gone()
        for name in segments.names():
            if name not in gone:
                accepted.update(mark.read(layout.mark(journal, name)).accepted)
    return accepted


def _ended(book: Book, lane: str) -> Mapping[str, int]:
    ended: Counter[str] = Counter()
    for (result, _), items in book.outcomes.of(lane).items():
        ended[result] += items
    return ended
