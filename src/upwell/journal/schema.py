"""Opening Upwell's SQLite databases: created 0600, WAL, fsynced commits, a schema version in `user_version`.

A database of a newer Upwell is refused with a sentence; one of an older Upwell is copied beside
itself and migrated forward, once, each step in its own transaction. Nothing is ever migrated back.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from upwell.errors import DataDirError, SchemaTooNew

Migration: TypeAlias = str | Callable[[sqlite3.Connection], None]
"""One step from version n to n+1: SQL statements without BEGIN and COMMIT, or a function that runs some."""


def open_database(
    path: Path, migrations: Sequence[Migration], *, copy_before: bool = True, shared: bool = False, timeout: float = 5.0
) -> sqlite3.Connection:
    """Open, or create, the database at `path` at version `len(migrations)`.

    The connection is in autocommit mode: write BEGIN and COMMIT yourself. With `shared`, several
    threads may use it, one at a time. An older database is first copied to `<name>.v<N>.bak`,
    unless `copy_before` is False. `timeout`: seconds to wait for another process's lock.

    Raises SchemaTooNew, or DataDirError where the file cannot be opened or is no database.
    """
    try:
        create_file(path)
        connection = connect(path, shared=shared, timeout=timeout)
    except (OSError, sqlite3.Error) as error:
        raise DataDirError(f"{path.name} cannot be opened: {error}") from error
    try:
        _migrate(connection, path, migrations, copy_before=copy_before)
    except sqlite3.Error as error:
        connection.close()
        raise DataDirError(f"{path.name} cannot be used: {error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect(path: Path, *, shared: bool = False, timeout: float = 5.0) -> sqlite3.Connection:
    """Open the existing database at `path` for durable writing; raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=not shared, timeout=timeout
    )
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA fullfsync=1")  # macOS: fsync alone leaves data in the drive's cache
        connection.execute("PRAGMA checkpoint_fullfsync=1")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def version(connection: sqlite3.Connection) -> int:
    """The schema version that a database carries; 0: just created."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def create_file(path: Path) -> None:
    """Make an empty 0600 file unless there is one, so that SQLite gives its WAL the same mode; its name is durable on return."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration], *, copy_before: bool) -> None:
    found = version(connection)
    if found > len(migrations):
        raise SchemaTooNew(f"{path.name} has schema version {found}; this Upwell knows versions up to {len(migrations)}")
    if copy_before and 0 < found < len(migrations):
        _copy(connection, path.with_name(f"{path.name}.v{found}.bak"))
    for number, migration in enumerate(migrations[found:], found):
        _apply(connection, number, migration)


def _apply(connection: sqlite3.Connection, number: int, migration: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version(connection) == number:  # another process may have come first
            if isinstance(migration, str):
                _run(connection, migration)
            else:
                migration(connection)
            connection.execute(f"PRAGMA user_version={number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Each statement by itself: `executescript` would commit our transaction first."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    """A copy under its final name is whole: it is written beside it and renamed. An existing one is the older truth and stays."""
    if target.exists():
        return
    draft = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    create_file(draft)
    copy = sqlite3.connect(draft)
    try:
        connection.backup(copy)
    finally:
        copy.close()
    handle = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.replace(target)
    sync_directory(target.parent)
