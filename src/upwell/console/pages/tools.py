"""Tools: which ones people reach for, whether they work, and how long they take; one of them over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from upwell.console.answer import Answer
from upwell.console.drawing import OTHER, Chart, Series
from upwell.console.office import Context, Visit
from upwell.console.pages.empty import instead
from upwell.console.pages.page import Page
from upwell.console.panel import Panel, Shape, Table, panel, pick, tabulate

_SERVER = "mcp__"
"""How agents write the tools of an MCP server: mcp__SERVER__TOOL."""

_OUTCOMES = (
    ("succeeded", "Worked", "accent"),
    ("unsaid", "Not said", "series-other"),
    ("refused", "Refused", "series-4"),
    ("failed", "Failed", "bad"),
)

_FIRST = 16
"""Rows that are shown at once."""


def tools(visit: Visit) -> Context:
    """All tools in their groups, or one of them in time first."""
    answer = visit.ask("tool_reliability")
    if not answer.rows and (other := instead(visit, visit.ask("overview"))) is not None:
        return other
    chosen = visit.view.more.get("tool")
    trend = [_trend(visit, chosen)] if chosen else []
    return {"panels": [*trend, *_groups(visit, answer), _servers(visit), _skills(visit)]}


def _groups(visit: Visit, answer: Answer) -> list[Panel]:
    built_in, served = pick(answer, lambda row: not _is_served(row)), pick(answer, _is_served)
    found = [_listed(visit, built_in, "tools", "Built-in tools, by number of calls", answer)]
    return [*found, _listed(visit, served, "served", "Tools of MCP servers, by number of calls", answer)] if served.rows else found


def _is_served(row: Mapping[str, Any]) -> bool:
    return str(row.get("tool") or "").startswith(_SERVER)


def _listed(visit: Visit, answer: Answer, id: str, title: str, whole: Answer) -> Panel:  # noqa: A002
    def href(row: Mapping[str, Any]) -> str:
        return "" if row["tool"] == OTHER else "/tools" + visit.view.query(tool=row["tool"])

    def name(row: Mapping[str, Any]) -> str:
        return str(row["tool"] or "not named").removeprefix(_SERVER).replace("__", " · ")

    most = max((row.get("calls") or 0 for row in whole.rows), default=0)
    shapes = [
        Shape("tool", "Tool", href=href, text=name),
        Shape("calls", "Calls", bar="accent", top=most),
        Shape("failure_share", "Failed", bar="bad", top=1),
        Shape("rejected_share", "Refused"),
        Shape("p50_ms", "Half within – 95 % within", to="p95_ms"),
    ]
    everything = tabulate(answer, shapes) if len(answer.rows) > _FIRST else None
    return panel(visit, answer, id, title, table=tabulate(answer, shapes, limit=_FIRST), whole=everything, shown=True)


def _trend(visit: Visit, tool: str) -> Panel:
    answer = pick(visit.ask("tool_calls", "day"), lambda row: row.get("tool") == tool)
    days = visit.view.dates()
    found = {(str(row["day"]), row["outcome"]): row.get("calls") for row in answer.rows}
    series = [Series(words, color, [found.get((day, outcome)) for day in days]) for outcome, words, color in _OUTCOMES]
    chart = Chart("bars", days, [one for one in series if any(one.data)])
    shapes = [Shape("day"), Shape("outcome"), Shape("calls")]
    title = f"Calls of {tool.removeprefix(_SERVER).replace('__', ' · ')} per day, and how they ended"
    made = panel(visit, answer, "trend", title, by="day", chart=chart, table=tabulate(answer, shapes))
    return replace(made, empty="No day of this period has calls of this tool by enough people.")


def _servers(visit: Visit) -> Panel:
    answer = visit.ask("mcp")
    shapes = [
        Shape("mcp_server", "Server"),
        Shape("people"),
        Shape("calls", bar="accent"),
        Shape("failure_share", "Failed", bar="bad"),
        Shape("p50_ms", "Median time"),
    ]
    empty = "No calls of MCP servers in this period."
    return panel(
        visit, answer, "mcp", "MCP servers, by number of calls", table=tabulate(answer, shapes), shown=True, wide=False, empty=empty
    )


def _skills(visit: Visit) -> Panel:
    answer = visit.ask("skills")
    shapes = [Shape("skill", "Skill"), Shape("people"), Shape("sessions"), Shape("activations", bar="accent")]
    table: Table = tabulate(answer, shapes)
    return panel(
        visit, answer, "skills", "Skills, by number of uses", table=table, shown=True, wide=False, empty="No skill was used in this period."
    )


TOOLS = Page("/tools", "Tools", "Which tools do people reach for, and do they work?", "panels.html", tools, more=("tool",))
