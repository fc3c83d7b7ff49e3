"""The usage lanes: from the journal through the dialects into the usage store, one lane per signal.

A lane like any other to the journal and the ledger, but its far end is a file of ours. The store's own cursor moves in one
transaction with the rows; the book follows. After a crash between the two, rows that the store has already are booked and
not written again. Nothing that goes wrong here reaches the lanes of other sinks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

import duckdb

from upwell.errors import DataDirError
from upwell.journal.book import Book
from upwell.journal.lanes import USAGE
from upwell.journal.parcels import Move, Taking
from upwell.journal.parts import Part
from upwell.journal.rows import Row
from upwell.journal.segment import Segments
from upwell.otlp import Signal
from upwell.relay.backoff import PROBE_SECONDS
from upwell.relay.forgetting import purge_quarantine
from upwell.relay.intake import Candidate, Intake
from upwell.relay.lane import Trouble, describe
from upwell.relay.reading import Found, Reader
from upwell.store import Counts, Store, UsageStore
from upwell.usage import Prices

_IDLE_SECONDS = 0.3
"""A lane that has caught up lets rows come together for so long: a transaction costs as much as storing a thousand of them."""

_RETENTION_SECONDS = 3600.0
_STEP_ITEMS = 10_000  # a transaction of half a second, and some 30 MB of Python objects
_STEP_BYTES = 16 * 2**20


class Shelf:
    """The store of one worker: opened when a lane needs it, and anew after it failed."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._lock = threading.Lock()
        self._store: Store | None = None

    def store(self) -> Store:
        """The open store. Raises DataDirError and SchemaTooNew."""
        with self._lock:
            if self._store is None:
                self._store = self._open_store()
            return self._store

    def figures(self) -> tuple[Mapping[Signal, Counts], int]:
        """What items were to the store, per signal, and its size in bytes; nothing while it is not open, and it is not opened for this."""
        with self._lock:
            store = self._store
        try:
            return ({signal: store.counts(signal) for signal in Signal}, store.bytes()) if store else ({}, 0)
        except duckdb.Error:  # it is being closed
            return {}, 0

    def close(self) -> None:
        """Close it; who asks for it again opens it again."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()


@dataclass(frozen=True, slots=True)
class UsageSum:
    """What the store made of a lane's items, beside what the book says. `ahead` items are stored and not booked yet."""

    lane: str
    counts: Counts
    unrecognised: Mapping[str, int]
    delivered: int
    ahead: int

    @property
    def missing(self) -> int:
        """Delivered items that the store did not count; negative: it counted more than came."""
        return min(0, self.ahead - self.surplus) if self.surplus > 0 else -self.surplus

    @property
    def surplus(self) -> int:
        """Items that the store counted beyond those that are booked."""
        return self.counts.items - self.delivered


class UsageLane:
    """One signal's way into the store. Used by one thread; `trouble` and `sum` may be asked for by others."""

    def __init__(
        self, signal: Signal, segments: Segments, book: Book, shelf: Shelf, prices: Prices, *, clock_ns: Callable[[], int]
    ) -> None:
        self.name = f"{USAGE}/{signal}"
        self.signal = signal
        self.intake = Intake(self.name, signal, segments, book)
        self.trouble: Trouble | None = None
        self._segments = segments
        self._book = book
        self.shelf = shelf
        self._reader = Reader(signal, prices)
        self._clock_ns = clock_ns
        self._booking = threading.Lock()
        self._compared = False
        self._resumes = False
        book.lanes.ensure(self.name, USAGE, signal)

    def turn(self) -> float:
        """Store and book what has come. Returns the seconds until the next turn is worth it; 0: at once."""
        try:
            store = self.shelf.store()
        except DataDirError as error:
            self._stand("held", error.code, error.message, error.hint)
            return PROBE_SECONDS
        if not self._compared:
            self._compare(store)
        busy = self._replay(store) or self._step(store)
        self.trouble = None
        return 0.0 if busy else _IDLE_SECONDS

    def fail(self, error: Exception) -> None:
        """A turn raised: say so, and begin the next with a store opened anew."""
        self._stand("failed", type(error).__name__, describe(error), "If it stays so, report it with this place in the code.")
        self._compared = False
        self.shelf.close()

    def sum(self) -> UsageSum:
        """The lane's sums, while nothing is between store and book. Raises DataDirError where the store does not open."""
        with self._booking:
            return usage_sum(self._book, self._segments, self.shelf.store(), self.signal)

    @contextmanager
    def between_turns(self) -> Iterator[None]:
        """While this is held, nothing is between the store and the book."""
        with self._booking:
            yield

    def _stand(self, state: str, code: str, message: str, hint: str) -> None:
        since_ns = self.trouble.since_ns if self.trouble and self.trouble.state == state else self._clock_ns()
        self.trouble = Trouble(state, code, message, hint, since_ns)

    def _compare(self, store: UsageStore) -> None:
        """See how store and book stand to each other: at a start, and after a turn that failed.

        A store that is ahead of the book was cut off before the booking, and what it has is not counted twice.
        """
        with self._booking:
            self._resumes = compare(self._book, self._segments, store, self.signal) > 0
        self._compared = True

    # New rows

    def _step(self, store: UsageStore) -> bool:
        rows, more = self._rows()
        if not rows:
            return False
        source, last = rows[0].segment, rows[-1].seq
        found = self._reader.read(rows)
        items = sum(row.items for row in rows)
        stored = store.cursor(self.signal, source) if self._resumes else 0
        with self._booking:
            if last > stored:
                fresh = [batch for batch in found.batches if batch.seq > stored]
                gaps = [fault.place for fault in found.faults if fault.place.seq > stored]
                store.write(self.signal, fresh, {source: last}, gaps)
            self._settle(Move(source, self.intake.starts[source], last, items), found)
        return more

    def _rows(self) -> tuple[list[Row], bool]:
        """The next rows, of one segment, and whether there are more."""
        rows: list[Row] = []
        items = size = 0
        for candidate in self.intake.fresh():
            row = candidate.row
            if rows and row.segment != rows[0].segment:
                return rows, True
            rows.append(row)
            items, size = items + row.items, size + len(row.body)
            if items >= _STEP_ITEMS or size >= _STEP_BYTES:
                return rows, True
        return rows, False

    def _settle(self, move: Move, found: Found) -> None:
        good = move.items - found.faulty
        taking = Taking(moves=[move], ended=[("delivered", "", good)], quarantined=found.quarantined)
        with self._book.db.transaction() as db:
            if self._book.parcels.take(self.name, taking, self.intake.names) is not None:
                return
            # A full journal let the rows go meanwhile, booked as expired; but here they are.
            self._book.outcomes.end(db, self.name, "expired", "journal_full", -move.items)
            self._book.outcomes.end(db, self.name, "delivered", "", good)
            for batch in found.quarantined:
                self._book.quarantine.add(db, self.name, batch)

    # Quarantined batches that somebody wants tried again

    def _replay(self, store: UsageStore) -> bool:
        parcels = self._book.parcels.stored(self.name, limit=1)
        for parts in parcels:
            self._replay_parcel(store, parts)
        return bool(parcels)

    def _replay_parcel(self, store: UsageStore, parts: list[Part]) -> None:
        candidates: list[Candidate] = [candidate for part in parts for candidate in self.intake.stored(part)]
        found = self._reader.read([candidate.row for candidate in candidates])
        items = sum(candidate.last - candidate.first for candidate in candidates)
        mark = f"parcel {parts[0].parcel} of batch {parts[0].first_seq} of {candidates[0].row.received_ns if candidates else 0}"
        with self._booking:
            if not self._book.parcels.waits(parts[0].parcel):
                return  # somebody who was forgotten had it in quarantine
            if not store.cursor(self.signal, mark):
                store.write(self.signal, found.batches, {mark: 1})
            ended = ("delivered", "", items - found.faulty)
            self._book.parcels.replace(self.name, parts[0].parcel, [], ended=[ended], quarantined=found.quarantined)  # type: ignore[list-item]


