"""Prompts, what they cause, and what comes of it."""

from __future__ import annotations

from typing import Final

from upwell.store.reports.catalogue import common
from upwell.store.reports.report import Column, Report

PROMPTS: Final = Report(
    "prompts",
    "Prompts",
    "How large are prompts, and what does one of them cause?",
    "Lengths are characters as agents state them; none is kept of the text. Calls, requests, tokens and cost are those that name the "
    f"prompt. A prompt has an error when a call, or a request, of it failed. {common.COST}",
    (
        common.PROMPTS,
        Column("median_length", "characters", "median length"),
        Column("p90_length", "characters", "90th percentile"),
        Column("calls_per_prompt", "", "tool calls per prompt"),
        Column("requests_per_prompt", "", "requests per prompt"),
        Column("tokens_per_prompt", "tokens", "tokens per prompt"),
        Column("cost_per_prompt_usd", "USD", "cost per prompt"),
        Column("error_share", "share", "with an error"),
    ),
    source="prompts",
    groupings=common.EVERYWHERE,
    sort="prompts",
)

PROMPT_SIZES: Final = Report(
    "prompt_sizes",
    "Prompt sizes",
    "How are the sizes of prompts distributed?",
    "Prompts by length in characters, in steps of about three times: `size` is the smallest length of a step.",
    (common.PROMPTS,),
    source="prompts",
    where="prompts <> 0 AND prompt_length IS NOT NULL",
    keys=("size",),
    groupings=("agent", *common.PLACES),
)

OUTCOMES: Final = Report(
    "outcomes",
    "Outcomes",
    "What comes of it: lines, commits, pull requests?",
    "What agents say of their own work, which is neither all of it nor proof that it stayed. Acceptance is of edits that somebody "
    "decided on. Only Claude Code tells active time.",
    (
        Column("lines_added", "", "lines added"),
        Column("lines_removed", "", "lines removed"),
        Column("commits", "", "commits"),
        Column("pull_requests", "", "pull requests"),
        Column("edits_accepted", "", "edits accepted"),
        Column("edits_rejected", "", "edits refused"),
        Column("acceptance_share", "share", "accepted"),
        Column("active_hours", "h", "active time"),
    ),
    groupings=common.EVERYWHERE,
    sort="lines_added",
)

ERRORS: Final = Report(
    "errors",
    "Errors",
    "Which errors do agents meet?",
    "Errors by class or status, never by message: messages quote what was asked.",
    (Column("errors", "", "errors"), common.SESSIONS),
    where="errors <> 0",
    keys=("error",),
    groupings=common.REQUESTS,
    sort="errors",
)

RETRIES: Final = Report(
    "retries",
    "Retries",
    "How often must a request be made again?",
    "Of requests that needed more than one attempt, where agents tell; errors are requests that failed for good.",
    (
        common.API_REQUESTS,
        Column("retried_requests", "", "made again"),
        Column("retried_share", "share", "made again"),
        Column("errors", "", "errors"),
        Column("error_share", "share", "errors in all requests"),
    ),
    where=f"({common.REQUEST_ROWS} OR errors <> 0)",
    groupings=common.REQUESTS,
    sort="api_requests",
)
