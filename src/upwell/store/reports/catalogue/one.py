"""Reports of the class `interaction`: single sessions and prompts. Each rests on one person, so that others are told only with a reason."""

from __future__ import annotations

from typing import Final

from upwell.store.reports.catalogue import common
from upwell.store.reports.report import Column, Report

SESSION_LIST: Final = Report(
    "session_list",
    "List of sessions",
    "Which sessions were there?",
    "The latest 1,000 sessions, without whose they are. `session` is a number of the store's own.",
    (
        Column("session", "id", "session"),
        Column("agent", "text", "agent"),
        Column("began", "time", "began"),
        Column("minutes", "min", "length"),
        common.PROMPTS,
        common.API_REQUESTS,
        common.TOOL_CALLS,
        Column("errors", "", "errors"),
        common.COST_USD,
    ),
    where="session IS NOT NULL",
    privacy="interaction",
)

SESSION: Final = Report(
    "session",
    "One session",
    "What was asked in one session?",
    "The prompts of one session, in order, and what each of them caused.",
    (
        Column("prompt", "id", "prompt"),
        Column("agent", "text", "agent"),
        Column("began", "time", "began"),
        Column("seconds", "s", "length"),
        Column("prompt_length", "characters", "length"),
        common.API_REQUESTS,
        common.TOOL_CALLS,
        Column("failures", "", "failures"),
        Column("tokens", "tokens", "tokens"),
        common.COST_USD,
    ),
    source="prompts",
    privacy="interaction",
    needs="session",
)

INTERACTION: Final = Report(
    "interaction",
    "One interaction",
    "What did one prompt cause?",
    "Everything that names the prompt, in order, with the seconds since the first of it.",
    (
        Column("at", "time", "time"),
        Column("after", "s", "after"),
        Column("kind", "text", "kind"),
        Column("agent", "text", "agent"),
        Column("model", "text", "model"),
        Column("tool", "text", "tool"),
        Column("mcp_server", "text", "MCP server"),
        Column("skill", "text", "skill"),
        Column("subagent", "text", "subagent"),
        Column("success", "", "success"),
        Column("decision", "text", "decision"),
        Column("error", "text", "error"),
        Column("duration_ms", "ms", "time taken"),
        Column("prompt_length", "characters", "length"),
        *common.TOKENS,
        common.COST_USD,
    ),
    source="interaction",
    privacy="interaction",
    needs="prompt",
)
