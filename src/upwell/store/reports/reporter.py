"""The engine: answers questions under the floor.

First who stands behind each cell, then what the floor makes of it, then the figures, with what it merged as one row. No report
has a part in that: its SQL finds its rows as `facts`, already merged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from typing import Any, Final, TypeAlias

import duckdb

from upwell.config import Reports
from upwell.errors import NoSuchEntry
from upwell.store.reports.answer import Answer
from upwell.store.reports.asking import Asking
from upwell.store.reports.query import Query
from upwell.store.reports.registry import REPORTS
from upwell.store.reports.report import Report
from upwell.store.reports.viewer import ANYBODY, Viewer, access
from upwell.store.rollup.refresh import Rollup
from upwell.store.rollup.tables import STEP_FLOOR_MS, STEP_RATIO
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

    def answer(self, name: str, query: Query, viewer: Viewer = ANYBODY) -> Answer:
        """Answer a question.

        Raises NoSuchEntry for an unknown report, ConfigError where the question does not fit it, PersonWithheld where it is about
        one person and the viewer may not ask that.
        """
        report = REPORTS.get(name)
        if report is None:
            raise NoSuchEntry(f"there is no report {name!r}", hint="List the reports with `upwell report --list`.")
        query.check(report)
        self._rollup.refresh()
        with closing(self._store.connection()) as db:
            for macro in _MACROS:
                db.execute(macro)
            since, until = query.period(self._today(db))
            enrolled, seen = self._enrolled(), _seen(db)
            one_group = max(enrolled, seen) < self._least
            granted = access(report, query, viewer, one_group=one_group)
            if granted.reveals:
                self._reveal(report, query, viewer, since, until)
            asking = Asking(db, report, query, (since, until), granted, floor=self._least, one_group=one_group, enrolled=enrolled)
            return asking.answer()

    def _reveal(self, report: Report, query: Query, viewer: Viewer, since: date, until: date) -> None:
        if self._audit is None:
            raise NoSuchEntry("nobody can be revealed here: there is nowhere to write it down", hint="Ask with `upwell report --reveal`.")
        asked = {"by": query.by, "person": query.person, **query.filters(), **query.more}
        told = {"report": report.name, "since": since.isoformat(), "until": until.isoformat(), "reason": viewer.reason}
        self._audit(viewer.asker, {**told, "asked": {name: value for name, value in asked.items() if value is not None}})

    def _today(self, db: duckdb.DuckDBPyConnection) -> date:
        (today,) = db.execute("SELECT timezone(?, now())::DATE::VARCHAR", [self._timezone]).fetchone() or ("",)
        return date.fromisoformat(today)


def _seen(db: duckdb.DuckDBPyConnection) -> int:
    (seen,) = db.execute("SELECT count(*) FROM people").fetchone() or (0,)
    return int(seen)


_MACROS: Final = (
    f"CREATE OR REPLACE TEMP MACRO step_ms(step) AS round({STEP_FLOOR_MS} * {STEP_RATIO} ** step, 2)",
    "CREATE OR REPLACE TEMP MACRO share(part, whole) AS CASE WHEN whole > 0 THEN (part / whole)::DOUBLE END",
)
"""What reports' SQL may use beside DuckDB's own functions."""
