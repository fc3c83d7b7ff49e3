"""Where a lane's rows come from: the journal's segments in order, and the rows that stored parts point at.

One intake belongs to one lane's thread. It reads; it books nothing but segments that are read to their end.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from upwell.journal.book import Book
from upwell.journal.parts import QUARANTINE, Part, Slice
from upwell.journal.rows import Page, Row, Tally
from upwell.journal.segment import Segment, Segments
from upwell.otlp.model import Signal

_PAGE_ROWS = 1024
_PAGE_BYTES = 4 * 2**20  # of inflated bodies: a page is all that is read ahead, and kept until the lane has come through it
_OPEN_SEGMENTS = 4  # the one being read, those its parts point at; more would only hold files open


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row, or the run of its items [first, last), that could go into the next parcel."""

    row: Row
    first: int
    last: int
    order: int

    def slice(self, first: int | None = None, last: int | None = None) -> Slice:
        """The candidate, or a narrower run of its row, as a slice."""
        start = self.first if first is None else first
        end = self.last if last is None else last
        return Slice(self.row.segment, self.row.seq, start, end, self.row.items, self.order)


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A page read beyond `after`; rows never change, so what is left of it when a parcel is full need not be read again."""

    segment: str
    after: int
    page: Page

    def beyond(self, segment: str, seq: int) -> Page | None:
        """The rest of the page after `seq`, if there is any."""
        if segment != self.segment or not self.after <= seq < self.page.rows[-1].seq:
            return None
        return Page(tuple(row for row in self.page.rows if row.seq > seq), self.page.upto, self.page.unreadable)


class Intake:
    """Reads one signal for one lane."""

    def __init__(self, lane: str, signal: Signal, segments: Segments, book: Book) -> None:
        self.lane = lane
        self.signal = signal
        self._segments = segments
        self._book = book
        self._open: OrderedDict[str, Segment] = OrderedDict()
        self._order = 0
        self._skipped: dict[str, int] = {}
        self._ahead: _Ahead | None = None
        self.starts: dict[str, int] = {}
        """Where the cursors stood in the segments that the last `fresh` came through."""

    def close(self) -> None:
        while self._open:
            self._open.popitem()[1].close()

    def fresh(self) -> Iterator[Candidate]:
        """Rows beyond the cursors, segment by segment, read as they are asked for."""
        self.starts = {}
        for name in self.names():
            cursor = self._book.lanes.cursor(self.lane, name)
            if cursor.done:
                continue
            self.starts[name] = cursor.seq
            segment = self._segment(name)
            final = segment.final  # asked before reading: rows may still come until a newer segment exists
            seq = max(cursor.seq, self._skipped.get(name, 0))
            found = False
            while (page := self._page(segment, seq)).rows:
                found = True
                yield from self._candidates(page.rows, damaged=page.unreadable > 0)
                seq = page.upto
            self._skipped[name] = cursor.seq if found else page.upto
            if final and not found:
                self._finish(segment, page.upto)

    def _page(self, segment: Segment, seq: int) -> Page:
        ahead = self._ahead.beyond(segment.name, seq) if self._ahead else None
        if ahead is not None:
            return ahead
        page = segment.page(self.signal, seq, _PAGE_ROWS, _PAGE_BYTES)
        self._ahead = _Ahead(segment.name, seq, page) if page.rows else None
        return page

    def names(self) -> list[str]:
        """Segments that are not let go, oldest first."""
        names = self._segments.names()
        gone = self._book.lanes.gone()
        self._skipped = {name: seq for name, seq in self._skipped.items() if name in names}
        return [name for name in names if name not in gone]

    def _candidates(self, rows: tuple[Row, ...], *, damaged: bool) -> Iterator[Candidate]:
        for row in rows:
            # An unreadable row may lie between: a gap in the order keeps the two sides apart as parts.
            self._order += 2 if damaged else 1
            yield Candidate(row, 0, row.items, self._order)

    def _finish(self, segment: Segment, upto: int) -> None:
        """Nothing more will come: what the mark promised and no row held is lost."""
        cursor = self._book.lanes.cursor(self.lane, segment.name)
        taken = cursor.before + cursor.taken
        mark = segment.mark()
        offered = mark.journaled[self.signal] + segment.beyond(self.signal) if mark.valid else taken
        lost = max(0, offered - taken)
        damage = ""
        if lost:
            damage = f"{lost} items of segment {segment.name} cannot be read: the file was damaged after they were committed"
        elif not mark.valid:
            damage = f"the mark of segment {segment.name} is missing or damaged: whether items were lost is unknown"
        with self._book.db.transaction():
            if segment.name in self.names():  # else it was let go meanwhile, and there is no cursor to say so
                self._book.lanes.finish(self.lane, segment.name, upto, lost, damage)
        self._forget(segment.name)

    def stored(self, part: Part) -> list[Candidate]:
        """The rows of a stored part, cut to its items. What cannot be read any more is booked as lost, what can again as found."""
        candidates = self._of(part)
        missing = part.items - sum(candidate.last - candidate.first for candidate in candidates)
        if missing:
            self._book.parcels.lose(self.lane, part, missing)
        return candidates

    def _of(self, part: Part) -> list[Candidate]:
        candidates = []
        for row in self._rows(part):
            first = part.first_item if row.seq == part.first_seq else 0
            last = row.items if row.seq != part.last_seq or part.last_item is None else part.last_item
            self._order += 1
            candidates.append(Candidate(row, first, min(last, row.items), self._order))
        self._order += 1
        return candidates

    def _rows(self, part: Part) -> list[Row]:
        if part.segment == QUARANTINE:
            row = self._book.quarantine.row(part.first_seq, self.signal)
            return [row] if row else []
        if part.segment not in self._segments.names():
            return []
        segment = self._segment(part.segment)
        rows: list[Row] = []
        seq = part.first_seq - 1
        while seq < part.last_seq:
            page = segment.page(self.signal, seq, _PAGE_ROWS, _PAGE_BYTES)
            if not page.rows:
                break
            rows += [row for row in page.rows if row.seq <= part.last_seq]
            seq = page.rows[-1].seq
        return rows

    def pending(self) -> Tally:
        """Rows beyond the cursors, counted from the segments' columns."""
        tally = Tally()
        for name in self.names():
            cursor = self._book.lanes.cursor(self.lane, name)
            if not cursor.done:
                tally += self._segment(name).tally(self.signal, cursor.seq)
        return tally

    def oldest_ns(self) -> int:
        """When the oldest row that is still waiting, in a part or beyond a cursor, was received; 0 for none."""
        parts = self._book.parcels.first(self.lane)
        received = [candidate.row.received_ns for part in parts for candidate in self._of(part)[:1]]
        for name in self.names():
            cursor = self._book.lanes.cursor(self.lane, name)
            if not cursor.done and (page := self._segment(name).page(self.signal, cursor.seq, 1, 1)).rows:
                received.append(page.rows[0].received_ns)
                break
        return min(received, default=0)

    def _segment(self, name: str) -> Segment:
        segment = self._open.pop(name, None) or self._segments.open(name)
        self._open[name] = segment
        while len(self._open) > _OPEN_SEGMENTS:
            self._open.popitem(last=False)[1].close()
        return segment

    def _forget(self, name: str) -> None:
        segment = self._open.pop(name, None)
        if segment:
            segment.close()
