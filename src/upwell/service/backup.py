"""One consistent copy of a data directory, while gateway and worker run on.

The copy holds every batch that its books know of, and knows no batch as settled that was not: books first,
then the journal, with nobody deleting in between. Started on it, Upwell sends again what was settled after the copy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from upwell import audit
from upwell.errors import DataDirError
from upwell.journal import layout
from upwell.journal.book import Book
from upwell.journal.segment import Segments
from upwell.relay import Shelf
from upwell.store import FILE


def copy(data_dir: Path, book: Book, segments: Segments, target: Path, shelf: Shelf | None = None) -> list[Path]:
    """Copy keys, books, journal and the usage store to `target`; the files written. Raises DataDirError, and leaves no half copy."""
    _prepare(data_dir, target)
    try:
        with tempfile.TemporaryDirectory(prefix="backup-", dir=data_dir) as staged:
            _copy(data_dir, book, segments, Path(staged), target, shelf)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(target, ignore_errors=True)
        reason = getattr(error, "strerror", None) or error
        raise DataDirError(
            f"the copy to {target} failed: {reason}", hint="Nothing of it was left; free space there, or elsewhere."
        ) from None
    return sorted(path for path in target.rglob("*") if path.is_file())


def _prepare(data_dir: Path, target: Path) -> None:
    if target.resolve().is_relative_to(data_dir.resolve()):
        raise DataDirError(f"{target} lies inside data_dir", hint="Name a folder elsewhere, at best on another disk.")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise DataDirError(f"{target} is not empty", hint="Name a folder that does not exist yet.")
    except OSError as error:
        raise DataDirError(f"{target} cannot be written: {error.strerror}", hint="Name another folder.") from None


def _copy(data_dir: Path, book: Book, segments: Segments, staged: Path, target: Path, shelf: Shelf | None) -> None:
    journal = data_dir / "journal"
    (target / "journal").mkdir(mode=0o700)
    with book.db.snapshot():  # while it is held no lane books, and so the janitor deletes nothing
        book.db.backup(target / "relay.db")
        names = segments.names()
        _link(journal, names[:-1], staged)
        for newest in names[-1:]:
            _copy_live(journal, newest, target / "journal")
        if shelf is not None and (data_dir / FILE).exists():
            shelf.store().copy(
                target
            )  # what it has beyond the books is in the journal's copy too, and is booked without being stored again
    _copy_database(data_dir / "keys.db", target / "keys.db")
    with suppress(FileNotFoundError):
        shutil.copy2(data_dir / audit.NAME, target / audit.NAME)
    for file in staged.iterdir():
        shutil.copy2(file, target / "journal" / file.name)
    for file in target.rglob("*"):
        file.chmod(0o700 if file.is_dir() else 0o600)
        _sync(file)
    _sync(target)


def _link(journal: Path, names: Iterable[str], staged: Path) -> None:
    """Hold on to finished segments, which nobody writes any more, by second names: that takes no time and no space."""
    for name in names:
        for file in (layout.database(journal, name), layout.wal(journal, name), layout.mark(journal, name)):
            with suppress(FileNotFoundError):
                os.link(file, staged / file.name)


def _copy_live(journal: Path, name: str, target: Path) -> None:
    """Copy the segment being written: the mark first, because rows beyond a mark are good rows, and a mark beyond its rows is a loss."""
    shutil.copy2(layout.mark(journal, name), target)
    _copy_database(layout.database(journal, name), layout.database(target, name))


def _copy_database(source: Path, target: Path) -> None:
    if not source.exists():
        return
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as ours, closing(sqlite3.connect(target)) as theirs:
        ours.backup(theirs)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
