"""`relay.db`: the worker's database, its tables and its one connection.

Cursors, parts, outcomes, receipts and quarantined batches change together in single
transactions, so that a crash between any two steps leaves sums that still hold.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from upwell.database import open_database
from upwell.errors import BooksDamaged

MIGRATIONS = (
    """
    CREATE TABLE lanes (
        lane TEXT PRIMARY KEY, sink TEXT NOT NULL, signal TEXT NOT NULL, made_ns INTEGER NOT NULL,
        closed_ns INTEGER, offered INTEGER NOT NULL DEFAULT 0  -- of segments that are gone, or until it was closed
    );
    CREATE TABLE cursors (
        lane TEXT NOT NULL, segment TEXT NOT NULL, seq INTEGER NOT NULL, taken INTEGER NOT NULL,
        done INTEGER NOT NULL DEFAULT 0, before INTEGER NOT NULL DEFAULT 0,  -- items from before the lane was made again
        PRIMARY KEY (lane, segment)
    ) WITHOUT ROWID;
    CREATE TABLE parts (
        id INTEGER PRIMARY KEY, lane TEXT NOT NULL, parcel INTEGER NOT NULL, segment TEXT NOT NULL,
        first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, first_item INTEGER NOT NULL, last_item INTEGER,
        items INTEGER NOT NULL, batches INTEGER NOT NULL, not_before_ns INTEGER NOT NULL, attempts INTEGER NOT NULL,
        depth INTEGER NOT NULL, refusal TEXT NOT NULL
    );
    CREATE INDEX parts_of_lane ON parts (lane, parcel, id);
    CREATE TABLE parcels (next INTEGER NOT NULL);
    INSERT INTO parcels VALUES (1);
    CREATE TABLE outcomes (
        lane TEXT NOT NULL, result TEXT NOT NULL, reason TEXT NOT NULL, items INTEGER NOT NULL,
        PRIMARY KEY (lane, result, reason)
    ) WITHOUT ROWID;
    CREATE TABLE receipts (
        id INTEGER PRIMARY KEY, lane TEXT NOT NULL, at_ns INTEGER NOT NULL, batches INTEGER NOT NULL, items INTEGER NOT NULL,
        bytes INTEGER NOT NULL, outcome TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL
    );
    CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY, lane TEXT NOT NULL, at_ns INTEGER NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL,
        key_id TEXT NOT NULL, received_ns INTEGER NOT NULL, items INTEGER NOT NULL, oldest_ns INTEGER NOT NULL,
        newest_ns INTEGER NOT NULL, replaying INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL
    );
    CREATE TABLE archive (
        signal TEXT NOT NULL, entry TEXT NOT NULL, rule TEXT NOT NULL, items INTEGER NOT NULL,
        PRIMARY KEY (signal, entry, rule)
    ) WITHOUT ROWID;
    CREATE TABLE damage (
        id INTEGER PRIMARY KEY, at_ns INTEGER NOT NULL, lane TEXT NOT NULL, segment TEXT NOT NULL, items INTEGER NOT NULL,
        message TEXT NOT NULL, accepted_ns INTEGER, reason TEXT
    );
    """,
    "CREATE INDEX receipts_of_lane ON receipts (lane, id);",
)


class RelayDb:
    """One connection behind one lock: its transactions are few and short.

    Raises SchemaTooNew when a newer Upwell wrote the file, DataDirError when it cannot be used, and at any time BooksDamaged.
    """

    def __init__(self, path: Path, *, clock_ns: Callable[[], int]) -> None:
        self.path = path
        self.clock_ns = clock_ns
        self._lock = threading.RLock()
        self._connection = open_database(path, MIGRATIONS, any_thread=True)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = ON")  # what leaves quarantine leaves the file

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it, or nothing. Nested uses join the outer one."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            with self._readable():
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.commit()
                except BaseException:
                    self._connection.rollback()
                    raise

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """One consistent view for reading: nobody writes meanwhile."""
        with self._lock, self._readable():
            yield self._connection

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                raise BooksDamaged(f"{self.path} is damaged: {error}") from error
            raise

    def backup(self, target: Path) -> None:
        """A consistent copy, written to a file that must not exist yet."""
        copy = sqlite3.connect(target)
        try:
            with self._lock:
                self._connection.backup(copy)
        finally:
            copy.close()


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether SQLite says that the file itself is bad, not that it cannot be had at present."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def total(db: sqlite3.Connection, query: str, *values: object) -> int:
    """The one number that a query gives; 0 for no row and for NULL."""
    row = db.execute(query, values).fetchone()
    return int(row[0] or 0) if row else 0
