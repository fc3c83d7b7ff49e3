"""Lanes and how far each has come: one cursor per lane and segment, and the sums of segments that are gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from upwell.journal.outcomes import Outcomes
from upwell.journal.relaydb import RelayDb, total

USAGE = "usage"
"""The sink name of the usage store's lanes; no configured sink may have it."""

_GONE = ""  # the lane under which a forgotten segment stands until its file is unlinked


@dataclass(frozen=True, slots=True)
class LaneRecord:
    """A lane as the book knows it; `offered` counts the items of segments that are gone, or all of them once it is closed."""

    lane: str
    sink: str
    signal: str
    made_ns: int
    closed_ns: int | None
    offered: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a lane has come in one segment: `taken` items passed, `before` of the segment's never offered to it."""

    seq: int = 0
    taken: int = 0
    done: bool = False
    before: int = 0


class Lanes:
    """Names, cursors and the archive. A lane starts with the oldest batch that is still kept."""

    def __init__(self, db: RelayDb, outcomes: Outcomes) -> None:
        self._db = db
        self._outcomes = outcomes

    def ensure(self, lane: str, sink: str, signal: str) -> None:
        """Make the lane where it is new."""
        with self._db.transaction() as db:
            db.execute(
                "INSERT INTO lanes (lane, sink, signal, made_ns) VALUES (?, ?, ?, ?) ON CONFLICT (lane) DO NOTHING",
                (lane, sink, signal, self._db.clock_ns()),
            )

    def all(self) -> list[LaneRecord]:
        with self._db.snapshot() as db:
            rows = db.execute("SELECT lane, sink, signal, made_ns, closed_ns, offered FROM lanes ORDER BY lane")
            return [LaneRecord(*row) for row in rows]

    def close(self, lane: str, offered: int) -> None:
        """Take the lane out of service, with `offered` as its final sum; what it still held must have been released."""
        with self._db.transaction() as db:
            db.execute("UPDATE lanes SET closed_ns = ?, offered = ? WHERE lane = ?", (self._db.clock_ns(), offered, lane))
            db.execute("DELETE FROM cursors WHERE lane = ?", (lane,))

    def reopen(self, lane: str, passed: Iterable[tuple[str, int, int, bool]]) -> None:
        """Put a closed lane back to work behind what it once had: (segment, seq, items, final) of all there is."""
        with self._db.transaction() as db:
            db.execute("UPDATE lanes SET closed_ns = NULL WHERE lane = ?", (lane,))
            db.executemany(
                "INSERT INTO cursors (lane, segment, seq, taken, done, before) VALUES (?, ?, ?, 0, ?, ?)",
                [(lane, segment, seq, final, items) for segment, seq, items, final in passed],
            )

    def cursor(self, lane: str, segment: str) -> Cursor:
        with self._db.snapshot() as db:
            row = db.execute("SELECT seq, taken, done, before FROM cursors WHERE lane = ? AND segment = ?", (lane, segment)).fetchone()
        return Cursor(row[0], row[1], bool(row[2]), row[3]) if row else Cursor()

    def move(self, db: sqlite3.Connection, lane: str, segment: str, seq: int, taken: int, *, done: bool = False) -> None:
        """Set the cursor to `seq`, `taken` items further on."""
        db.execute(
            "INSERT INTO cursors (lane, segment, seq, taken, done) VALUES (?, ?, ?, ?, ?) ON CONFLICT (lane, segment) DO UPDATE SET "
            "seq = excluded.seq, taken = taken + excluded.taken, done = excluded.done",
            (lane, segment, seq, taken, done),
        )

    def finish(self, lane: str, segment: str, seq: int, lost: int, damage: str) -> None:
        """Book that a final segment holds nothing more for the lane; `damage` says why `lost` items are missing."""
        with self._db.transaction() as db:
            cursor = self.cursor(lane, segment)
            if cursor.done:
                return
            self.move(db, lane, segment, max(seq, cursor.seq), 0, done=True)
            if damage:
                self._outcomes.lose(db, lane, segment, lost, damage)

    def release(self, lane: str, segment: str, found: Cursor, pending: int, reason: str) -> int:
        """Let go what a lane still has in a segment, as expired: `pending` items beyond the cursor as found, and its parts.

        Returns the items; 0, and nothing written, if the cursor has moved meanwhile.
        """
        with self._db.transaction() as db:
            if self.cursor(lane, segment) != found:
                return 0
            in_parts = total(db, "SELECT sum(items) FROM parts WHERE lane = ? AND segment = ?", lane, segment)
            db.execute("DELETE FROM parts WHERE lane = ? AND segment = ?", (lane, segment))
            self._outcomes.end(db, lane, "expired", reason, pending + in_parts)
            self.move(db, lane, segment, found.seq, pending, done=True)
            return pending + in_parts

    def archive(self, segment: str, offered: Mapping[str, int], sums: Iterable[tuple[str, str, str, int]]) -> None:
        """Keep a segment's sums before its file goes: `offered` per lane, `sums` as (signal, entry, rule, items)."""
        with self._db.transaction() as db:
            db.executemany("UPDATE lanes SET offered = offered + ? WHERE lane = ?", [(items, lane) for lane, items in offered.items()])
            db.executemany(
                "INSERT INTO archive VALUES (?, ?, ?, ?) ON CONFLICT (signal, entry, rule) DO UPDATE SET items = items + excluded.items",
                list(sums),
            )
            db.execute("DELETE FROM cursors WHERE segment = ?", (segment,))
            db.execute("INSERT INTO cursors (lane, segment, seq, taken, done) VALUES (?, ?, 0, 0, 1)", (_GONE, segment))

    def archived(self) -> dict[tuple[str, str, str], int]:
        """Items by (signal, entry, rule) of all segments that are gone."""
        with self._db.snapshot() as db:
            return {(row[0], row[1], row[2]): row[3] for row in db.execute("SELECT signal, entry, rule, items FROM archive")}

    def gone(self) -> set[str]:
        """Segments already in the archive whose file may still have to be unlinked."""
        with self._db.snapshot() as db:
            return {row[0] for row in db.execute("SELECT segment FROM cursors WHERE lane = ?", (_GONE,))}

    def unlinked(self, segment: str) -> None:
        """The file is gone: nothing about the segment needs to be remembered."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM cursors WHERE segment = ?", (segment,))
