"""One question on its way to its answer: who stands behind it, its SQL, its rows and its notes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

import duckdb

from upwell.store.reports import floor, interaction, notes, people
from upwell.store.reports.answer import Answer
from upwell.store.reports.dimensions import DIMENSIONS, NAMED, ORDERED, OTHER, PERSON, Dimension
from upwell.store.reports.floor import Cell, Table, Verdict
from upwell.store.reports.query import Query
from upwell.store.reports.report import Column, Report
from upwell.store.reports.sources import SOURCES, UNKNOWN_TO
from upwell.store.reports.viewer import Access

PEOPLE: Final = Column("people", "", "people")


class Asking:
    """Asks one report one question. `one_group`: the whole installation lies below the floor."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        report: Report,
        query: Query,
        period: tuple[date, date],
        access: Access,
        *,
        floor: int,
        one_group: bool,
        enrolled: int,
    ) -> None:
        self._db = db
        self._report = report
        self._query = query
        self._keys = tuple(DIMENSIONS[name] for name in (*query.groupings(), *report.keys))
        self._filters = {} if report.needs else query.filters()  # one session or prompt is what it is
        self._period = period
        self._access = access
        self._one_group = one_group and access.floored
        self._least = floor if access.floored and not one_group else 0
        self._enrolled = enrolled
        self._given: dict[str, Any] = {"since": period[0], "until": period[1]}
        self._where = [_PERIOD, report.where]

    def answer(self) -> Answer:
        """The answer. `people` stands in every row of a report that counts people together."""
        if missing := sorted(UNKNOWN_TO[self._report.source] & self._filters.keys()):
            return self._answered([], [f"What {self._report.name} counts names no {missing[0]}, so that nothing is left of it."])
        self._confine()
        if self._report.source == "interaction":
            interaction.gather(self._db, self._query.more["prompt"], *self._period)
        verdict = self._verdict()
        rows = [] if verdict.withheld else self._rows(verdict)
        return self._answered(rows, self._notes(verdict))

    def _answered(self, rows: list[dict[str, Any]], notes: list[str]) -> Answer:
        keys = [Column(key.name, _unit(key), key.title) for key in self._keys]
        columns = (*keys, *([PEOPLE] if self._counts_people else []), *self._report.columns)
        return Answer(self._report.name, *self._period, columns, tuple(rows), tuple(notes))

    @property
    def _counts_people(self) -> bool:
        return self._report.privacy == "aggregate"

    def _confine(self) -> None:
        if self._access.person is not None:
            self._where.append(f"person IN (SELECT one.number FROM {NAMED} AS one WHERE one.called = $person)")  # noqa: S608 - constants
            self._given["person"] = self._access.person

    # Who stands behind it

    def _verdict(self) -> Verdict:
        if not self._counts_people:
            return Verdict(withheld=False, folded=tuple(frozenset() for _ in self._keys))
        if self._one_group and any(DIMENSIONS[name].place for name in self._filters):
            return Verdict(withheld=True)
        relation = f"{SOURCES[self._report.source]} WHERE {' AND '.join(self._where)}"
        chosen: Cell = tuple(self._filters.values())
        asked = people.behind(self._db, relation, [DIMENSIONS[name].sql for name in self._filters], self._given) if chosen else {}
        matches = [f"coalesce({DIMENSIONS[name].sql} = $f_{name}, false)" for name in self._filters]
        cells = people.behind(self._db, relation, [*matches, *(key.sql for key in self._keys)], self._given | self._chosen())
        manners = tuple(self._manner(key) for key in self._keys)
        return floor.decide(chosen, Table(asked, self._least), Table(cells, self._least), manners)

    def _chosen(self) -> dict[str, str]:
        return {f"f_{name}": value for name, value in self._filters.items()}

    def _manner(self, key: Dimension) -> floor.Manner:
        if self._one_group and key.place:
            return "one"
        return "merge" if key.merges else "blank"

    # Its figures

    def _rows(self, verdict: Verdict) -> list[dict[str, Any]]:
        found = self._db.execute(*self._sql(verdict))
        names = [column[0] for column in found.description or ()]
        rows = [self._row(dict(zip(names, values, strict=True)), verdict) for values in found.fetchall()]
        return sorted(rows, key=self._place) if self._counts_people else rows

    def _sql(self, verdict: Verdict) -> tuple[str, dict[str, Any]]:
        """The report's query over `facts`: the rows that filters leave, with merged values as one."""
        given = self._given | self._chosen()
        if "$" + (self._report.needs or " ") in self._report.sql:
            given |= self._query.needed(self._report)
        replaced: list[str] = []
        added: list[str] = []
        for key, merged in zip(self._keys, verdict.folded, strict=True):
            given |= {f"merged_{key.name}": [value for value in merged if value is not None]} if merged else {}
            (replaced if key.name in (key.sql, PERSON) else added).append(f'{_merging(key, merged)} AS "{key.name}"')
        columns = ", ".join([f"* REPLACE ({', '.join(replaced)})" if replaced else "*", *added])
        where = " AND ".join([*self._where, *(f"{DIMENSIONS[name].sql} = $f_{name}" for name in self._filters)])
        facts = f"SELECT {columns} FROM {SOURCES[self._report.source]} WHERE {where}"  # noqa: S608 - names of columns
        names = ", ".join(f'"{key.name}"' for key in self._keys)
        query = self._report.sql.replace("{keys}", f"{names}," if names else "").replace("{partition}", names or "true")
        return f"WITH facts AS ({facts}) FROM ({query})", given

    def _row(self, row: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
        """A row with its people; without figures where the floor has its cell blank."""
        cell = tuple(floor.OTHER if row[key.name] == _MERGED else row[key.name] for key in self._keys)
        shown = {key.name: OTHER if row[key.name] == _MERGED else row[key.name] for key in self._keys}
        behind = {PEOPLE.name: verdict.people.get(cell, 0).bit_count()} if self._counts_people else {}
        figures = behind | {one.name: _moment(row[one.name]) if one.unit == "time" else row[one.name] for one in self._report.columns}
        return {**shown, **(dict.fromkeys(figures) if cell in verdict.blank else figures)}

    def _place(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """What has an order of its own in that, then the largest first, then names; what was merged comes last."""
        ordered = [row[key.name] for key in self._keys if key.name in ORDERED]
        others = [(row[key.name] is None, str(row[key.name])) for key in self._keys if key.name not in ORDERED]
        size = row.get(self._report.sort) if self._report.sort else None
        return (*ordered, any(name == OTHER for _, name in others), -(size or 0), *others)

    def _notes(self, verdict: Verdict) -> list[str]:
        told = notes.of_floor(self._keys, verdict, self._least, one_group=self._one_group)
        if not verdict.withheld and self._report.source in ("uses", "lives"):
            told += notes.of_remarks(self._db, self._where, self._given, self._least)
        if self._report.name in _TELLS_OF_ENROLMENT:
            told += notes.of_enrolment(self._db, self._where, self._given, self._enrolled, self._least)
        return told


def _merging(key: Dimension, merged: frozenset[Any]) -> str:
    if not merged:
        return key.sql
    nobody = f"{key.sql} IS NULL OR " if None in merged else ""
    return f"CASE WHEN {nobody}list_contains($merged_{key.name}, {key.sql}) THEN '{_MERGED}' ELSE {key.sql} END"


def _unit(key: Dimension) -> str:
    return "day" if key.name in ("day", "week", "month", "cohort") else ""


def _moment(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


_PERIOD: Final = '"day" >= $since AND "day" < $until'
_MERGED: Final = "\x1fother"
_TELLS_OF_ENROLMENT: Final = frozenset({"overview", "active", "coverage"})
