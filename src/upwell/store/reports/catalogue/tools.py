"""Tool calls: what is called, how often it fails, how long it takes."""

from __future__ import annotations

from typing import Final

from upwell.store.reports.catalogue import common
from upwell.store.reports.report import Column, Report

_FAILURE: Final = "A failure is a call that its agent calls unsuccessful; a refused call has neither succeeded nor failed."
_TIMES: Final = "Times are those that agents state."

TOOLS: Final = Report(
    "tools",
    "Tools",
    "Which tools do people reach for?",
    f"A call counts when it ended or was refused. {_FAILURE} {_TIMES}",
    (common.CALLS, common.FAILURES, *common.QUANTILES),
    source="calls",
    keys=("tool",),
    groupings=common.EVERYWHERE,
    sort="calls",
)

TOOL_CALLS: Final = Report(
    "tool_calls",
    "Tool calls",
    "What tool calls are made, and how do they end?",
    "Calls by tool and outcome: succeeded, failed, refused, or unsaid where the agent does not tell.",
    (common.CALLS,),
    source="calls",
    keys=("tool", "outcome"),
    groupings=("agent", *common.PLACES, *common.TIMES),
    sort="calls",
)

TOOL_RELIABILITY: Final = Report(
    "tool_reliability",
    "Tool reliability",
    "Which tools fail, are refused, or take long?",
    f"{_FAILURE} The shares are of calls that tell their outcome. {_TIMES}",
    (
        common.CALLS,
        common.FAILURES,
        common.FAILURE_SHARE,
        Column("accepted", "", "accepted by hand or rule"),
        Column("rejected", "", "refused"),
        Column("rejected_share", "share", "refused"),
        *common.QUANTILES,
    ),
    source="calls",
    keys=("tool",),
    groupings=common.EVERYWHERE,
    sort="calls",
)

MCP: Final = Report(
    "mcp",
    "MCP servers",
    "Which MCP servers are used, and do they work?",
    f"Calls of tools that an agent says came from an MCP server. {_FAILURE} {_TIMES}",
    (common.CALLS, Column("tools", "", "tools"), common.FAILURES, common.FAILURE_SHARE, *common.QUANTILES),
    source="calls",
    where="mcp_server IS NOT NULL",
    keys=("mcp_server",),
    groupings=common.EVERYWHERE,
    sort="calls",
)

SKILLS: Final = Report(
    "skills",
    "Skills",
    "Which skills are used?",
    "Times that an agent says a skill was activated.",
    (common.SESSIONS, Column("activations", "", "activations")),
    where="skill_uses <> 0",
    keys=("skill",),
    groupings=common.EVERYWHERE,
    sort="activations",
)
