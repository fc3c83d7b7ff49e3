"""A rebuild: what the journal still holds is read again, by the dialects and prices of now, and takes the place of what was stored of it.

One segment and signal at a time, each in one transaction of the store: a crash leaves every segment as it was or as it shall be, and
running it again is all that it takes. Rows of segments that are gone stay. Items that went into quarantine stay there, and out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from upwell.errors import JournalError
from upwell.journal.book import Book
from upwell.journal.lanes import USAGE
from upwell.journal.rows import Row
from upwell.journal.segment import Segment, Segments
from upwell.otlp import Signal
from upwell.relay.reading import Fault, Reader
from upwell.store import Counts, LeftOut, ReadBatch, UsageStore
from upwell.usage import Prices, Reading

_PAGE_ROWS, _PAGE_BYTES = 1024, 4 * 2**20


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of one segment and signal: rows before and after, items by what they were, and when they were received (Unix ns).

    `kept` says why the rows stayed as they were; empty where they were made anew.
    """

    signal: Signal
    before: int = 0
    after: int = 0
    counts: Counts = field(default_factory=Counts)
    oldest_ns: int = 0
    newest_ns: int = 0
    kept: str = ""


class _Unreadable(Exception):
    """Not all that was stored can be read again."""


class Rebuild:
    """Makes rows anew; used by one thread, while lanes may go on."""

    def __init__(self, segments: Segments, book: Book, store: UsageStore, prices: Prices) -> None:
        self._segments = segments
        self._book = book
        self._store = store
        self._prices = prices

    def segment(self, name: str) -> list[Rebuilt]:
        """All signals of one segment; none of one that the journal has let go meanwhile."""
        try:
            with closing(self._segments.open(name)) as segment:
                return [self._signal(segment, signal) for signal in Signal]
        except JournalError:
            if name in self._segments.names():
                raise
            return []

    def _signal(self, segment: Segment, signal: Signal) -> Rebuilt:
        # What is stored and not booked yet is booked without being stored again, so the further of the two cursors counts.
        upto = max(self._book.lanes.cursor(f"{USAGE}/{signal}", segment.name).seq, self._store.cursor(signal, segment.name))
        if not upto:
            return Rebuilt(signal)
        source = _Source(segment, signal, upto, Reader(signal, self._prices))
        gaps = self._store.left_out(signal, segment.name)
        try:
            found = self._store.replace(signal, segment.name, upto, source.chunks(gaps))
        except _Unreadable as error:
            return Rebuilt(signal, kept=str(error))
        return Rebuilt(signal, found.before, found.after, found.counts, source.oldest_ns, source.newest_ns)


class _Source:
    """The rows of one segment and signal up to a cursor."""

    def __init__(self, segment: Segment, signal: Signal, upto: int, reader: Reader) -> None:
        self._segment = segment
        self._signal = signal
        self._upto = upto
        self._reader = reader
        self._items = 0
        self.oldest_ns = 0
        self.newest_ns = 0

    def chunks(self, gaps: list[LeftOut]) -> Iterator[list[ReadBatch]]:
        """What is read of them, page by page. Raises _Unreadable in the end where it was not all that there was."""
        for rows in self._pages():
            self._see(rows)
            found = self._reader.read(rows, gaps)
            yield [*found.batches, *map(self._unread, found.faults)]
        mark = self._segment.mark()  # it goes with its segment: what was let go meanwhile has none
        if not mark.valid or self._items + self._segment.tally(self._signal, self._upto).items < mark.journaled[self._signal]:
            raise _Unreadable(f"segment {self._segment.name} holds less than it did")

    def _pages(self) -> Iterator[list[Row]]:
        seq = 0
        while seq < self._upto:
            page = self._segment.page(self._signal, seq, _PAGE_ROWS, _PAGE_BYTES)
            if page.unreadable:
                raise _Unreadable(f"segment {self._segment.name} is damaged")
            if not page.rows:
                return
            yield [row for row in page.rows if row.seq <= self._upto]
            seq = page.upto

    def _see(self, rows: list[Row]) -> None:
        self._items += sum(row.items for row in rows)
        for row in rows:
            self.oldest_ns = min(self.oldest_ns or row.received_ns, row.received_ns)
            self.newest_ns = max(self.newest_ns, row.received_ns)

    def _unread(self, fault: Fault) -> ReadBatch:
        """Items that a dialect reads no more: they were delivered, so they are not quarantined but shown by name."""
        batch = fault.batch
        reading = Reading((), (), 0, 0, {f"({batch.message})": batch.items})
        return ReadBatch(fault.place.source, fault.place.seq, self._signal, batch.key_id, batch.received_ns, reading)
