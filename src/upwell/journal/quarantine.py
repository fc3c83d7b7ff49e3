"""Quarantine: items that a sink refused for good, with the reason, until somebody replays or drops them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import zstandard

from upwell.errors import NoSuchEntry
from upwell.journal.outcomes import Outcomes
from upwell.journal.parts import QUARANTINE
from upwell.journal.relaydb import RelayDb, total
from upwell.journal.rows import Row
from upwell.otlp.model import Signal

MAX_BYTES = 256 * 2**20
"""Half of what `journal.reserve` keeps free for the worker's own files; beyond it the oldest batches expire."""

DROPPED = "dropped_by_hand"
"""In place of a refusal's code, for batches that were thrown away."""

_MAX_BODY = 128 * 2**20  # twice the largest body that the gateway can be set to accept


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A batch, or the cut of one, on its way into quarantine. `body` is OTLP/JSON."""

    code: str
    message: str
    key_id: str
    received_ns: int
    items: int
    oldest_ns: int
    newest_ns: int
    body: bytes


@dataclass(frozen=True, slots=True)
class QuarantineEntry:
    """One quarantined batch as listed: everything but its content."""

    id: int
    lane: str
    at_ns: int
    code: str
    message: str
    key_id: str
    received_ns: int
    items: int
    replaying: bool


class Quarantine:
    """The quarantined batches of all lanes."""

    def __init__(self, db: RelayDb, outcomes: Outcomes) -> None:
        self._db = db
        self._outcomes = outcomes

    def add(self, db: sqlite3.Connection, lane: str, batch: Quarantined) -> None:
        """Keep a refused batch, inside the transaction that takes it off its lane."""
        self._outcomes.end(db, lane, "quarantined", batch.code, batch.items)
        db.execute(
            "INSERT INTO quarantine (lane, at_ns, code, message, key_id, received_ns, items, oldest_ns, newest_ns, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(lane, self._db.clock_ns(), batch.code, batch.message[:500], batch.key_id, batch.received_ns, batch.items),
                *(batch.oldest_ns, batch.newest_ns, zstandard.compress(batch.body)),
            ),
        )
        self._keep_bounded(db)

    def _keep_bounded(self, db: sqlite3.Connection) -> None:
        while total(db, "SELECT sum(length(body)) FROM quarantine") > MAX_BYTES:
            row = db.execute("SELECT id, lane, code, items FROM quarantine WHERE NOT replaying ORDER BY id LIMIT 1").fetchone()
            if row is None:
                return
            self._outcomes.end(db, row[1], "quarantined", row[2], -row[3])
            self._outcomes.end(db, row[1], "expired", "quarantine_full", row[3])
            db.execute("DELETE FROM quarantine WHERE id = ?", (row[0],))

    def list(self) -> list[QuarantineEntry]:
        with self._db.snapshot() as db:
            rows = db.execute(f"SELECT {_COLUMNS} FROM quarantine ORDER BY id")  # noqa: S608 - a constant
            return [_entry(row) for row in rows]

    def show(self, entry: int) -> tuple[QuarantineEntry, bytes]:
        """One entry and its OTLP/JSON body. Raises NoSuchEntry."""
        with self._db.snapshot() as db:
            row = db.execute(f"SELECT {_COLUMNS}, body FROM quarantine WHERE id = ?", (entry,)).fetchone()  # noqa: S608 - a constant
        if row is None:
            raise NoSuchEntry(f"there is no quarantined batch {entry}")
        return _entry(row), zstandard.decompress(row[9], max_output_size=_MAX_BODY)

    def row(self, entry: int, signal: Signal) -> Row | None:
        """A quarantined batch as if read from the journal, or None if it is gone."""
        with self._db.snapshot() as db:
            found = db.execute(
                "SELECT key_id, received_ns, items, oldest_ns, newest_ns, body FROM quarantine WHERE id = ?", (entry,)
            ).fetchone()
        if found is None:
            return None
        key_id, received_ns, items, oldest_ns, newest_ns, body = found
        inflated = zstandard.decompress(body, max_output_size=_MAX_BODY)
        return Row(QUARANTINE, entry, signal, key_id, received_ns, items, oldest_ns, newest_ns, inflated)

    def replay(self, entry: int) -> None:
        """Put a quarantined batch before its lane's new rows. Raises NoSuchEntry."""
        shown, _ = self.show(entry)
        with self._db.transaction() as db:
            changed = db.execute("UPDATE quarantine SET replaying = 1 WHERE id = ? AND NOT replaying", (entry,))
            if not changed.rowcount:
                return
            self._outcomes.end(db, shown.lane, "quarantined", shown.code, -shown.items)
            number = total(db, "UPDATE parcels SET next = next + 1 RETURNING next - 1")
            db.execute(
                "INSERT INTO parts (lane, parcel, segment, first_seq, last_seq, first_item, items, batches, not_before_ns, attempts, "
                "depth, refusal) VALUES (?, ?, ?, ?, ?, 0, ?, 1, 0, 0, 1, '')",
                (shown.lane, number, QUARANTINE, entry, entry, shown.items),
            )

    def drop(self, entry: int) -> None:
        """Throw a quarantined batch away for good; it stays counted as quarantined, dropped by hand. Raises NoSuchEntry."""
        shown, _ = self.show(entry)
        with self._db.transaction() as db:
            changed = db.execute("DELETE FROM quarantine WHERE id = ? AND NOT replaying", (entry,))
            if not changed.rowcount:
                raise NoSuchEntry(f"quarantined batch {entry} is on its way again", hint="Wait for its lane, then list again.")
            self._outcomes.end(db, shown.lane, "quarantined", shown.code, -shown.items)
            self._outcomes.end(db, shown.lane, "quarantined", DROPPED, shown.items)

    def forget(self, entry: int, items: int, rest: bytes | None = None) -> int | None:
        """Take items out of a quarantined batch, of which `rest` stays; the items that were taken, counted as dropped by hand.

        None, and nothing done, where the batch is on its way again and something of it stays: its lane goes by its items.
        """
        with self._db.transaction() as db:
            row = db.execute("SELECT lane, code, replaying FROM quarantine WHERE id = ?", (entry,)).fetchone()
            if row is None:
                return 0
            lane, code, replaying = row
            if replaying and rest is not None:
                return None
            if replaying:
                items = total(db, "SELECT sum(items) FROM parts WHERE segment = ? AND first_seq = ?", QUARANTINE, entry)
                db.execute("DELETE FROM parts WHERE segment = ? AND first_seq = ?", (QUARANTINE, entry))
            else:
                self._outcomes.end(db, lane, "quarantined", code, -items)
            self._outcomes.end(db, lane, "quarantined", DROPPED, items)
            if rest is None:
                db.execute("DELETE FROM quarantine WHERE id = ?", (entry,))
            else:
                changed = (items, zstandard.compress(rest), entry)
                db.execute("UPDATE quarantine SET items = items - ?, body = ? WHERE id = ?", changed)
            return items

    def sweep(self, db: sqlite3.Connection) -> None:
        """Forget replayed batches that no part needs any more."""
        db.execute("DELETE FROM quarantine WHERE replaying AND id NOT IN (SELECT first_seq FROM parts WHERE segment = ?)", (QUARANTINE,))


_COLUMNS = "id, lane, at_ns, code, message, key_id, received_ns, items, replaying"


def _entry(row: Sequence[Any]) -> QuarantineEntry:
    entry, lane, at_ns, code, message, key_id, received_ns, items, replaying = row[:9]
    return QuarantineEntry(entry, lane, at_ns, code, message, key_id, received_ns, items, bool(replaying))
