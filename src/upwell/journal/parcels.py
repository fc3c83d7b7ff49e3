"""Parcels in the book: taking them, cutting them, settling them, always in one transaction with the cursor and the sums."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from upwell.journal.lanes import Lanes
from upwell.journal.outcomes import Outcomes, Receipt, Result
from upwell.journal.parts import Part
from upwell.journal.quarantine import Quarantine, Quarantined
from upwell.journal.relaydb import RelayDb, total
from upwell.journal.rows import Tally


@dataclass(frozen=True, slots=True)
class Move:
    """A cursor's step in one segment: from `expected` to `seq`, passing `items`."""

    segment: str
    expected: int
    seq: int
    items: int


@dataclass(frozen=True, slots=True)
class Taking:
    """One step of a lane: where its cursors go, which parts it used up, and what became of all those items.

    `parcel` goes out together now; `loose` waits for company or for its time; `ended` are (result, reason, items).
    """

    moves: Sequence[Move] = ()
    consumed: Sequence[int] = ()
    parcel: Sequence[Part] = ()
    loose: Sequence[Part] = ()
    ended: Sequence[tuple[Result, str, int]] = ()
    quarantined: Sequence[Quarantined] = ()


class Parcels:
    """The parts of all lanes, as they wait, fly and end."""

    def __init__(self, db: RelayDb, lanes: Lanes, outcomes: Outcomes, quarantine: Quarantine) -> None:
        self._db = db
        self._lanes = lanes
        self._outcomes = outcomes
        self._quarantine = quarantine

    def take(self, lane: str, taking: Taking, there: Callable[[], Container[str]]) -> list[Part] | None:
        """Store a step. The parcel's parts come back as stored, their first attempt written. `there` tells the segments that there are.

        None, and nothing written, if a segment, a cursor or a part is no longer where the step found it (it was let go meanwhile).
        """
        with self._db.transaction() as db:
            if not self._still_there(db, lane, taking, there()):
                return None
            for move in taking.moves:
                self._lanes.move(db, lane, move.segment, move.seq, move.items)
            db.executemany("DELETE FROM parts WHERE id = ?", [(part,) for part in taking.consumed])
            self._book(db, lane, taking.loose, taking.ended, taking.quarantined)
            return self._store(db, lane, taking.parcel, attempts=1)

    def _still_there(self, db: sqlite3.Connection, lane: str, taking: Taking, there: Container[str]) -> bool:
        if any(move.segment not in there for move in taking.moves):  # a segment that is gone has no cursor, and looks like one not begun
            return False
        cursors = [(self._lanes.cursor(lane, move.segment), move) for move in taking.moves]
        if any(cursor.done or cursor.seq != move.expected for cursor, move in cursors):
            return False
        return all(total(db, "SELECT count(*) FROM parts WHERE id = ?", part) for part in taking.consumed)

    def _book(
        self,
        db: sqlite3.Connection,
        lane: str,
        loose: Iterable[Part],
        ended: Iterable[tuple[Result, str, int]],
        quarantined: Iterable[Quarantined],
    ) -> None:
        for part in loose:
            self._insert(db, lane, part, parcel=0, attempts=0)
        for result, reason, items in ended:
            self._outcomes.end(db, lane, result, reason, items)
        for batch in quarantined:
            self._quarantine.add(db, lane, batch)
        self._quarantine.sweep(db)

    def _store(self, db: sqlite3.Connection, lane: str, parts: Sequence[Part], *, attempts: int) -> list[Part]:
        if not parts:
            return []
        number = total(db, "UPDATE parcels SET next = next + 1 RETURNING next - 1")
        return [self._insert(db, lane, part, parcel=number, attempts=attempts) for part in parts]

    def _insert(self, db: sqlite3.Connection, lane: str, part: Part, *, parcel: int, attempts: int) -> Part:
        run = (part.segment, part.first_seq, part.last_seq, part.first_item, part.last_item, part.items, part.batches, part.not_before_ns)
        row = db.execute(
            "INSERT INTO parts (lane, parcel, segment, first_seq, last_seq, first_item, last_item, items, batches, not_before_ns, "
            "attempts, depth, refusal) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (lane, parcel, *run, attempts, part.depth, part.refusal),
        )
        return Part(*run, attempts, part.depth, part.refusal, row.lastrowid or 0, parcel)

    def stored(self, lane: str, limit: int = 16) -> list[list[Part]]:
        """The lane's parcels, oldest first, each with its parts in order."""
        with self._db.snapshot() as db:
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM parts WHERE lane = ? AND parcel IN (SELECT DISTINCT parcel FROM parts "  # noqa: S608 - a constant
                "WHERE lane = ? AND parcel > 0 ORDER BY parcel LIMIT ?) ORDER BY parcel, id",
                (lane, lane, limit),
            ).fetchall()
        grouped: dict[int, list[Part]] = {}
        for row in rows:
            part = Part(*row)
            grouped.setdefault(part.parcel, []).append(part)
        return list(grouped.values())

    def loose(self, lane: str, now_ns: int, limit: int = 1000) -> list[Part]:
        """Parts without a parcel that are due."""
        with self._db.snapshot() as db:
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM parts WHERE lane = ? AND parcel = 0 AND not_before_ns <= ? ORDER BY id LIMIT ?",  # noqa: S608
                (lane, now_ns, limit),
            ).fetchall()
        return [Part(*row) for row in rows]

    def first(self, lane: str) -> list[Part]:
        """The lane's oldest part, if any."""
        with self._db.snapshot() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM parts WHERE lane = ? ORDER BY segment, first_seq LIMIT 1", (lane,))  # noqa: S608
            return [Part(*row) for row in rows]

    def waits(self, parcel: int) -> bool:
        """Whether a parcel is still there."""
        with self._db.snapshot() as db:
            return total(db, "SELECT count(*) FROM parts WHERE parcel = ?", parcel) > 0

    def waiting(self, lane: str) -> Tally:
        """Everything of the lane that is in parts."""
        with self._db.snapshot() as db:
            row = db.execute("SELECT coalesce(sum(batches), 0), coalesce(sum(items), 0) FROM parts WHERE lane = ?", (lane,)).fetchone()
        return Tally(*row)

    def segments(self, lane: str | None = None) -> set[str]:
        """Segments that some part still needs; of one lane, or of all."""
        with self._db.snapshot() as db:
            rows = db.execute("SELECT DISTINCT segment FROM parts WHERE ? IS NULL OR lane = ?", (lane, lane))
            return {row[0] for row in rows}

    def drop_all(self, lane: str, reason: str) -> int:
        """End all parts of a lane as expired; returns their items."""
        with self._db.transaction() as db:
            items = total(db, "SELECT sum(items) FROM parts WHERE lane = ?", lane)
            db.execute("DELETE FROM parts WHERE lane = ?", (lane,))
            self._outcomes.end(db, lane, "expired", reason, items)
            return items

    def attempt(self, parcel: int) -> None:
        """Written before each further send: what still carries it after a crash may have caused the crash."""
        with self._db.transaction() as db:
            db.execute("UPDATE parts SET attempts = attempts + 1 WHERE parcel = ?", (parcel,))

    def survived(self, parcel: int, receipt: Receipt, *, refusal: str | None = None) -> None:
        """The send came back and the parcel waits on; `refusal` remembers how its half of a first cut was refused."""
        with self._db.transaction() as db:
            db.execute("UPDATE parts SET attempts = 0, refusal = coalesce(?, refusal) WHERE parcel = ?", (refusal, parcel))
            self._outcomes.receive(db, receipt)

    def settle(self, lane: str, parcel: int, receipt: Receipt, rejected: int = 0) -> None:
        """The parcel was delivered, but for `rejected` items that the destination itself refused for good."""
        with self._db.transaction() as db:
            items = total(db, "SELECT sum(items) FROM parts WHERE parcel = ?", parcel)
            db.execute("DELETE FROM parts WHERE parcel = ?", (parcel,))
            rejected = min(rejected, items)
            self._outcomes.end(db, lane, "delivered", "", items - rejected)
            self._outcomes.end(db, lane, "rejected", "partial_success", rejected)
            self._outcomes.receive(db, receipt)
            self._quarantine.sweep(db)

    def replace(
        self,
        lane: str,
        parcel: int,
        groups: Sequence[Sequence[Part]],
        *,
        loose: Sequence[Part] = (),
        ended: Sequence[tuple[Result, str, int]] = (),
        quarantined: Sequence[Quarantined] = (),
        receipt: Receipt | None = None,
    ) -> None:
        """Put other parcels, loose parts and ends in the place of a parcel. Nothing happens if it was let go meanwhile."""
        with self._db.transaction() as db:
            if not total(db, "SELECT count(*) FROM parts WHERE parcel = ?", parcel):
                return
            db.execute("DELETE FROM parts WHERE parcel = ?", (parcel,))
            for group in groups:
                self._store(db, lane, group, attempts=0)
            self._book(db, lane, loose, ended, quarantined)
            if receipt:
                self._outcomes.receive(db, receipt)

    def suspect(self, parcel: int, other: int, depth: int, refusal: str) -> None:
        """Put a parcel, with the other half of it if there is one, aside as one parcel that was refused so."""
        with self._db.transaction() as db:
            db.execute(
                "UPDATE parts SET parcel = ?, depth = ?, refusal = ?, attempts = 0 WHERE parcel IN (?, ?)",
                (min(parcel, other), depth, refusal, parcel, other),
            )

    def clear(self, lane: str, suspects: int, depth: int) -> None:
        """Let the lane's parcels of depth `suspects` go on as parcels of depth `depth`."""
        with self._db.transaction() as db:
            db.execute("UPDATE parts SET depth = ?, refusal = '' WHERE lane = ? AND depth = ?", (depth, lane, suspects))

    def lose(self, lane: str, part: Part, items: int) -> None:
        """Book items of a stored part that can no longer be read; a negative number takes back that they were lost.

        Nothing is booked where the part was let go meanwhile.
        """
        words = "cannot be read any more" if items > 0 else "can be read after all"
        with self._db.transaction() as db:
            if not db.execute("UPDATE parts SET items = items - ? WHERE id = ?", (items, part.id)).rowcount:
                return
            db.execute("DELETE FROM parts WHERE id = ? AND items <= 0", (part.id,))
            self._outcomes.lose(db, lane, part.segment, items, f"{abs(items)} items taken from segment {part.segment} {words}")


_COLUMNS = "segment, first_seq, last_seq, first_item, last_item, items, batches, not_before_ns, attempts, depth, refusal, id, parcel"
