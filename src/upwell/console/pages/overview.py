"""Overview: is it used, more than before, for what, does it work, what does it cost. Not more than one screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from upwell.console import numbers
from upwell.console.answer import Answer
from upwell.console.drawing import Chart, over_days, spark
from upwell.console.office import Context, Visit
from upwell.console.pages.changes import sentences
from upwell.console.pages.empty import waiting
from upwell.console.pages.page import Page
from upwell.console.pages.sums import cache_share, tokens
from upwell.console.panel import Panel, panel, tabulate


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its change and its days. `against` is how it was before."""

    title: str
    value: str
    unit: str
    change: str | None
    against: str
    points: str
    note: str = ""
    estimated: bool = False


_FIGURES: Final = (
    ("people", "People", "count", ""),
    ("sessions", "Sessions", "count", ""),
    ("prompts", "Prompts", "count", ""),
    ("tool_calls", "Tool calls", "count", ""),
    ("tokens", "Tokens", "tokens", ""),
    ("cost_usd", "Cost", "usd", "list-price equivalent"),
)

_COUNTED: Final = (
    "A prompt is what somebody sent to an agent; each counts once, whichever signal told of it. A band is one agent's prompts of a day. "
    "Days begin at midnight in {zone}."
)


def overview(visit: Visit) -> Context:
    """The figures, the prompts by agent, and what changed."""
    now, before = visit.ask("overview"), visit.ask("overview", view=visit.view.before)
    if (unused := waiting(visit, now)) is not None:
        return unused
    daily = visit.ask("overview", "day")
    agents = visit.ask("overview", "day,agent")
    return {
        "figures": figures(visit, now, before, daily),
        "problem": now.problem,
        "notes": notes(now, agents),
        "prompts": _prompts(visit, agents),
        "changes": sentences(visit, now.first, before.first),
    }


def figures(visit: Visit, now: Answer, before: Answer, daily: Answer) -> list[Figure]:
    """The six numbers of the top row."""
    rows = {str(row["day"]): row for row in daily.rows}
    return [_figure(visit, one, now.first, before.first, rows) for one in _FIGURES]


def _figure(
    visit: Visit, one: tuple[str, str, str, str], now: Mapping[str, Any], before: Mapping[str, Any], rows: Mapping[str, Any]
) -> Figure:
    name, title, unit, note = one
    value, earlier = _value(now, name), _value(before, name)
    if name == "tokens" and (cached := cache_share(now)) is not None:
        note = f"{numbers.share(cached)} of input from cache"
    unknown = now.get("cost_unknown_requests") or 0
    if name == "cost_usd" and unknown:
        note = f"{numbers.share(unknown / max(now.get('api_requests') or 0, unknown))} of requests without a price"
    points = spark([_value(rows.get(day, {}), name) or 0 for day in visit.view.dates()]) if rows else ""
    against = f"from {numbers.written(earlier, unit, brief=True)}" if earlier is not None else ""
    return Figure(
        title, numbers.written(value, unit, brief=True), unit, numbers.change(value, earlier), against, points, note, name == "cost_usd"
    )


def _value(row: Mapping[str, Any], name: str) -> float | None:
    return tokens(row) if name == "tokens" else row.get(name)


def notes(*answers: Answer) -> Sequence[str]:
    """What the reports say beside their figures, each sentence once."""
    return list(dict.fromkeys(note for answer in answers for note in answer.notes))


def _prompts(visit: Visit, answer: Answer) -> Panel:
    days = visit.view.dates()
    chart = Chart("area", days, over_days(answer, days, "agent", "prompts"))
    counted = _COUNTED.format(zone=visit.office.zone())
    table = tabulate(answer)
    return panel(visit.view, answer, "prompts", "Prompts per day, by agent", counted, by="day,agent", chart=chart, table=table)


OVERVIEW = Page("/", "Overview", "How is it going?", "overview.html", overview)
