"""Whose use must not be kept: the tombstones in `keys.db`, as those read them who keep usage.

A tombstone holds pseudonyms and ids of keys, never a name. Whatever was sent with such a key is left out for ever; what is known
by its pseudonym only, as far as it happened or came in before the tombstone: somebody who is enrolled anew begins anew.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from upwell.database import open_database
from upwell.errors import DataDirError
from upwell.identity.keys import MIGRATIONS


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Ids of keys, and pseudonyms with the moment up to which they are forgotten, in Unix nanoseconds."""

    keys: frozenset[str] = frozenset()
    people: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __bool__(self) -> bool:
        return bool(self.keys or self.people)

    def covers(self, key_id: str, person: str | None, since_ns: int) -> bool:
        """Whether a row is to be left out. `since_ns` is the earliest time that it has to do with."""
        return key_id in self.keys or (person is not None and since_ns <= self.people.get(person, -1))


NOBODY = Forgotten()


class Tombstones:
    """Follows the tombstones of one `keys.db`, which need not be there yet. May be used by several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int, int] | None = None
        self._forgotten = NOBODY

    def __call__(self) -> Forgotten:
        """Whoever is forgotten by now. Raises DataDirError where the file cannot be read: then nobody can know."""
        with self._lock:
            try:
                return self._current()
            except (OSError, sqlite3.Error) as error:
                raise DataDirError(f"{self._path} cannot be read: {getattr(error, 'strerror', None) or error}") from None

    def close(self) -> None:
        with self._lock:
            self._close()

    def _current(self) -> Forgotten:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return NOBODY
        file = (status.st_dev, status.st_ino)
        if self._connection is None or self._seen is None or self._seen[:2] != file:
            self._close()
            self._connection = open_database(self._path, MIGRATIONS, any_thread=True)
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        if self._seen != (*file, version):
            self._forgotten, self._seen = read_forgotten(self._connection), (*file, version)
        return self._forgotten

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = self._seen = None


def read_forgotten(connection: sqlite3.Connection) -> Forgotten:
    """All tombstones of an open `keys.db`."""
    with closing(connection.execute("SELECT who, is_key, at_ns FROM forgotten")) as rows:
        found = rows.fetchall()
    return Forgotten(frozenset(who for who, is_key, _ in found if is_key), {who: at_ns for who, is_key, at_ns in found if not is_key})
