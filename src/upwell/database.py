"""Opens one of Upwell's SQLite files at the schema this version speaks.

The version is `PRAGMA user_version`. A newer file is refused, an older one is copied
beside itself and brought forward once, in one transaction. What the tables mean is the
business of who owns them; this module never drops, repairs or guesses.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from upwell.errors import DataDirError, SchemaTooNew

_BUSY_SECONDS = 5.0  # a writer of another process holds these files for milliseconds


def open_database(path: Path, migrations: Sequence[str], *, copy_before: bool = True, any_thread: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode (transactions are begun by hand), at schema version `len(migrations)`.

    `migrations[n]` is the SQL script from version n to n + 1; it must not begin or commit. The file and
    its siblings are made 0600. `copy_before` keeps `<name>.v<N>.bak` of what is migrated; `any_thread` lets
    threads take turns with the connection.
    Raises SchemaTooNew, and DataDirError where the file cannot be opened or is not Upwell's.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=not any_thread)
    except (OSError, sqlite3.Error) as error:
        raise DataDirError(f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    try:
        _bring_forward(connection, path, migrations, copy_before)
    except sqlite3.Error as error:
        connection.close()
        raise DataDirError(f"{path} cannot be used: {error}") from None
    except BaseException:
        connection.close()
        raise
    return connection


def schema_version(connection: sqlite3.Connection) -> int:
    """The schema version that the file carries; 0 is a file without tables."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _bring_forward(connection: sqlite3.Connection, path: Path, migrations: Sequence[str], copy_before: bool) -> None:
    if _checked_version(connection, path, len(migrations)) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")  # two processes may start at once: the second finds the work done
    try:
        version = _checked_version(connection, path, len(migrations))
        if copy_before and 0 < version < len(migrations):
            _copy(path, path.with_name(f"{path.name}.v{version}.bak"))
        for script in migrations[version:]:
            for statement in _statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _checked_version(connection: sqlite3.Connection, path: Path, ours: int) -> int:
    version = schema_version(connection)
    if version > ours:
        raise SchemaTooNew(f"{path} has schema version {version}; this Upwell knows versions up to {ours}")
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise DataDirError(f"{path} is an SQLite file, but not one of Upwell's")
    return version


def _copy(path: Path, target: Path) -> None:
    """Copy the committed state: written beside, made durable, then renamed."""
    unfinished = target.with_name(target.name + ".tmp")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT, 0o600))
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as copy:
        source.backup(copy)
    _sync(unfinished)
    unfinished.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _statements(script: str) -> Iterator[str]:
    """Statement by statement: `executescript` would commit the transaction first."""
    statement = ""
    for piece in script.split(";")[:-1]:
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if (statement + script.rpartition(";")[2]).strip():
        yield statement + script.rpartition(";")[2]
