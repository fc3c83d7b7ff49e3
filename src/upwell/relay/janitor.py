"""The janitor: lets segments go. Settled ones after `keep`; when the journal fills up, sooner, and booked.

Order matters: a segment's sums go into the book before its file goes from the disk, so that
a crash between the two costs nothing but a second unlink.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from upwell import config
from upwell.journal import layout
from upwell.journal.book import Book
from upwell.journal.lanes import LaneRecord
from upwell.journal.ledger import segment_sums
from upwell.journal.segment import Segments
from upwell.otlp.model import Signal

RETRY_WINDOW_SECONDS = 300.0
"""A segment stays at least as long as its digests are needed to recognise a retry (DESIGN §4)."""


class Janitor:
    """Runs in the worker, every few seconds. `required` are the sinks that a full journal waits for."""

    def __init__(
        self, segments: Segments, book: Book, settings: config.Journal, required: frozenset[str], clock_ns: Callable[[], int]
    ) -> None:
        self._segments = segments
        self._book = book
        self._settings = settings
        self._required = required
        self._clock_ns = clock_ns

    def turn(self) -> None:
        """Finish interrupted removals, remove what is due, make room where it is short."""
        for name in self._book.lanes.gone():
            self._forget(name)
        names = self._segments.names()[:-1]  # the newest may still grow
        keep_ns = int(max(self._settings.keep, RETRY_WINDOW_SECONDS) * 1e9)
        for name in names:
            if self._settled(name) and self._ended_ns(name) + keep_ns < self._clock_ns():
                self._remove(name)
        self._make_room()

    def _ended_ns(self, name: str) -> int:
        """When the segment got its last row: the next one's start."""
        names = self._segments.names()
        following = names[names.index(name) + 1]
        return layout.made_ns(following)

    def _settled(self, name: str) -> bool:
        open_lanes = [lane for lane in self._book.lanes.all() if lane.closed_ns is None]
        done = all(self._book.lanes.cursor(lane.lane, name).done for lane in open_lanes)
        return done and name not in self._book.parcels.segments()

    def _make_room(self) -> None:
        """First what only `keep` holds, then what only sinks hold that are not required (DESIGN §4)."""
        for let_go in (False, True):
            for name in self._segments.names()[:-1]:
                if self._room() >= self._settings.segment_bytes:
                    return
                if let_go:
                    self._release(name)
                if self._settled(name):
                    self._remove(name)

    def _room(self) -> int:
        return self._settings.max_bytes - sum(self._segments.bytes(name) for name in self._segments.names())

    def _release(self, name: str) -> None:
        lanes = [lane for lane in self._book.lanes.all() if lane.closed_ns is None and not self._is_settled_by(lane, name)]
        if any(lane.sink in self._required for lane in lanes):
            return
        for lane in lanes:
            release(self._book, self._segments, lane, name, "journal_full")

    def _is_settled_by(self, lane: LaneRecord, name: str) -> bool:
        return self._book.lanes.cursor(lane.lane, name).done and name not in self._book.parcels.segments(lane.lane)

    def _remove(self, name: str) -> None:
        with closing(self._segments.open(name)) as segment:
            sums = segment_sums(segment)
        offered = {
            lane.lane: sums.journaled[Signal(lane.signal)] - self._book.lanes.cursor(lane.lane, name).before
            for lane in self._book.lanes.all()
            if lane.closed_ns is None
        }
        entries = [(str(signal), "accepted", "", items) for signal, items in sums.accepted.items()]
        entries += [(str(signal), "journaled", "", items) for signal, items in sums.journaled.items()]
        entries += [(str(signal), "dropped", rule, items) for (signal, rule), items in sums.dropped.items()]
        self._book.lanes.archive(name, offered, entries)
        self._segments.unlink(name)

    def _forget(self, name: str) -> None:
        """Finish a removal. The book remembers it until a later turn, so that a lane that had just read a row of it takes nothing."""
        if name in self._segments.names():
            self._segments.unlink(name)
        else:
            self._book.lanes.unlinked(name)


def release(book: Book, segments: Segments, lane: LaneRecord, name: str, reason: str) -> int:
    """Let go what a lane has not settled of a segment, booked as expired. Returns the items."""
    cursor = book.lanes.cursor(lane.lane, name)
    with closing(segments.open(name)) as segment:
        pending = 0 if cursor.done else segment.tally(Signal(lane.signal), cursor.seq).items
    return book.lanes.release(lane.lane, name, cursor, pending, reason)


def close_lane(book: Book, segments: Segments, lane: LaneRecord) -> int:
    """Take a lane out of service for good; what it still held is booked as expired. Returns those items."""
    with book.db.transaction():
        let_go = sum(release(book, segments, lane, name, "sink_closed") for name in segments.names() if name not in book.lanes.gone())
        let_go += book.parcels.drop_all(lane.lane, "sink_closed")
        book.lanes.close(lane.lane, sum(book.outcomes.of(lane.lane).values()))
    return let_go


def reopen_lane(book: Book, segments: Segments, lane: LaneRecord) -> None:
    """Put a closed lane back to work with what comes from now on: what it once had is not sent again."""
    passed = []
    for name in segments.names():
        with closing(segments.open(name)) as segment:
            sums = segment_sums(segment)
            passed.append((name, segment.mark().seq, sums.journaled[Signal(lane.signal)], segment.final))
    book.lanes.reopen(lane.lane, passed)
