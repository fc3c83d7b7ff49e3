"""Makes a damaged `relay.db` anew from what can be read of it, and books the damage, so that `ledger --check` says so.

Which items are settled is known from all rows of some tables together: where one of those rows is missing, none is
used, and what the journal still holds is sent again, because twice is better than never. Everything else is kept as far as
it can be read. The sums are then made to hold, once, in the open: the damage that is booked stands for the difference.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

from upwell.journal.book import Book
from upwell.journal.disk import sync_directory
from upwell.journal.ledger import compute
from upwell.journal.outcomes import Damage
from upwell.journal.quarantine import DROPPED
from upwell.journal.relaydb import is_damage
from upwell.journal.segment import Segments
from upwell.otlp.model import Signal

_SETTLED = ("parcels", "cursors", "parts")
_KEPT = ("lanes", "outcomes", "archive", "receipts", "quarantine", "damage")
_KINDS = {"INTEGER": int, "TEXT": str, "BLOB": bytes}


_QUARANTINED = "SELECT lane, reason, items FROM outcomes WHERE result = 'quarantined' AND reason <> ?"


def fault(path: Path) -> str | None:
    """What SQLite says is wrong with the file; None where it is sound or not there. Reads all of it."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error) if is_damage(error) else None  # what else is wrong with it, who opens it will say
    return None if found == "ok" else str(found)


def salvage(path: Path, segments: Segments, reason: str, *, clock_ns: Callable[[], int]) -> Damage:
    """Put sound books in the place of damaged ones, which are kept beside them; the damage as booked. Raises OSError and sqlite3.Error.

    May be killed at any time: the books are damaged until they are sound.
    """
    aside = _set_aside(path, clock_ns())
    fresh = path.with_name(path.name + ".fresh")
    _discard(fresh)
    with closing(Book(fresh, clock_ns=clock_ns)) as book:
        with closing(_Reader(aside, book)) as reader:
            lost = reader.copy()
        _match_quarantine(book)
        _make_sums_hold(book, segments)
        with book.db.transaction() as db:
            book.outcomes.lose(db, "books", "", 0, _sentence(reason, lost, aside.name))
        (*_, booked) = book.outcomes.damages()
    _sync(fresh)
    for ending in ("-wal", "-shm"):  # the damaged file's; they must not be taken for the fresh one's
        path.with_name(path.name + ending).unlink(missing_ok=True)
    fresh.replace(path)
    sync_directory(path.parent)
    return booked


