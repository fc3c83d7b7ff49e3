"""The ledger: what was accepted, and where every item of it is now.

Per signal: accepted = dropped + journaled. Per lane: offered = delivered + rejected +
quarantined + expired + lost + pending. Accepted, journaled and offered come from the
segments' marks, dropped and pending from their rows, the rest from the book: three
sources that only agree when nothing is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from upwell.errors import JournalError
from upwell.journal.book import Book
from upwell.journal.lanes import USAGE, Cursor, LaneRecord
from upwell.journal.outcomes import Damage, Result
from upwell.journal.rows import Tally
from upwell.journal.segment import Segment, Segments
from upwell.otlp.model import Signal


@dataclass(frozen=True, slots=True)
class SignalSum:
    """One signal at the door. Items."""

    signal: Signal
    accepted: int
    journaled: int
    dropped: dict[str, int]

    @property
    def missing(self) -> int:
        return self.accepted - self.journaled - sum(self.dropped.values())


@dataclass(frozen=True, slots=True)
class LaneSum:
    """One lane. Items, by reason where there is one."""

    lane: str
    closed: bool
    offered: int
    delivered: int
    rejected: int
    quarantined: dict[str, int]
    expired: dict[str, int]
    lost: int
    pending: Tally

    @property
    def missing(self) -> int:
        ended = self.delivered + self.rejected + sum(self.quarantined.values()) + sum(self.expired.values()) + self.lost
        return self.offered - ended - self.pending.items


@dataclass(frozen=True, slots=True)
class Ledger:
    """All sums at one moment. `usage` are the usage store's lanes, `kept` is what is journaled of signals that no sink takes."""

    signals: list[SignalSum]
    lanes: list[LaneSum]
    usage: list[LaneSum]
    damages: list[Damage]
    kept: Tally

    def problems(self) -> list[str]:
        """Every sum that does not hold and every loss nobody has accepted, as sentences. Empty: all is well."""
        found = [
            f"{entry.signal}: {entry.missing} accepted items are neither dropped nor journaled" for entry in self.signals if entry.missing
        ]
        found += [f"{lane.lane}: {lane.missing} offered items are not accounted for" for lane in (*self.lanes, *self.usage) if lane.missing]
        return found + [f"{damage.lane}: {damage.message}" for damage in self.damages if damage.accepted_ns is None]


@dataclass(slots=True)
class _Sums:
    accepted: Counter[Signal] = field(default_factory=Counter)
    journaled: Counter[Signal] = field(default_factory=Counter)
    dropped: Counter[tuple[Signal, str]] = field(default_factory=Counter)
    offered: Counter[str] = field(default_factory=Counter)
    pending: dict[str, Tally] = field(default_factory=dict)
    kept: Tally = field(default_factory=Tally)


def compute(book: Book, segments: Segments) -> Ledger:
    """Add everything up. Lanes may go on meanwhile: the cursors are read once, before the rows.

    Where the janitor lets a segment go meanwhile, everything is added up again: it would be in neither the archive nor the files.
    """
    while True:
        names: list[str] = []
        try:
            found = _compute(book, segments, names)
        except JournalError:
            if set(names) <= set(_there(book, segments)):
                raise
        else:
            if set(names) <= set(_there(book, segments)):
                return found


def _there(book: Book, segments: Segments) -> list[str]:
    """Segments that are not in the archive, oldest first."""
    with book.db.snapshot():
        gone = book.lanes.gone()
        return [name for name in segments.names() if name not in gone]


