"""Packing: candidates in, one parcel within the destination's limits out.

Small rows are packed by what the journal knows of them; a row is opened only where a
limit could be met inside it, or where an upper bound would waste room. Every item of every
candidate given ends in exactly one place: the parcel, waiting, expired, or quarantined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from upwell.errors import UpwellError
from upwell.journal.parts import Slice
from upwell.journal.rows import Row
from upwell.otlp.model import Signal
from upwell.relay.intake import Candidate
from upwell.sinks.base import Glance, Opened, Sink

_FULL_ENOUGH = 0.9  # a parcel this full is sent as it is; cutting a row to fill it up would cost more than it saves
_LIKELY_FULL = 0.85  # enough, where weights are upper bounds: to weigh all rows exactly is what costs most
_SAMPLE = 8  # rows opened to tell how far the upper bounds of a parcel lie above the truth
_NOT_READ = (UpwellError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
UNREADABLE = "unreadable"
"""The code of a batch that a sink could not decode or write anew."""

_SAME_TIME_NS = 60 * 10**9  # items due within a minute of each other wait as one part
MAX_WAIT_NS = 24 * 3600 * 10**9
"""The longest a future-dated item waits for its time; further ahead it is a broken clock, and quarantined."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Items that cannot be sent, and why."""

    row: Row
    piece: Slice
    code: str
    message: str


@dataclass(slots=True)
class _Placed:
    piece: Slice
    weight: int
    fragment: bytes
    glanced: Candidate | None  # the weight is an upper bound, and this is what to open for the exact one