class Retention:
    """Lets old rows of the store go once in a while, and whatever has come back of who was forgotten. Used by one thread."""

    name = f"{USAGE} retention"

    def __init__(self, shelf: Shelf, book: Book, seconds: float, *, clock_ns: Callable[[], int]) -> None:
        self._shelf = shelf
        self._book = book
        self._keep_ns = int(seconds * 1e9)
        self._clock_ns = clock_ns

    def turn(self) -> float:
        """Delete what is older than the retention; the seconds until it is worth looking again.

        A forgetting that was cut off is finished here; refusals and a backup of the store can bring back what was deleted.
        """
        try:
            store = self._shelf.store()
        except DataDirError:
            return PROBE_SECONDS  # the lanes say so
        store.expire(self._clock_ns() - self._keep_ns)
        if forgotten := store.forgotten():
            store.forget(forgotten)
            purge_quarantine(self._book, forgotten.keys, forgotten.people)
        return _RETENTION_SECONDS

    def fail(self, error: Exception) -> None:
        """Nothing to mend: the next turn does what this one did not."""


def usage_sum(book: Book, segments: Segments, store: UsageStore, signal: Signal) -> UsageSum:
    """A lane's sums from store and book; nobody may write either meanwhile."""
    lane = f"{USAGE}/{signal}"
    delivered = book.outcomes.of(lane).get(("delivered", ""), 0)
    ahead = sum(_ahead(book, segments, store, signal, name) for name in segments.names())
    return UsageSum(lane, store.counts(signal), store.unrecognised(signal), delivered, ahead)


def compare(book: Book, segments: Segments, store: UsageStore, signal: Signal) -> int:
    """Put the book right where the store knows better; by how many items the store is ahead. Nobody may write either meanwhile.

    Where the store is ahead without having counted more, the books were made anew and offer again what was settled: that comes
    again, as duplicates. A store with less in it than was booked is not the one that was written, which is a loss like any other;
    what is in it after all, because books made anew took it for lost or a rebuild has brought it back, is lost no more.
    """
    lane = f"{USAGE}/{signal}"
    with book.db.transaction() as db:
        found = usage_sum(book, segments, store, signal)
        lost = book.outcomes.of(lane).get(("lost", "damage"), 0)
        if found.missing < 0 and lost:
            back = min(-found.missing, lost)
            book.outcomes.end(db, lane, "lost", "damage", -back)
            book.outcomes.end(db, lane, "delivered", "", back)
        if found.missing > 0:
            message = f"{found.missing} items were in a usage store that is gone: {store.path.name} was replaced or is older"
            book.outcomes.end(db, lane, "delivered", "", -found.missing)
            book.outcomes.lose(db, lane, "", found.missing, message)
        return found.surplus


def _ahead(book: Book, segments: Segments, store: UsageStore, signal: Signal, name: str) -> int:
    booked, stored = book.lanes.cursor(f"{USAGE}/{signal}", name), store.cursor(signal, name)
    if booked.done or stored <= booked.seq:
        return 0
    with closing(segments.open(name)) as segment:
        return segment.tally(signal, booked.seq, stored).items
