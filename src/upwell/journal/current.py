"""The one segment that the gateway writes: made, appended to, probed, checkpointed, closed. Nothing here knows of requests.

Every commit is fsynced and then marked. Commits never run a checkpoint, which would hold up requests: another thread copies the WAL
into the main file beside them, by `checkpoint` (its last pages apart, see `catch_up`), and for good by `retire`. Where a commit fails,
`Failure` says what is known.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from upwell.database import open_database
from upwell.journal import layout, record
from upwell.journal.disk import sync_directory
from upwell.journal.mark import Mark, MarkFile, Running, encode
from upwell.journal.record import Record

_LOCK_SECONDS = 1.0
"""Nobody but an operator's own sqlite3 holds the write lock; the event loop waits for it this long."""

_PASSES = 4
_FEW_FRAMES = 64
"""256 KiB: less than the event loop notices."""

_UNHARMED = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT})
"""What SQLite refuses without harm to the file: a write to a full disk never reaches the frame that makes a commit count."""


class Failure(Exception):
    """A commit that did not end well.

    `spent`: commit nothing more into this segment. `unstored`: the rows are certainly not in it. Spent but not surely unstored is
    what an error of COMMIT itself leaves: seal it. `unmarked`: the rows are stored and durable, only their mark is not written.
    """

    def __init__(self, reason: str, *, spent: bool, unstored: bool, unmarked: bool = False) -> None:
        super().__init__(reason)
        self.spent = spent
        self.unstored = unstored
        self.unmarked = unmarked


def make_directory(directory: Path) -> None:
    """Make the journal's directory, closed to others; raises OSError."""
    directory.mkdir(0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)


