"""How much agents are used, by whom, when and for how long."""

from __future__ import annotations

from typing import Final

from upwell.store.reports.catalogue import common
from upwell.store.reports.report import Column, Report

OVERVIEW: Final = Report(
    "overview",
    "Overview",
    "How much are agents used?",
    "People are those whose key sent anything. A session counts when it has a prompt, or a request that is no subagent's. Input is "
    f"uncached input, output includes reasoning. {common.COST} Requests of unknown cost add nothing to it.",
    (
        common.SESSIONS,
        common.PROMPTS,
        common.API_REQUESTS,
        common.TOOL_CALLS,
        Column("tool_failures", "", "failed tool calls"),
        Column("errors", "", "errors"),
        *common.TOKENS,
        common.COST_USD,
        common.COST_UNKNOWN,
    ),
    groupings=common.REQUESTS,
    sort="prompts",
)

SESSIONS: Final = Report(
    "sessions",
    "Sessions",
    "How long are sessions, and how many prompts do they have?",
    "A session counts when it has a prompt, or a request that is no subagent's. Its length is from its first row to its last one within "
    "the period; an agent may resume a session, so that one is not always one sitting.",
    (
        common.SESSIONS,
        common.PROMPTS,
        Column("mean_prompts", "", "prompts per session"),
        Column("median_prompts", "", "median of them"),
        Column("p90_prompts", "", "90th percentile"),
        Column("median_minutes", "min", "median length"),
        Column("p90_minutes", "min", "90th percentile"),
        Column("up_to_5_minutes", "", "up to 5 minutes"),
        Column("up_to_30_minutes", "", "up to 30 minutes"),
        Column("up_to_2_hours", "", "up to 2 hours"),
        Column("longer", "", "longer"),
    ),
    where="session IS NOT NULL",
    groupings=common.EVERYWHERE,
    sort="sessions",
)

RHYTHM: Final = Report(
    "rhythm",
    "Rhythm",
    "When are agents used?",
    "By weekday (1 is Monday) and hour of the reports' time zone.",
    (common.SESSIONS, common.PROMPTS, common.API_REQUESTS, common.TOOL_CALLS),
    keys=("weekday", "hour"),
    groupings=("agent",),
)

ADOPTION: Final = Report(
    "adoption",
    "Adoption",
    "How many people use agents, and how many of them are new?",
    "By week. Somebody is new in the week of the first row that the store has of them, and returning after it.",
    (common.SESSIONS, common.PROMPTS, common.API_REQUESTS),
    source="lives",
    keys=("week", "tenure"),
    groupings=("agent", *common.PLACES),
)

ACTIVE: Final = Report(
    "active",
    "Active people",
    "How many people are active?",
    "Whose key sent anything in the period; with --by, in the day, week or month.",
    (common.SESSIONS, common.PROMPTS),
    groupings=("agent", "model", *common.PLACES, *common.TIMES),
)

RETENTION: Final = Report(
    "retention",
    "Retention",
    "Do people who begin stay?",
    "People by the week they began (`cohort`) and the number of weeks since then (`age`). Only weeks within the period are counted.",
    (common.SESSIONS, common.PROMPTS),
    source="lives",
    keys=("cohort", "age"),
    groupings=("agent",),
)

VERSIONS: Final = Report(
    "versions",
    "Agents and versions",
    "Which versions of which agents are in use?",
    "Versions as agents state them; some state none. `remark` says what a figure meant in that version where a later one changed it: a "
    "line over time that crosses the change cannot be read through it.",
    (
        common.SESSIONS,
        common.PROMPTS,
        common.API_REQUESTS,
        Column("first_day", "day", "first seen"),
        Column("last_day", "day", "last seen"),
        Column("remark", "text", "remark"),
    ),
    keys=("agent", "agent_version"),
    groupings=(*common.PLACES, *common.TIMES),
    sort="api_requests",
)

COVERAGE: Final = Report(
    "coverage",
    "Coverage",
    "Who is heard from, and who has fallen silent?",
    "People by agent and by how long before the period's last day they were last heard from through that agent. "
    "Who was never heard from is the difference to those enrolled, in the notes.",
    (Column("last_day", "day", "last heard from"),),
    source="lives",
    keys=("agent", "silence"),
    groupings=common.PLACES,
)
