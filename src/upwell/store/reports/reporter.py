"""The engine: answers questions under the floor.

First who stands behind each cell, then what the floor makes of it, then the figures, with what it merged as one row. No report
has a part in that: its SQL finds its rows as `facts`, already merged.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

import duckdb

from upwell.config import Reports
from upwell.errors import ConfigError, DataDirError, NoSuchEntry
from upwell.store.engine import words
from upwell.store.reports.answer import Answer
from upwell.store.reports.asking import Asking
from upwell.store.reports.export import Export, Exported, Format
from upwell.store.reports.query import Query
from upwell.store.reports.registry import REPORTS
from upwell.store.reports.report import Report
from upwell.store.reports.viewer import ANYBODY, Viewer, access
from upwell.store.rollup.refresh import Rollup
from upwell.store.store import Store

FRESH_SECONDS: Final = 1.0
"""How old the figures may be while rows keep coming."""

Audit: TypeAlias = Callable[[str, Mapping[str, Any]], None]
"""Writes down, for an asker, what is about to be revealed and why; called before anything is told."""


class Reporter:
    """Answers questions to one store. May be used from several threads at once."""

    def __init__(
        self,
        store: Store,
        settings: Reports,
        least: int,
        enrolled: Callable[[], int],
        *,
        audit: Audit | None = None,
        rest: float = FRESH_SECONDS,
    ) -> None:
        """`least` is the floor, `enrolled` how many people hold keys now, `rest` for how many seconds figures may be old.

        Without an `audit` nobody is revealed.
        """
        self._store = store
        self._timezone = settings.timezone
        self._least = least
        self._enrolled = enrolled
        self._audit = audit
        self._rollup = Rollup(store.transaction, settings.timezone, rest=rest)

    def refresh(self) -> None:
        """Count what is marked, so that the next question need not. Raises DataDirError."""
        with _ours(self._store):
            self._rollup.refresh()

    def stop(self) -> None:
        """Let go of a refresh under way; questions are then answered from what has been counted."""
        self._rollup.stop()

    def answer(self, name: str, query: Query, viewer: Viewer = ANYBODY) -> Answer:
        """Answer a question.

        Raises NoSuchEntry for an unknown report, ConfigError where the question does not fit it, PersonWithheld where it is about
        one person and the viewer may not ask that, DataDirError where the store fails.
        """
        report = REPORTS.get(name)
        if report is None:
            raise NoSuchEntry(f"there is no report {name!r}", hint="List the reports with `upwell report --list`.")
        query.check(report)
        self.refresh()
        with _snapshot(self._store) as db:
            since, until = query.period(self._today(db))
            enrolled, seen = self._enrolled(), _seen(db)
            one_group = max(enrolled, seen) < self._least
            granted = access(report, query, viewer, one_group=one_group)
            if granted.reveals:
                self._reveal(report, query, viewer, since, until)
            asking = Asking(db, report, query, (since, until), granted, floor=self._least, one_group=one_group, enrolled=enrolled)
            return asking.answer()

    def export(self, target: Path, format: Format, query: Query) -> Exported:  # noqa: A002 - the word for it
        """Write rows of a period, all that is stored by default, as a Parquet folder or a CSV file.

        Raises ConfigError where the target is there already, DataDirError where it cannot be written.
        """
        self.refresh()
        with _snapshot(self._store) as db, _fresh(target, format):
            (first,) = db.execute('SELECT min("day")::VARCHAR FROM rolled_uses').fetchone() or (None,)
            today = self._today(db)
            since, until = replace(query, since=query.since or (date.fromisoformat(first) if first else today)).period(today)
            one_group = max(self._enrolled(), _seen(db)) < self._least
            return Export(db, (since, until), self._timezone, 0 if one_group else self._least).write(target, format)

    def _reveal(self, report: Report, query: Query, viewer: Viewer, since: date, until: date) -> None:
        if self._audit is None:
            raise NoSuchEntry("nobody can be revealed here: there is nowhere to write it down", hint="Ask with `upwell report --reveal`.")
        asked = {"by": query.by, "person": query.person, **query.filters(), **query.more}
        told = {"report": report.name, "since": since.isoformat(), "until": until.isoformat(), "reason": viewer.reason}
        self._audit(viewer.asker, {**told, "asked": {name: value for name, value in asked.items() if value is not None}})

    def _today(self, db: duckdb.DuckDBPyConnection) -> date:
        (today,) = db.execute("SELECT timezone(?, now())::DATE::VARCHAR", [self._timezone]).fetchone() or ("",)
        return date.fromisoformat(today)


@contextmanager
def _snapshot(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on which all questions see one state: who stands behind a figure is decided by the rows it is counted from."""
    with _ours(store), closing(store.connection()) as db:
        for macro in _MACROS:
            db.execute(macro)
        db.execute("BEGIN")
        yield db


@contextmanager
def _ours(store: Store) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise DataDirError(f"{store.path} could not be read: {words(error)}", hint="Look at the disk, and at store.memory_limit.") from None


@contextmanager
def _fresh(target: Path, format: Format) -> Iterator[None]:  # noqa: A002
    """A target of our own: made, private, and gone again where writing it fails."""
    try:
        if format == "parquet":
            target.mkdir(mode=0o700)
        else:
            target.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise ConfigError(f"{target} is there already", hint="Name what does not exist yet, or remove it.") from None
    except OSError as error:
        raise DataDirError(f"{target} cannot be written: {error.strerror}", hint="Name a place that Upwell's user can write.") from None
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        _remove(target)
        raise DataDirError(f"{target} could not be written: {words(error)}", hint="Nothing of it was left; make room there.") from None
    except BaseException:
        _remove(target)
        raise


def _remove(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target, ignore_errors=True)
    else:
        target.unlink(missing_ok=True)


def _seen(db: duckdb.DuckDBPyConnection) -> int:
    (seen,) = db.execute("SELECT count(*) FROM people").fetchone() or (0,)
    return int(seen)


_MACROS: Final = ("CREATE OR REPLACE TEMP MACRO share(part, whole) AS CASE WHEN whole > 0 THEN (part / whole)::DOUBLE END",)
"""What reports' SQL may use beside DuckDB's own functions."""
