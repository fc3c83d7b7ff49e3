"""Overview: is it used, more than before, for what, does it work, what does it cost. Not more than one screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from upwell.console import numbers
from upwell.console.answer import Answer
from upwell.console.drawing import Chart, over_days
from upwell.console.figures import Figure, by_day, figure
from upwell.console.office import Context, Visit
from upwell.console.pages.changes import sentences
from upwell.console.pages.empty import instead
from upwell.console.pages.page import Page
from upwell.console.pages.sums import cache_share, tokens
from upwell.console.panel import Panel, panel, tabulate

_FIGURES: Final = (
    ("people", "People", "count"),
    ("sessions", "Sessions", "count"),
    ("prompts", "Prompts", "count"),
    ("tool_calls", "Tool calls", "count"),
    ("tokens", "Tokens", "tokens"),
    ("cost_usd", "Cost at list prices", "usd"),
)


def overview(visit: Visit) -> Context:
    """The figures, the prompts by agent, and what changed."""
    now = visit.ask("overview")
    if (other := instead(visit, now)) is not None:
        return other
    before, daily = visit.ask("overview", view=visit.view.before), visit.ask("overview", "day")
    return {
        "figures": [_figure(visit, one, now.first, before.first, daily) for one in _FIGURES],
        "prompts": _prompts(visit, daily),
        "changes": sentences(visit, now.first, before.first),
    }


def _figure(visit: Visit, one: tuple[str, str, str], now: Mapping[str, Any], before: Mapping[str, Any], daily: Answer) -> Figure:
    name, title, unit = one
    rows = by_day(daily)
    days = [_value(rows.get(day, {}), name) for day in visit.view.dates()]
    return figure(title, _value(now, name), _value(before, name), unit, days=days, note=_note(name, now), estimated=name == "cost_usd")


def _note(name: str, now: Mapping[str, Any]) -> str:
    if name == "tokens" and (cached := cache_share(now)) is not None:
        return f"{numbers.share(cached)} of input from cache"
    unknown = now.get("cost_unknown_requests") or 0
    if name == "cost_usd" and unknown:
        return f"{numbers.share(unknown / max(now.get('api_requests') or 0, unknown))} of requests without a price"
    return ""


def _value(row: Mapping[str, Any], name: str) -> float | None:
    return tokens(row) if name == "tokens" else row.get(name)


def _prompts(visit: Visit, daily: Answer) -> Panel:
    answer, days = visit.ask("overview", "day,agent"), visit.view.dates()
    chart = Chart("area", days, over_days(answer, daily, days, "agent", "prompts"))
    return panel(visit, answer, "prompts", "Prompts per day, by agent", by="day,agent", chart=chart, table=tabulate(answer))


OVERVIEW = Page("/", "Overview", "How is it going?", "overview.html", overview)
