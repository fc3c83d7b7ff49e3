"""Every report there is. Command line, API, console and documents all read this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upwell.store.reports.report import Column, Report

_PLACES: Final = ("team", "department", "cost_center", "organization")
_TIMES: Final = ("day", "week", "month")
_EVERYWHERE: Final = ("agent", "agent_version", "repository", *_PLACES, *_TIMES)


def _listed(*reports: Report) -> Mapping[str, Report]:
    return {report.name: report for report in reports}


REPORTS: Final = _listed(
    Report(
        "overview",
        "Overview",
        "How much are agents used?",
        "People are those whose key sent anything. A session counts when it has a prompt, or a request that is no subagent's. "
        "Input is uncached input, output includes reasoning. Cost is a list-price equivalent, not an invoice; requests whose price "
        "nobody knows add nothing to it and are counted apart.",
        (
            Column("sessions", "", "sessions"),
            Column("prompts", "", "prompts"),
            Column("api_requests", "", "API requests"),
            Column("tool_calls", "", "tool calls"),
            Column("tool_failures", "", "failed tool calls"),
            Column("errors", "", "errors"),
            Column("input_tokens", "tokens", "uncached input"),
            Column("output_tokens", "tokens", "output"),
            Column("cache_read_tokens", "tokens", "cache reads"),
            Column("cache_creation_tokens", "tokens", "cache creations"),
            Column("cost_usd", "USD", "cost (list-price equivalent)"),
            Column("cost_unknown_requests", "", "requests of unknown cost"),
        ),
        groupings=(*_EVERYWHERE, "model"),
        sort="prompts",
    ),
    Report(
        "tools",
        "Tools",
        "Which tools do people reach for?",
        "A call counts when it ended or was refused. A failure is a call that its agent calls unsuccessful; a refused call has neither "
        "succeeded nor failed. Times are those that agents state, kept in steps of 4 %.",
        (
            Column("calls", "", "calls"),
            Column("failures", "", "failures"),
            Column("p50_ms", "ms", "median time"),
            Column("p95_ms", "ms", "95th percentile"),
        ),
        source="calls",
        keys=("tool",),
        groupings=_EVERYWHERE,
        sort="calls",
    ),
)
