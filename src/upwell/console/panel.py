"""One block of a page: a sentence as title, a chart, its table, and for whoever doubts it the definition, the CSV and the command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upwell.console import numbers
from upwell.console.answer import Answer
from upwell.console.drawing import Chart, agent_name, part
from upwell.console.view import View


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. `bar` is its bar's length in per cent, `tone` the bar's colour, `href` where it leads."""

    text: str
    number: bool = False
    href: str = ""
    bar: float | None = None
    tone: str = "accent"
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Titles with whether their column is of numbers, and rows of cells."""

    heads: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Panel:
    """A block. `counted` is how its figures are counted; `open` shows the table beside the chart instead of behind it."""

    id: str
    title: str
    answer: Answer
    counted: str
    csv: str
    command: str
    chart: Chart | None = None
    table: Table | None = None
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
    """How a column of an answer becomes a column of a table."""

    name: str
    title: str = ""
    bar: str = ""
    href: Callable[[Mapping[str, Any]], str] | None = None
    text: Callable[[Mapping[str, Any]], str] | None = None


def tabulate(answer: Answer, shapes: Sequence[Shape] | None = None, *, limit: int | None = None) -> Table:
    """An answer as a table: the columns named, or all of them."""
    if shapes is None:
        shapes = [Shape(column.name) for column in answer.columns]
    columns = {column.name: column for column in answer.columns}
    shapes = [shape for shape in shapes if shape.name in columns]
    tops = {shape.name: max((row.get(shape.name) or 0 for row in answer.rows), default=0) for shape in shapes if shape.bar}
    heads = [(shape.title or columns[shape.name].title, bool(_numeric(columns[shape.name].unit))) for shape in shapes]
    rows = [[_cell(shape, columns[shape.name].unit, row, tops) for shape in shapes] for row in answer.rows[:limit]]
    return Table(heads, rows)


def panel(
    view: View,
    answer: Answer,
    id: str,  # noqa: A002 - the attribute's name
    title: str,
    counted: str,
    *,
    by: str | None = None,
    more: Mapping[str, str] | None = None,
    **rest: Any,
) -> Panel:
    """A panel whose links lead to the same question."""
    found = dict(more or {})
    csv = view.api(answer.report, by, **found, format="csv")
    return Panel(id, title, answer, counted, csv, view.command(answer.report, by, **found), **rest)


def _numeric(unit: str) -> bool:
    return unit not in ("", "name", "day", "date", "text", "id", "time")


def _cell(shape: Shape, unit: str, row: Mapping[str, Any], tops: Mapping[str, float]) -> Cell:
    value = row.get(shape.name)
    numeric = _numeric(unit)
    if shape.text:
        text = shape.text(row)
    elif shape.name == "agent":
        text = agent_name(value)
    else:
        text = numbers.written(value, unit)
    bar = None
    if shape.bar:
        bar = part(value, 1 if unit in ("share", "ratio") else tops[shape.name])
    href = shape.href(row) if shape.href and value else ""
    return Cell(text, numeric, href, bar, shape.bar or "accent", withheld=value is None and numeric)
