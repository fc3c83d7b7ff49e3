"""The books of one data directory, open for whoever holds `worker.lock`: what every operation is given."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from upwell.config import Settings
from upwell.errors import DataDirError
from upwell.identity import Tombstones
from upwell.journal import salvage
from upwell.journal.book import Book
from upwell.journal.segment import Segments
from upwell.relay import Relay, Shelf
from upwell.service.reporting import Reporting
from upwell.store import FILE, Store

_log = logging.getLogger("upwell.worker")


@dataclass(frozen=True, slots=True)
class Desk:
    """The books of one data directory, open for whoever holds `worker.lock`. `relay` is None where no worker runs.

    The usage store on the `shelf` is opened when something needs it.
    """

    settings: Settings
    book: Book
    segments: Segments
    shelf: Shelf
    relay: Relay | None = None
    reporting: Reporting = field(default_factory=Reporting)

    @staticmethod
    @contextmanager
    def open(settings: Settings) -> Iterator[Desk]:
        """Open the books without a relay; damaged ones are made anew first. Raises DataDirError and SchemaTooNew."""
        path, segments = settings.data_dir / "relay.db", Segments(settings.data_dir / "journal")
        _mend(path, segments)
        book = Book(path)
        tombstones = Tombstones(settings.data_dir / "keys.db")
        shelf = Shelf(partial(Store, settings.data_dir / FILE, memory_limit=settings.store.memory_limit, forgotten=tombstones))
        try:
            yield Desk(settings, book, segments, shelf)
        finally:
            shelf.close()
            tombstones.close()
            book.close()


def _mend(path: Path, segments: Segments) -> None:
    reason = salvage.fault(path)
    if reason is None:
        return
    try:
        booked = salvage.salvage(path, segments, reason, clock_ns=time.time_ns)
    except (OSError, sqlite3.Error) as error:
        raise DataDirError(f"{path} is damaged ({reason}), and could not be made anew: {error}") from None
    _log.error("%s; see `upwell ledger`", booked.message)