def _compute(book: Book, segments: Segments, names: list[str]) -> Ledger:
    """Add up once; `names` is filled with the segments that were taken for there."""
    with book.db.snapshot():
        lanes = book.lanes.all()
        names += _there(book, segments)
        cursors = {(lane.lane, name): book.lanes.cursor(lane.lane, name) for lane in lanes for name in names}
        waiting = {lane.lane: book.parcels.waiting(lane.lane) for lane in lanes}
        ends = {lane.lane: book.outcomes.of(lane.lane) for lane in lanes}
        damages = book.outcomes.damages()
        sums = _archived(book)
    for name in names:
        with closing(segments.open(name)) as segment:
            _add_segment(sums, segment, lanes, cursors)
    return Ledger(
        [_signal_sum(sums, signal) for signal in Signal],
        [_lane_sum(lane, sums, ends[lane.lane], waiting[lane.lane]) for lane in lanes if lane.sink != USAGE],
        [_lane_sum(lane, sums, ends[lane.lane], waiting[lane.lane]) for lane in lanes if lane.sink == USAGE],
        damages,
        sums.kept,
    )


def _archived(book: Book) -> _Sums:
    sums = _Sums()
    for (signal, entry, rule), items in book.lanes.archived().items():
        if entry == "accepted":
            sums.accepted[Signal(signal)] += items
        elif entry == "journaled":
            sums.journaled[Signal(signal)] += items
        else:
            sums.dropped[Signal(signal), rule] += items
    return sums


def _add_segment(sums: _Sums, segment: Segment, lanes: Iterable[LaneRecord], cursors: dict[tuple[str, str], Cursor]) -> None:
    marks = segment_sums(segment, max((cursor.seq for (_, name), cursor in cursors.items() if name == segment.name), default=0))
    sums.accepted.update(marks.accepted)
    sums.journaled.update(marks.journaled)
    sums.dropped.update(marks.dropped)
    for lane in lanes:
        signal = Signal(lane.signal)
        cursor = cursors[lane.lane, segment.name]
        if lane.closed_ns is not None:
            continue
        sums.offered[lane.lane] += marks.journaled[signal] - cursor.before
        if not cursor.done:
            rows = segment.tally(signal, cursor.seq, marks.upto)
            sums.pending[lane.lane] = sums.pending.get(lane.lane, Tally()) + rows
    taken = {lane.signal for lane in lanes if lane.closed_ns is None and lane.sink != USAGE}
    for signal in (signal for signal in Signal if signal not in taken):
        sums.kept += segment.tally(signal, 0, marks.upto)


@dataclass(frozen=True, slots=True)
class SegmentSums:
    """One segment's sums up to row `upto`: the mark's, and rows committed but not yet (or never) in the mark."""

    accepted: Counter[Signal]
    journaled: Counter[Signal]
    dropped: Counter[tuple[Signal, str]]
    upto: int | None


def segment_sums(segment: Segment, reached: int = 0) -> SegmentSums:
    """A final segment is counted to its end, a live one up to its mark, or to where a lane has come if that is further."""
    mark = segment.mark()
    upto = None if segment.final or not mark.valid else max(mark.seq, reached)
    accepted = Counter({signal: mark.accepted[signal] for signal in Signal})
    journaled = Counter({signal: mark.journaled[signal] for signal in Signal})
    for signal in Signal:
        beyond = segment.tally(signal, mark.seq, upto).items
        accepted[signal] += beyond
        journaled[signal] += beyond
    return SegmentSums(accepted, journaled, Counter(segment.dropped()), upto)


def _signal_sum(sums: _Sums, signal: Signal) -> SignalSum:
    dropped = {rule: items for (of, rule), items in sums.dropped.items() if of is signal and items}
    return SignalSum(signal, sums.accepted[signal], sums.journaled[signal], dropped)


def _lane_sum(lane: LaneRecord, sums: _Sums, ends: Mapping[tuple[Result, str], int], waiting: Tally) -> LaneSum:
    def reasons(result: str) -> dict[str, int]:
        return {reason: items for (ended, reason), items in ends.items() if ended == result}

    return LaneSum(
        lane.lane,
        lane.closed_ns is not None,
        lane.offered + sums.offered[lane.lane],
        sum(reasons("delivered").values()),
        sum(reasons("rejected").values()),
        reasons("quarantined"),
        reasons("expired"),
        sum(reasons("lost").values()),
        sums.pending.get(lane.lane, Tally()) + waiting,
    )