def prepare(directory: Path) -> Path:
    """Make an empty database that `Current` can adopt, and its directory; raises OSError, sqlite3.Error or DataDirError."""
    make_directory(directory)
    path = layout.draft(directory)
    try:
        with contextlib.closing(open_database(path, record.MIGRATIONS, copy_before=False)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except BaseException:
        discard(path)
        raise
    return path


def discard(path: Path) -> None:
    """Remove a prepared database."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


class Current:
    """An open segment. Used by one thread, but for `checkpoint` and `retire`, which take their turns in another."""

    def __init__(self, directory: Path, name: str, prepared: Path) -> None:
        """Adopt a prepared database under `name`: from here on, older segments are final.

        Raises OSError or sqlite3.Error; the name is then used up, the prepared file may be too.
        """
        self.name = name
        self.size = 0
        self._running = Running()
        self._database = layout.database(directory, name)
        self._watched = tuple(map(str, (self._database, layout.wal(directory, name), layout.mark(directory, name))))  # asked at each commit
        try:
            self._mark_file = MarkFile(layout.mark(directory, name))
            try:
                prepared.rename(self._database)
                sync_directory(directory)
                self._connection = self._opened()
            except (OSError, sqlite3.Error):
                self._mark_file.close()
                raise
        except (OSError, sqlite3.Error):
            _remove(directory, name)
            raise

    def _opened(self) -> sqlite3.Connection:
        connection = _connect(self._database, _LOCK_SECONDS)
        try:
            _touch(connection)
            self._files = self._look()
        except (OSError, sqlite3.Error):
            connection.close()
            raise
        return connection

    @property
    def mark(self) -> Mark:
        """What is stored and marked so far."""
        return self._running.mark()

    def commit(self, records: Sequence[Record]) -> None:
        """Store rows durably, in order, and mark them; raises Failure."""
        self._check_files()
        rows = [one.values(seq) for seq, one in enumerate(records, self._running.seq + 1)]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(record.INSERT, rows)
        except sqlite3.Error as error:
            raise Failure(str(error), spent=self._undo(error), unstored=True) from error
        except BaseException:
            self._roll_back()
            raise
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            spent = self._undo(error)
            raise Failure(str(error), spent=spent, unstored=not spent) from error
        for one in records:
            self._running.add(one.entry)
            self.size += one.size
        self._write_mark()

    def probe(self) -> None:
        """Commit and fsync one page without touching a row, and write the mark again; raises Failure."""
        self._check_files()
        try:
            _touch(self._connection)
        except sqlite3.Error as error:
            raise Failure(str(error), spent=self._undo(error), unstored=True) from error
        self._write_mark()

    def checkpoint(self) -> None:
        """Copy pages from the WAL into the main file beside the commits, until few are left for `catch_up`.

        Raises OSError or sqlite3.Error, after which nothing is lost: the WAL grows until a later one succeeds.
        """
        with contextlib.closing(_connect(self._database, timeout=0)) as connection:
            for _ in range(_PASSES):
                _, frames, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if frames - copied < _FEW_FRAMES:
                    break
        self._mark_file.sync()

    def catch_up(self) -> None:
        """Copy the pages that were committed during `checkpoint`: with all of them copied, the next commit starts the WAL anew.

        A reader at work can prevent that; then a later one does it.
        """
        with contextlib.suppress(sqlite3.Error):  # what is wrong with the file, the next commit will tell
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def retire(self) -> None:
        """Checkpoint all of it and close; raises sqlite3.Error, after which the WAL stays, as good as it was."""
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self.abandon()

    def seal(self) -> None:
        """Declare void what a failed COMMIT may have left behind, so that the retry of its batches, elsewhere, is their only copy."""
        with contextlib.suppress(OSError):  # on a disk that takes nothing at all they may come twice
            self._mark_file.write(encode(replace(self.mark, sealed=True)))

    def abandon(self) -> None:
        """Close it as it is."""
        with contextlib.suppress(OSError):
            self._mark_file.sync()
        with contextlib.suppress(sqlite3.Error):  # closing tries a last checkpoint; why the segment is given up has been said before
            self._connection.close()
        self._mark_file.close()

    def _look(self) -> tuple[list[int], int]:
        database, wal, mark = map(os.stat, self._watched)
        self.size = database.st_size + wal.st_size
        return [database.st_ino, wal.st_ino, mark.st_ino], wal.st_size

    def _check_files(self) -> None:
        """SQLite goes on writing to files that were deleted, replaced or cut under it, where no reader will find the rows."""
        try:
            files = self._look()
        except OSError as error:
            raise Failure(f"{self.name} is gone: {error.strerror}", spent=True, unstored=True) from error
        if files[0] != self._files[0] or files[1] < self._files[1]:
            raise Failure(f"{self.name} was replaced or cut by another program", spent=True, unstored=True)
        self._files = files

    def _write_mark(self) -> None:
        try:
            self._mark_file.write(self._running.encoded())
        except OSError as error:
            raise Failure(
                f"the mark of {self.name} cannot be written: {error.strerror}", spent=False, unstored=False, unmarked=True
            ) from error

    def _undo(self, error: sqlite3.Error) -> bool:
        """Roll back, and say whether the segment is spent."""
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return not self._roll_back() or code & 0xFF not in _UNHARMED

    def _roll_back(self) -> bool:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            return False
        return True


def _remove(directory: Path, name: str) -> None:
    """Take back a segment that could not be opened: nothing is in it."""
    for path in layout.files(directory, name):
        with contextlib.suppress(OSError):  # the disk may be read-only by now; an empty segment does no harm
            path.unlink(missing_ok=True)


def _touch(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA user_version={len(record.MIGRATIONS)}")  # commits page 1, though it changes nothing


def _connect(database: Path, timeout: float) -> sqlite3.Connection:
    """An existing database, opened for durable writing; raises sqlite3.Error."""
    uri = f"{database.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=timeout)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA fullfsync=1")  # macOS: fsync alone leaves data in the drive's cache
    connection.execute("PRAGMA checkpoint_fullfsync=1")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection
