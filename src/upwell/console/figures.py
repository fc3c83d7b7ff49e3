"""The numbers at the top of a page: each with its unit, its change against the period before, and its days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from upwell.console import numbers
from upwell.console.answer import Answer
from upwell.console.drawing import spark


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `against` is how it was before, `points` its sparkline; an `estimated` one is marked so."""

    title: str
    value: str
    change: str | None = None
    against: str = ""
    points: str = ""
    note: str = ""
    estimated: bool = False


def figure(
    title: str,
    value: float | None,
    before: float | None,
    unit: str,
    *,
    days: Sequence[float | None] = (),
    note: str = "",
    estimated: bool = False,
) -> Figure:
    """A number beside what it was before."""
    against = f"from {numbers.written(before, unit, brief=True)}" if before is not None and value is not None else ""
    return Figure(title, numbers.written(value, unit, brief=True), numbers.change(value, before), against, spark(days), note, estimated)


def figures(
    specs: Sequence[tuple[str, str, str]],
    answers: tuple[Answer, Answer, Answer],
    dates: Sequence[str],
    *,
    notes: Mapping[str, str] | None = None,
    estimated: str = "",
) -> list[Figure]:
    """A report's columns as figures, each spec being (column, title, unit). The answers are of now, of before, and by day."""
    now, before, daily = answers
    rows = by_day(daily)
    return [
        figure(
            title,
            now.first.get(name),
            before.first.get(name),
            unit,
            days=[rows.get(day, {}).get(name) for day in dates],
            note=(notes or {}).get(name, ""),
            estimated=name == estimated,
        )
        for name, title, unit in specs
    ]


def by_day(answer: Answer) -> Mapping[str, Mapping[str, Any]]:
    """The rows of an answer by day."""
    return {str(row["day"]): row for row in answer.rows}