@dataclass(slots=True)
class Packing:
    """One parcel in the making. `max_age_ns` is the sink's own age limit, on top of the destination's."""

    sink: Sink
    signal: Signal
    now_ns: int
    max_age_ns: int
    full: bool = False
    items: int = 0
    weight: int = 0
    oldest_ns: int = 0
    newest_ns: int = 0
    waiting: list[tuple[Slice, int]] = field(default_factory=list)
    expired: list[Slice] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    _placed: list[_Placed] = field(default_factory=list)

    @property
    def slices(self) -> list[Slice]:
        return [placed.piece for placed in self._placed]

    def body(self) -> bytes:
        """The request, uncompressed. To be asked once."""
        fragments = [placed.fragment for placed in self._placed]
        self._placed = [_Placed(placed.piece, placed.weight, b"", None) for placed in self._placed]
        return self.sink.join(self.signal, fragments)

    def covers(self, oldest_ns: int) -> bool:
        """Whether an item of that time may still be sent."""
        return oldest_ns >= self._earliest()

    def add(self, candidate: Candidate) -> bool:
        """Place a candidate. False: it was left untouched, the parcel is full."""
        if self.full:
            return False
        whole = candidate.first == 0 and candidate.last == candidate.row.items
        glance = self.sink.glance(candidate.row) if whole else None
        if glance is not None and self._inside(candidate.row.oldest_ns, candidate.row.newest_ns) and self._fits_glance(candidate, glance):
            self._place(candidate.slice(), glance.weight, glance.fragment, candidate)
            self._stretch(candidate.row.oldest_ns, candidate.row.newest_ns)
            return True
        if self._placed and (self._apart(candidate.row) or self._full_enough()):
            self.full = True
            return False
        opened = self._open(candidate)
        if opened is not None:
            self._add_opened(candidate, opened)
        return True

    def _open(self, candidate: Candidate) -> Opened | None:
        """The row, decoded. One that cannot be is set aside: it must not stop the lane for ever."""
        try:
            return self.sink.open(candidate.row)
        except _NOT_READ as error:
            message = f"the batch cannot be written for this sink: {type(error).__name__}"
            self.faults.append(Fault(candidate.row, candidate.slice(), UNREADABLE, message))
            return None

    # By a glance

    def _inside(self, oldest_ns: int, newest_ns: int) -> bool:
        return self._earliest() <= oldest_ns and newest_ns <= self._latest() and self._near(oldest_ns, newest_ns)

    def _fits_glance(self, candidate: Candidate, glance: Glance) -> bool:
        limits = self.sink.limits(self.signal)
        if self.items + candidate.row.items > limits.items:
            return False
        if self.weight + glance.weight <= limits.bytes:
            return True
        if self._full_enough():
            return False
        self._weigh(self._placed)
        return self.weight + glance.weight <= limits.bytes

    def _weigh(self, some: Iterable[_Placed]) -> None:
        """Replace upper bounds by exact weights, each row opened once."""
        for placed in some:
            if placed.glanced is not None:
                exact = self.sink.open(placed.glanced.row).weight(placed.glanced.first, placed.glanced.last)
                self.weight += exact - placed.weight
                placed.weight, placed.glanced = exact, None

    def _probable_weight(self) -> float:
        """The weight, its upper bounds corrected by what a few rows, opened, show of them."""
        guessed = [placed for placed in self._placed if placed.glanced is not None]
        sample = guessed[:: len(guessed) // _SAMPLE + 1]
        bound = sum(placed.weight for placed in sample)
        if bound == 0:
            return self.weight
        self._weigh(sample)
        rest = sum(placed.weight for placed in guessed if placed.glanced is not None)
        return self.weight - rest + rest * sum(placed.weight for placed in sample) / bound

    # Opened

    def _add_opened(self, candidate: Candidate, opened: Opened) -> None:
        for kind, first, last in self._runs(opened, candidate):
            piece = candidate.slice(first, last)
            if kind == "ready":
                self._add_ready(candidate, opened, first, last)
            elif kind == "old":
                self.expired.append(piece)
            elif kind == "early":
                self._wait_for(candidate, opened, first, last)
            else:
                self.faults.append(Fault(candidate.row, piece, "over-limit", opened.fault(first) or kind))

    def _runs(self, opened: Opened, candidate: Candidate) -> Iterator[tuple[str, int, int]]:
        """Neighbours of one kind: ready, old, early, or faulty (each faulty item by itself)."""
        start, kind = candidate.first, ""
        for item in range(candidate.first, candidate.last):
            now_kind = self._kind(opened, item)
            if item > start and (now_kind != kind or kind == "faulty"):
                yield kind, start, item
                start = item
            kind = now_kind
        if candidate.last > start:
            yield kind, start, candidate.last

    def _kind(self, opened: Opened, item: int) -> str:
        if opened.fault(item) is not None:
            return "faulty"
        time_ns = opened.time_ns(item)
        if time_ns < self._earliest():
            return "old"
        return "early" if time_ns > self._latest() else "ready"

    def _wait_for(self, candidate: Candidate, opened: Opened, first: int, last: int) -> None:
        future_ns = self.sink.limits(self.signal).future_ns or 0
        start, due = first, opened.time_ns(first) - future_ns
        for item in range(first + 1, last + 1):
            next_due = opened.time_ns(item) - future_ns if item < last else None
            if next_due is None or abs(next_due - due) > _SAME_TIME_NS:
                self._hold_back(candidate, start, item, due)
                start, due = item, next_due or 0
            due = max(due, next_due or 0)

    def _hold_back(self, candidate: Candidate, first: int, last: int, due_ns: int) -> None:
        piece = candidate.slice(first, last)
        if due_ns - self.now_ns > MAX_WAIT_NS:
            hours = (due_ns - self.now_ns) // (3600 * 10**9)
            self.faults.append(Fault(candidate.row, piece, "future", f"dated {hours} hours further ahead than the destination takes"))
        else:
            self.waiting.append((piece, due_ns))

    def _add_ready(self, candidate: Candidate, opened: Opened, first: int, last: int) -> None:
        """Place what fits of a run; what does not waits for the next parcel."""
        while first < last and not self.full:
            near = self._near_run(opened, first, last)
            if near > first:
                placed = self._place_prefix(candidate, opened, first, near)
                first += placed
                self.full = first < near
            else:
                far = self._far_run(opened, first, last)
                self._postpone(candidate, first, far)
                first = far
        if first < last:
            self._postpone(candidate, first, last)

    def _near_run(self, opened: Opened, first: int, last: int) -> int:
        """Up to which item the times stay within the spread of one request."""
        if self.sink.limits(self.signal).spread_ns is None:
            return last
        oldest, newest = self.oldest_ns, self.newest_ns
        for item in range(first, last):
            time_ns = opened.time_ns(item)
            low, high = (min(oldest, time_ns), max(newest, time_ns)) if newest else (time_ns, time_ns)
            if high - low > (self.sink.limits(self.signal).spread_ns or 0):
                return item
            oldest, newest = low, high
        return last

    def _far_run(self, opened: Opened, first: int, last: int) -> int:
        """Up to which item the times stay too far from those already placed."""
        for item in range(first + 1, last):
            if self._near(opened.time_ns(item), opened.time_ns(item)):
                return item
        return last

    def _place_prefix(self, candidate: Candidate, opened: Opened, first: int, last: int) -> int:
        count = self._most(opened, first, last)
        if count == 0 and not self._placed:
            message = f"{opened.weight(first, first + 1)} bytes, over the {self.sink.limits(self.signal).bytes} that a request may have"
            self.faults.append(Fault(candidate.row, candidate.slice(first, first + 1), "over-limit", message))
            return 1
        if count:
            end = first + count
            self._place(candidate.slice(first, end), opened.weight(first, end), opened.fragment(first, end), None)
            times = [opened.time_ns(item) for item in range(first, end)]
            self._stretch(min(times), max(times))
        return count

    def _most(self, opened: Opened, first: int, last: int) -> int:
        """The most items from `first` on that still fit, by bisection."""
        limits = self.sink.limits(self.signal)
        if self.weight + opened.weight(first, last) > limits.bytes:
            self._weigh(self._placed)
        low, high = 0, min(last - first, limits.items - self.items)
        while low < high:
            middle = (low + high + 1) // 2
            if self.weight + opened.weight(first, first + middle) <= limits.bytes:
                low = middle
            else:
                high = middle - 1
        return low

    # Sums

    def _postpone(self, candidate: Candidate, first: int, last: int) -> None:
        self.waiting.append((candidate.slice(first, last), 0))

    def _place(self, piece: Slice, weight: int, fragment: bytes, glanced: Candidate | None) -> None:
        self._placed.append(_Placed(piece, weight, fragment, glanced))
        self.items += piece.items
        self.weight += weight

    def _stretch(self, oldest_ns: int, newest_ns: int) -> None:
        self.oldest_ns = min(self.oldest_ns, oldest_ns) if self.newest_ns else oldest_ns
        self.newest_ns = max(self.newest_ns, newest_ns)

    def _near(self, oldest_ns: int, newest_ns: int) -> bool:
        spread_ns = self.sink.limits(self.signal).spread_ns
        if spread_ns is None:
            return True
        oldest_ns = min(self.oldest_ns, oldest_ns) if self.newest_ns else oldest_ns
        return max(self.newest_ns, newest_ns) - oldest_ns <= spread_ns

    def _apart(self, row: Row) -> bool:
        return row.oldest_ns > 0 and not self._near(row.oldest_ns, row.oldest_ns) and not self._near(row.newest_ns, row.newest_ns)

    def _earliest(self) -> int:
        past_ns = self.sink.limits(self.signal).past_ns
        return self.now_ns - (self.max_age_ns if past_ns is None else min(self.max_age_ns, past_ns))

    def _latest(self) -> int:
        future_ns = self.sink.limits(self.signal).future_ns
        return 2**63 - 1 if future_ns is None else self.now_ns + future_ns

    def _full_enough(self) -> bool:
        limits = self.sink.limits(self.signal)
        if self.items >= _FULL_ENOUGH * limits.items:
            return True
        if self.weight < _LIKELY_FULL * limits.bytes:
            return False
        if all(placed.glanced is None for placed in self._placed):
            return self.weight >= _FULL_ENOUGH * limits.bytes
        return self._probable_weight() >= _LIKELY_FULL * limits.bytes
