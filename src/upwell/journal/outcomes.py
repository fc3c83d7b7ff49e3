"""How items ended, lane by lane: the sums, the receipts, and the damage that was found."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from upwell.journal.relaydb import RelayDb

Result = Literal["delivered", "rejected", "quarantined", "expired", "lost"]
"""How an item ends in a lane, in the ledger's words."""

_MAX_RECEIPTS = 10_000  # a few days of a busy gateway; what they say is in the sums all the same


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one request. `outcome` is delivered, retry, hold, oversize or refused."""

    lane: str
    at_ns: int
    batches: int
    items: int
    bytes: int
    outcome: str
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Damage:
    """Items that can no longer be read, booked as lost; `items` is 0 where the number is unknown."""

    id: int
    at_ns: int
    lane: str
    segment: str
    items: int
    message: str
    accepted_ns: int | None
    reason: str | None


class Outcomes:
    """Adds up ends. Writers pass the transaction that the end belongs to."""

    def __init__(self, db: RelayDb) -> None:
        self._db = db

    def end(self, db: sqlite3.Connection, lane: str, result: Result, reason: str, items: int) -> None:
        """Book `items` as ended; a negative number takes an end back."""
        if items:
            db.execute(
                "INSERT INTO outcomes VALUES (?, ?, ?, ?) ON CONFLICT (lane, result, reason) DO UPDATE SET items = items + excluded.items",
                (lane, result, reason, items),
            )

    def lose(self, db: sqlite3.Connection, lane: str, segment: str, items: int, message: str) -> None:
        """Book damage: `ledger --check` fails from now until somebody accepts it."""
        self.end(db, lane, "lost", "damage", items)
        db.execute(
            "INSERT INTO damage (at_ns, lane, segment, items, message) VALUES (?, ?, ?, ?, ?)",
            (self._db.clock_ns(), lane, segment, items, message),
        )

    def accept_damage(self, reason: str) -> int:
        """Acknowledge all damage booked so far; returns how many entries that were."""
        with self._db.transaction() as db:
            row = db.execute("UPDATE damage SET accepted_ns = ?, reason = ? WHERE accepted_ns IS NULL", (self._db.clock_ns(), reason))
            return row.rowcount

    def damages(self) -> list[Damage]:
        with self._db.snapshot() as db:
            return [Damage(*row) for row in db.execute("SELECT * FROM damage ORDER BY id")]

    def of(self, lane: str) -> dict[tuple[Result, str], int]:
        """Items by result and reason."""
        with self._db.snapshot() as db:
            rows = db.execute("SELECT result, reason, items FROM outcomes WHERE lane = ? AND items <> 0", (lane,))
            return {(row[0], row[1]): row[2] for row in rows}

    def receive(self, db: sqlite3.Connection, receipt: Receipt) -> None:
        """Keep a receipt; the oldest go when there are too many."""
        row = db.execute(
            "INSERT INTO receipts (lane, at_ns, batches, items, bytes, outcome, code, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (receipt.lane, receipt.at_ns, receipt.batches, receipt.items, receipt.bytes, receipt.outcome, receipt.code, receipt.message),
        )
        if row.lastrowid and row.lastrowid % 1000 == 0:
            db.execute("DELETE FROM receipts WHERE id <= ?", (row.lastrowid - _MAX_RECEIPTS,))

    def receipts(self, lane: str, limit: int = 50) -> list[Receipt]:
        """The latest first."""
        with self._db.snapshot() as db:
            rows = db.execute(
                "SELECT lane, at_ns, batches, items, bytes, outcome, code, message FROM receipts WHERE lane = ? ORDER BY id DESC LIMIT ?",
                (lane, limit),
            )
            return [Receipt(*row) for row in rows]
