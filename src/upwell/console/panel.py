"""One block of a page: a sentence as title, a chart, its table, and for whoever doubts it the definition, the CSV and the command."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from upwell.console import numbers
from upwell.console.answer import Answer
from upwell.console.drawing import Chart, agent_name, part
from upwell.console.office import Visit
from upwell.console.view import View
from upwell.store.reports import REPORTS


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. `bar` is its bar's length in per cent, `tone` the bar's colour, `href` where it leads,
    `span` where a whisker begins and ends, in per cent, `moment` whether the text is a time.
    """

    text: str
    number: bool = False
    href: str = ""
    bar: float | None = None
    tone: str = "accent"
    withheld: bool = False
    span: tuple[float, float] | None = None
    moment: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Titles with whether their column is of numbers, and rows of cells."""

    heads: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Panel:
    """A block. `counted` is how its figures are counted; `shown` shows the table beside the
    chart instead of behind it, and `whole` is what is behind where the shown one has only the largest rows.
    """

    id: str
    title: str
    answer: Answer
    counted: str
    csv: str
    command: str
    chart: Chart | None = None
    table: Table | None = None
    whole: Table | None = None
    shown: bool = False
    wide: bool = True
    note: str = ""
    empty: str = "Nothing in this period."

    @property
    def blank(self) -> bool:
        """Whether there is nothing to show at all."""
        return (self.chart is None or self.chart.empty) and (self.table is None or not self.table.rows)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a column of an answer becomes a column of a table. `to` names a second column: the two are drawn as a whisker.

    `bar` is the tone of a bar as long as the value is beside `top`, by default the column's largest. `brief` shortens numbers.
    """

    name: str
    title: str = ""
    bar: str = ""
    to: str = ""
    top: float | None = None
    brief: bool = False
    href: Callable[[Mapping[str, Any]], str] | None = None
    text: Callable[[Mapping[str, Any]], str] | None = None


def tabulate(answer: Answer, shapes: Sequence[Shape] | None = None, *, limit: int | None = None) -> Table:
    """An answer as a table: the columns named, or all of them."""
    if shapes is None:
        shapes = [Shape(column.name) for column in answer.columns]
    columns = {column.name: column for column in answer.columns}
    shapes = [shape for shape in shapes if shape.name in columns]
    tops = {shape.name: shape.top or max((row.get(shape.name) or 0 for row in answer.rows), default=0) for shape in shapes if shape.bar}
    scale = _scale(answer, shapes)
    told = [row for row in answer.rows if row.get("people", 0) is not None]  # what the floor withholds is said in a note
    heads = [(_title(shape.title or columns[shape.name].title), bool(_numeric(columns[shape.name].unit))) for shape in shapes]
    rows = [[_cell(shape, columns[shape.name].unit, row, tops, scale) for shape in shapes] for row in told[:limit]]
    return Table(heads, rows)


def pick(answer: Answer, wanted: Callable[[Mapping[str, Any]], bool]) -> Answer:
    """An answer with some of its rows."""
    return replace(answer, rows=tuple(row for row in answer.rows if wanted(row)))


def panel(
    visit: Visit,
    answer: Answer,
    id: str,  # noqa: A002 - the attribute's name
    title: str,
    *,
    by: str | None = None,
    view: View | None = None,
    more: Mapping[str, str] | None = None,
    **rest: Any,
) -> Panel:
    """A panel whose links lead to the same question, counted as the report says."""
    view, report, given = view or visit.view, REPORTS.get(answer.report), dict(more or {})
    counted = f"{report.counted} Days begin at midnight in {visit.office.zone()}." if report else ""
    return Panel(
        id, title, answer, counted, view.api(answer.report, by, format="csv", **given), view.command(answer.report, by, **given), **rest
    )


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]


def _numeric(unit: str) -> bool:
    return unit not in ("", "name", "day", "date", "text", "id", "time")


def _cell(shape: Shape, unit: str, row: Mapping[str, Any], tops: Mapping[str, float], scale: tuple[float, float]) -> Cell:
    value = row.get(shape.name)
    numeric = _numeric(unit)
    if shape.text:
        text = shape.text(row)
    elif shape.name == "agent":
        text = agent_name(value)
    else:
        text = numbers.written(value, unit, brief=shape.brief)
    bar = None
    if shape.bar:
        bar = part(value, 1 if unit in ("share", "ratio") else tops[shape.name])
    href = shape.href(row) if shape.href and value else ""
    span = None
    if shape.to and value and row.get(shape.to):
        text = f"{text} – {numbers.written(row[shape.to], unit)}"
        span = _place(value, scale), _place(row[shape.to], scale)
    withheld = value is None and numeric and row.get("people") is None and "people" in row
    return Cell(text, numeric, href, bar, shape.bar or "accent", withheld, span, unit == "time" and bool(value))


def _scale(answer: Answer, shapes: Sequence[Shape]) -> tuple[float, float]:
    """The shortest and the longest of what whiskers show, as logarithms: durations differ by powers of ten."""
    names = [name for shape in shapes if shape.to for name in (shape.name, shape.to)]
    found = [math.log10(row[name]) for row in answer.rows for name in names if row.get(name)]
    return (min(found), max(found)) if found else (0.0, 1.0)


def _place(value: float, scale: tuple[float, float]) -> float:
    low, high = scale
    return round(2 + 96 * (math.log10(value) - low) / (high - low or 1), 1)
