"""Tools: which ones people reach for, whether they work, and how long they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from upwell.console.office import Context, Visit
from upwell.console.pages.page import Page
from upwell.console.panel import Panel, Shape, panel, tabulate

_COUNTED: Final = (
    "A call is one use of a tool by an agent. It failed where the agent said so; what a person declined is a decision and no failure. "
    "p50 and p95 are the durations that half and nineteen of twenty calls stayed under; calls without a duration are left out."
)


def tools(visit: Visit) -> Context:
    """All tools, or one of them in time."""
    chosen = visit.view.more.get("tool")
    answer = visit.ask("tools")
    rows = [_with_rate(row) for row in answer.rows]
    return {"problem": answer.problem, "notes": list(answer.notes), "panels": [_all(visit)], "groups": rows, "chosen": chosen}


def _with_rate(row: Mapping[str, Any]) -> dict[str, Any]:
    failures, calls = row.get("failures"), row.get("calls")
    return {**row, "rate": failures / calls if failures is not None and calls else None}


def _all(visit: Visit) -> Panel:
    answer = visit.ask("tools")
    shapes = [Shape("tool"), Shape("calls", bar="accent"), Shape("failures", bar="bad"), Shape("p50_ms"), Shape("p95_ms")]
    return panel(visit.view, answer, "tools", "Tools by number of calls", _COUNTED, table=tabulate(answer, shapes), shown=True)


TOOLS = Page("/tools", "Tools", "Which tools do people reach for, and do they work?", "panels.html", tools, more=("tool",))
