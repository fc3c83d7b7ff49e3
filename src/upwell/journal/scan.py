"""Queries over ranges of seq that survive damage: where SQLite stumbles, the range is halved until the bad rows stand alone.

Only damage is passed over. What may pass by itself (a lock, too many open files, a disk that does not answer)
raises JournalError, so that no row is called lost that a later look would find.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from upwell.database import schema_version
from upwell.errors import JournalError, SchemaTooNew
from upwell.journal import record
from upwell.journal.record import Values

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT})
_SHORT_READ = sqlite3.SQLITE_IOERR_SHORT_READ
"""The file ends before a page that it should have: it was cut."""

_LOCK_SECONDS = 5.0
_PLAUSIBLE_VERSION = 1000
"""A schema version above this is noise in the header."""


class Scan:
    """A segment's database, opened for reading. Where the file is missing, or no database, every query finds nothing."""

    def __init__(self, path: Path) -> None:
        """Raises SchemaTooNew, or JournalError where it cannot be opened at present."""
        self._path = path
        self._wrecked = False
        self._connection: sqlite3.Connection | None = None
        self._connect()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def rows(self, query: str, first: int, last: int, *parameters: object, grain: int = 1) -> Iterator[Values]:
        """What `query` finds for `seq BETWEEN first AND last`, its first two parameters, in ascending parts.

        A query that sums up does so once for each part. Damaged ranges of `grain` seqs or fewer are left out.
        Raises JournalError.
        """
        ranges = [(first, last)]
        connection = self._connect()
        while ranges and connection is not None:
            low, high = ranges.pop()
            try:
                found = connection.execute(query, (low, high, *parameters)).fetchall() if low <= high else []
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise self._unreadable(error) from error
                if high - low >= grain:
                    middle = (low + high) // 2
                    ranges += [(middle + 1, high), (low, middle)]
                continue
            yield from found

    def find(
        self, columns: str, wanted: Collection[int], good: Callable[[Values], bool], *, floor: int, signal: str | None = None
    ) -> dict[int, Values]:
        """Good rows by seq, their columns beginning with it; with a signal, only rows of that one.

        Looked for in three ways, since damage in a page above the rows can lead a search astray but not
        another: from the first wanted seq on, from `floor` on, and each by itself.
        """
        select = f"SELECT {columns} FROM batches WHERE seq BETWEEN ? AND ? AND (? IS NULL OR signal = ?)"  # noqa: S608 # constants
        left = set(wanted)
        if not left:
            return {}
        first, last = min(left), max(left)
        found: dict[int, Values] = {}

        def look(rows: Iterable[Values]) -> None:
            found.update((row[0], row) for row in rows if row[0] in left and good(row))
            left.difference_update(found)

        look(self.rows(select, first, last, signal, signal))
        if left:
            look(self.rows(f"{select} AND +seq >= ?", floor, last, signal, signal, first))
        for seq in sorted(left):
            look(self.rows(f"{select} LIMIT 1", seq, seq, signal, signal))  # so that SQLite does not look at the row after it
        return found

    def _connect(self) -> sqlite3.Connection | None:
        """The connection. The writer makes a segment's mark before its database: what is missing now may be there the next time."""
        if self._connection is None and not self._wrecked and self._path.exists():
            self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection | None:
        try:
            connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=_LOCK_SECONDS
            )
        except sqlite3.DatabaseError as error:
            if not self._path.exists():  # deleted meanwhile
                return None
            raise self._unreadable(error) from error
        try:
            connection.text_factory = bytes  # damaged text need not be UTF-8
            connection.execute("PRAGMA query_only=1")
            connection.execute("PRAGMA writable_schema=1")  # else SQLite refuses a file that was cut as a whole; nothing is written here
            connection.execute("SELECT seq FROM batches LIMIT 0").fetchall()  # reads the schema, no row
            self._check_version(schema_version(connection))
        except sqlite3.DatabaseError as error:
            connection.close()
            if _is_damage(error):
                self._wrecked = True
                return None
            raise self._unreadable(error) from error
        except SchemaTooNew:
            connection.close()
            raise
        return connection

    def _check_version(self, found: int) -> None:
        known = len(record.MIGRATIONS)
        if known < found < _PLAUSIBLE_VERSION:
            raise SchemaTooNew(f"{self._path.name} has schema version {found}; this Upwell knows versions up to {known}")

    def _unreadable(self, error: sqlite3.Error) -> JournalError:
        return JournalError(f"{self._path.name} cannot be read at present: {error}")


def _is_damage(error: sqlite3.Error) -> bool:
    code: int = getattr(error, "sqlite_errorcode", 0)  # errors of the module itself, such as the use of a closed connection, have none
    return code & 0xFF in _DAMAGE or code == _SHORT_READ
