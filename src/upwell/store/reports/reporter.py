"""The engine: asks a report's SQL of the rollup, under the floor.

First who stands behind each cell, then what the floor makes of it, then the figures, with what it merged as one row. No report
has a part in that: its SQL finds its rows as `facts`, already merged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from typing import Any, Final

import duckdb

from upwell.config import Reports
from upwell.errors import NoSuchEntry
from upwell.store.reports import floor, people
from upwell.store.reports.answer import Answer
from upwell.store.reports.dimensions import DIMENSIONS, OTHER, TIMES, Dimension
from upwell.store.reports.floor import Cell, Table, Verdict
from upwell.store.reports.query import Query
from upwell.store.reports.registry import REPORTS
from upwell.store.reports.report import Column, Report
from upwell.store.rollup.refresh import Rollup
from upwell.store.rollup.tables import STEP_FLOOR_MS, STEP_RATIO
from upwell.store.store import Store

FRESH_SECONDS: Final = 1.0
"""How old the figures may be while rows keep coming."""

PEOPLE: Final = Column("people", "", "people")


class Reporter:
    """Answers questions to one store. May be used from several threads at once."""

    def __init__(self, store: Store, settings: Reports, least: int, enrolled: Callable[[], int], *, rest: float = FRESH_SECONDS) -> None:
        """`least` is the floor, `enrolled` how many people hold keys now, `rest` for how many seconds figures may be old."""
        self._store = store
        self._timezone = settings.timezone
        self._least = least
        self._enrolled = enrolled
        self._rollup = Rollup(store.transaction, settings.timezone, rest=rest)

    def answer(self, name: str, query: Query) -> Answer:
        """Answer a question. Raises NoSuchEntry for an unknown report, ConfigError where the question does not fit it."""
        report = REPORTS.get(name)
        if report is None:
            raise NoSuchEntry(f"there is no report {name!r}", hint="List the reports with `upwell report --list`.")
        by = query.groupings(report)
        self._rollup.refresh()
        with closing(self._store.connection()) as db:
            db.execute(_STEP_MS)
            since, until = query.period(self._today(db))
            return _Asking(db, report, query, by, since, until, self._floor(db)).answer()

    def _today(self, db: duckdb.DuckDBPyConnection) -> date:
        (today,) = db.execute("SELECT timezone(?, now())::DATE", [self._timezone]).fetchone() or (None,)
        return date.fromisoformat(str(today))

    def _floor(self, db: duckdb.DuckDBPyConnection) -> int:
        """The floor; 0 where the whole installation lies below it, and is one group."""
        (seen,) = db.execute("SELECT count(*) FROM people").fetchone() or (0,)
        return 0 if max(self._enrolled(), int(seen)) < self._least else self._least


class _Asking:
    """One question on its way to its answer."""

    def __init__(
        self, db: duckdb.DuckDBPyConnection, report: Report, query: Query, by: Sequence[str], since: date, until: date, least: int
    ) -> None:
        self._db = db
        self._report = report
        self._keys = tuple(DIMENSIONS[name] for name in (*by, *report.keys))
        self._filters = query.filters()
        self._period = since, until
        self._least = least

    def answer(self) -> Answer:
        verdict = self._verdict()
        rows = [] if verdict.withheld else self._rows(verdict)
        columns = (*(Column(key.name, "", key.title) for key in self._keys), PEOPLE, *self._report.columns)
        return Answer(self._report.name, *self._period, columns, tuple(self._sorted(rows)), tuple(self._notes(verdict)))

    def _verdict(self) -> Verdict:
        relation = f"rolled_{self._report.source} WHERE {_PERIOD}"
        chosen: Cell = tuple(self._filters.values())
        asked = people.behind(self._db, relation, [DIMENSIONS[name].sql for name in self._filters], self._days()) if chosen else {}
        matches = [f"coalesce({DIMENSIONS[name].sql} = ${name}, false)" for name in self._filters]
        cells = people.behind(self._db, relation, [*matches, *(key.sql for key in self._keys)], self._days() | self._filters)
        folds = tuple(key.merges for key in self._keys)
        return floor.decide(chosen, Table(asked, self._least), Table(cells, self._least), folds)

    def _days(self) -> dict[str, Any]:
        return {"since": self._period[0], "until": self._period[1]}

    def _rows(self, verdict: Verdict) -> list[dict[str, Any]]:
        found = self._db.execute(*self._sql(verdict))
        names = [column[0] for column in found.description or ()]
        return [self._row(dict(zip(names, values, strict=True)), verdict) for values in found.fetchall()]

    def _row(self, row: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
        """A row with its people; without figures where the floor has its cell blank."""
        cell = tuple(floor.OTHER if row[key.name] == _MERGED else row[key.name] for key in self._keys)
        figures = {PEOPLE.name: verdict.people.get(cell, 0).bit_count(), **{one.name: row[one.name] for one in self._report.columns}}
        shown = {key.name: OTHER if row[key.name] == _MERGED else row[key.name] for key in self._keys}
        return {**shown, **(dict.fromkeys(figures) if cell in verdict.blank else figures)}

    def _sql(self, verdict: Verdict) -> tuple[str, dict[str, Any]]:
        """The report's query over `facts`: the rows that filters leave, with merged values as one."""
        parameters = self._days() | self._filters
        replaced: list[str] = []
        added: list[str] = []
        for key, merged in zip(self._keys, verdict.folded, strict=True):
            parameters |= {f"merged_{key.name}": [value for value in merged if value is not None]} if merged else {}
            (replaced if key.name == key.sql else added).append(f'{_merging(key, merged)} AS "{key.name}"')
        columns = ", ".join([f"* REPLACE ({', '.join(replaced)})" if replaced else "*", *added])
        where = " AND ".join([_PERIOD, *(f"{DIMENSIONS[name].sql} = ${name}" for name in self._filters)])
        facts = f"SELECT {columns} FROM rolled_{self._report.source} WHERE {where}"  # noqa: S608 - names of columns
        names = ", ".join(f'"{key.name}"' for key in self._keys)
        query = self._report.sql.replace("{keys}", f"{names}," if names else "").replace("{partition}", names or "true")
        return f"WITH facts AS ({facts}) FROM ({query})", parameters

    def _sorted(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Times in their order, then the largest first, then names; what was merged comes last."""
        times = [key.name for key in self._keys if key.name in TIMES]
        names = [key.name for key in self._keys if key.name not in TIMES]

        def place(row: dict[str, Any]) -> tuple[Any, ...]:
            size = row.get(self._report.sort) if self._report.sort else None
            others = [(row[name] == OTHER, row[name] is None, str(row[name])) for name in names]
            return (*(row[name] for name in times), any(other[0] for other in others), -(size or 0), *others)

        return sorted(rows, key=place)

    def _notes(self, verdict: Verdict) -> list[str]:
        if not self._least:
            return ["Fewer people are enrolled than the floor: they are one group, broken down by anything but person and team."]
        if verdict.withheld:
            return [f"Withheld: these filters leave a group of fewer than {self._least} people, or tell of one beside it."]
        notes = [
            f"{OTHER}: {len(merged)} of {key.title}, merged because fewer than {self._least} people stand behind one."
            for key, merged in zip(self._keys, verdict.folded, strict=True)
            if merged
        ]
        if verdict.blank:
            notes.append(f"{len(verdict.blank)} rows are withheld: they rest on fewer than {self._least} people, or would tell of such.")
        return notes


def _merging(key: Dimension, merged: frozenset[Any]) -> str:
    if not merged:
        return key.sql
    nobody = f"{key.sql} IS NULL OR " if None in merged else ""
    return f"CASE WHEN {nobody}list_contains($merged_{key.name}, {key.sql}) THEN '{_MERGED}' ELSE {key.sql} END"


_PERIOD: Final = "day >= $since AND day < $until"
_MERGED: Final = "\x1fother"  # no name that telemetry can carry is trimmed to this
_STEP_MS: Final = f"CREATE OR REPLACE TEMP MACRO step_ms(step) AS round({STEP_FLOOR_MS} * {STEP_RATIO} ** step, 2)"
