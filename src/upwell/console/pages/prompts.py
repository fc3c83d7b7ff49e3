"""Prompts: how large they are and what one sets off. Lengths and counts; there is no text to show."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from upwell.console import numbers
from upwell.console.answer import Answer
from upwell.console.drawing import Chart, Mark, Series, one_line
from upwell.console.figures import figures
from upwell.console.office import Context, Visit
from upwell.console.pages.empty import instead
from upwell.console.pages.page import Page
from upwell.console.panel import Panel, panel, tabulate

_FIGURES: Final = (
    ("prompts", "Prompts", "count"),
    ("median_length", "Median length", "count"),
    ("p90_length", "p90 length", "count"),
    ("calls_per_prompt", "Tool calls per prompt", "each"),
    ("requests_per_prompt", "Requests per prompt", "each"),
    ("error_share", "With an error", "share"),
)


_NOTES: Final = {
    "median_length": "characters",
    "p90_length": "characters, nine of ten are shorter",
    "error_share": "a failed call or request",
}


def prompts(visit: Visit) -> Context:
    """Figures, sizes, and what a prompt sets off, over time and by agent."""
    now = visit.ask("prompts")
    if not now.first.get("prompts") and (other := instead(visit, visit.ask("overview"))) is not None:
        return other
    before, daily = visit.ask("prompts", view=visit.view.before), visit.ask("prompts", "day")
    found = figures(_FIGURES, (now, before, daily), visit.view.dates(), notes=_NOTES)
    return {"figures": found, "panels": [_sizes(visit, now), *_effects(visit, daily), _agents(visit)]}


def _sizes(visit: Visit, now: Answer) -> Panel:
    answer = visit.ask("prompt_sizes")
    steps = [int(row["size"]) for row in answer.rows if row.get("size") is not None]
    names = [
        *(f"{numbers.short(low)} – {numbers.short(high)}" for low, high in pairwise(steps)),
        *(f"{numbers.short(last)} +" for last in steps[-1:]),
    ]
    data = [row.get("prompts") for row in answer.rows if row.get("size") is not None]
    marks = [
        Mark(names[_step(steps, length)], f"{words} {numbers.exact(length)}")
        for words, name in (("median", "median_length"), ("p90", "p90_length"))
        if steps and (length := now.first.get(name)) is not None
    ]
    chart = Chart("histogram", names, [Series("Prompts", "accent", data)], axis="name", marks=marks)
    return panel(visit, answer, "sizes", "Prompts by length in characters, on a logarithmic scale", chart=chart, table=tabulate(answer))


def _step(steps: list[int], length: float) -> int:
    """The step that a length lies in."""
    return max((place for place, low in enumerate(steps) if low <= length), default=0)


def _effects(visit: Visit, daily: Answer) -> list[Panel]:
    days = visit.view.dates()
    caused = [one_line(daily, days, "calls_per_prompt", "Tool calls"), one_line(daily, days, "requests_per_prompt", "Requests", "series-2")]
    failed = [one_line(daily, days, "error_share", "With an error", "bad")]
    first = Chart("lines", days, caused, unit="count")
    second = Chart("lines", days, failed, unit="share")
    table = tabulate(daily)
    return [
        panel(visit, daily, "effects", "What a prompt sets off, per day", by="day", chart=first, table=table, wide=False),
        panel(visit, daily, "errors", "Share of prompts with an error, per day", by="day", chart=second, table=table, wide=False),
    ]


def _agents(visit: Visit) -> Panel:
    answer = visit.ask("prompts", "agent")
    return panel(visit, answer, "agents", "Prompts by agent", by="agent", table=tabulate(answer), shown=True)


PROMPTS = Page("/prompts", "Prompts", "How large are prompts, what does one set off?", "panels.html", prompts)