def _set_aside(path: Path, now_ns: int) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{datetime.fromtimestamp(now_ns // 10**9, UTC):%Y%m%dT%H%M%SZ}")
    _discard(aside)
    for ending in ("", "-wal"):
        with suppress(FileNotFoundError):
            copy = Path(shutil.copyfile(f"{path}{ending}", f"{aside}{ending}"))
            copy.chmod(0o600)
    return aside


def _discard(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


class _Reader:
    """A damaged file, and the fresh book that gets what can be read of it."""

    def __init__(self, path: Path, book: Book) -> None:
        self._book = book
        self._connection = sqlite3.connect(path, isolation_level=None)
        with suppress(sqlite3.DatabaseError):
            self._connection.execute("PRAGMA writable_schema=1")  # else SQLite refuses a file that was cut as a whole

    def close(self) -> None:
        self._connection.close()

    def copy(self) -> list[str]:
        """Copy all tables; the names of those that could not be read whole."""
        with self._book.db.transaction() as db:
            db.execute("DELETE FROM parcels")
            lost = [table for table in (*_SETTLED, *_KEPT) if not self._copy_table(db, table)]
            if not set(lost).isdisjoint(_SETTLED):
                self._forget_settled(db)
            self._name_lanes(db)
        return lost

    def _copy_table(self, db: sqlite3.Connection, table: str) -> bool:
        """Copy the rows that are of the table's types; False where there may be others."""
        columns = [(name, _KINDS[kind], not needed) for _, name, kind, needed, *_ in db.execute(f"PRAGMA table_info({table})")]
        names = ", ".join(name for name, *_ in columns)
        insert = f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names

        def copied(query: str) -> bool:
            whole = True
            try:
                for row in self._connection.execute(query):
                    fits = all(
                        isinstance(value, kind) or (null and value is None) for value, (_, kind, null) in zip(row, columns, strict=True)
                    )
                    whole &= fits and db.execute(insert, row).rowcount == 1
            except sqlite3.DatabaseError:
                return False
            return whole

        if copied(f"SELECT {names} FROM {table}"):  # noqa: S608
            return True
        keys = ", ".join(f"{number} DESC" for number in range(1, len(columns) + 1))
        copied(f"SELECT {names} FROM {table} ORDER BY {keys}")  # noqa: S608 - from the other end, as far as that goes
        return False

    def _forget_settled(self, db: sqlite3.Connection) -> None:
        for table in _SETTLED:
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        db.execute("INSERT INTO parcels VALUES (1)")
        for lane, code, items in db.execute("SELECT lane, code, items FROM quarantine WHERE replaying").fetchall():
            self._book.outcomes.end(db, lane, "quarantined", code, items)
        db.execute("UPDATE quarantine SET replaying = 0")

    def _name_lanes(self, db: sqlite3.Connection) -> None:
        """A lane that only its outcomes still know."""
        for (lane,) in db.execute("SELECT DISTINCT lane FROM outcomes WHERE lane NOT IN (SELECT lane FROM lanes)").fetchall():
            sink, _, signal = lane.rpartition("/")
            if signal in set(Signal):
                made_ns = self._book.db.clock_ns()
                db.execute("INSERT INTO lanes (lane, sink, signal, made_ns) VALUES (?, ?, ?, ?)", (lane, sink, signal, made_ns))


def _match_quarantine(book: Book) -> None:
    """What stands in the sums as quarantined and is not there any more is lost."""
    with book.db.transaction() as db:
        there: Counter[tuple[str, str]] = Counter()
        for lane, code, items in db.execute("SELECT lane, code, sum(items) FROM quarantine WHERE NOT replaying GROUP BY lane, code"):
            there[lane, code] = items
        booked = {(lane, reason): items for lane, reason, items in db.execute(_QUARANTINED, (DROPPED,))}
        for lane, code in {*there, *booked}:
            gone = booked.get((lane, code), 0) - there[lane, code]
            book.outcomes.end(db, lane, "quarantined", code, -gone)
            if gone > 0:
                book.outcomes.lose(db, lane, "", gone, f"{gone} quarantined items cannot be read any more: relay.db was damaged")


def _make_sums_hold(book: Book, segments: Segments) -> None:
    """What a lane cannot account for is lost; what it will offer once more is offered twice."""
    found = compute(book, segments)
    with book.db.transaction() as db:
        for lane in (*found.lanes, *found.usage):
            if lane.missing > 0:
                book.outcomes.lose(db, lane.lane, "", lane.missing, f"{lane.missing} items cannot be accounted for: relay.db was damaged")
            else:
                db.execute("UPDATE lanes SET offered = offered - ? WHERE lane = ?", (lane.missing, lane.lane))
        for signal in found.signals:
            db.execute(
                "INSERT INTO archive VALUES (?, 'accepted', '', ?) ON CONFLICT (signal, entry, rule) DO UPDATE SET items = items + ?",
                (signal.signal.value, -signal.missing, -signal.missing),
            )


def _sentence(reason: str, lost: list[str], aside: str) -> str:
    again = ": what the journal still holds is sent again" if any(table in lost for table in _SETTLED) else ", and no item is sent again"
    what = f"of {', '.join(lost)} not all could be read{again}" if lost else "all of it could be read"
    return f"relay.db was damaged ({' '.join(reason.split())}) and made anew; {what}; the damaged file is kept as {aside}"
