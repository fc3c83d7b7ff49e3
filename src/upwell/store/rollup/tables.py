"""The tables of the rollup, and what they count; nothing that fills them.

Three grains, since reports ask three kinds of questions: `uses` per hour, session and what tells uses apart; `calls` a row per call,
for quantiles of its time; `prompts` per hour and prompt. `slot` is the hour in UTC, `day` and `hour` those of the reports' time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

DIMENSIONS: Final[Mapping[str, str]] = {
    "slot": "BIGINT NOT NULL",
    "day": "DATE NOT NULL",
    "hour": "TINYINT NOT NULL",
    "person": "INTEGER NOT NULL",
    "agent": "VARCHAR NOT NULL",
    "agent_version": "VARCHAR",
    "team": "VARCHAR",
    "department": "VARCHAR",
    "cost_center": "VARCHAR",
    "organization": "VARCHAR",
    "repository": "VARCHAR",
}
"""What every table has. `person` is a number of `people`."""

USES: Final[Mapping[str, str]] = {
    "session": "UBIGINT",
    "model": "VARCHAR",
    "subagent": "VARCHAR",
    "skill": "VARCHAR",
    "error": "VARCHAR",
    "remark": "VARCHAR",
    "first_ns": "BIGINT NOT NULL",
    "last_ns": "BIGINT NOT NULL",
    "sits": "BOOLEAN NOT NULL",  # makes its session count: it has a prompt, or a request that is no subagent's
    "prompts": "BIGINT NOT NULL",
    "api_requests": "BIGINT NOT NULL",
    "retried_requests": "BIGINT NOT NULL",
    "attempts": "BIGINT NOT NULL",
    "tool_calls": "BIGINT NOT NULL",
    "tool_failures": "BIGINT NOT NULL",
    "tool_rejections": "BIGINT NOT NULL",
    "errors": "BIGINT NOT NULL",
    "input_tokens": "BIGINT NOT NULL",
    "output_tokens": "BIGINT NOT NULL",
    "cache_read_tokens": "BIGINT NOT NULL",
    "cache_creation_tokens": "BIGINT NOT NULL",
    "cost_usd": "DOUBLE",
    "cost_reported_usd": "DOUBLE NOT NULL",
    "cost_priced_usd": "DOUBLE NOT NULL",
    "cost_unknown_requests": "BIGINT NOT NULL",
    "lines_added": "BIGINT NOT NULL",
    "lines_removed": "BIGINT NOT NULL",
    "edits": "BIGINT NOT NULL",
    "edits_accepted": "BIGINT NOT NULL",
    "edits_rejected": "BIGINT NOT NULL",
    "commits": "BIGINT NOT NULL",
    "pull_requests": "BIGINT NOT NULL",
    "active_seconds": "DOUBLE NOT NULL",
    "skill_uses": "BIGINT NOT NULL",
}

CALLS: Final[Mapping[str, str]] = {
    "tool": "VARCHAR",
    "mcp_server": "VARCHAR",
    "skill": "VARCHAR",
    "subagent": "VARCHAR",
    "success": "BOOLEAN",
    "decision": "VARCHAR",
    "error": "VARCHAR",
    "outcome": "VARCHAR NOT NULL",
    "ms": "FLOAT",
    "calls": "BIGINT NOT NULL",
}

PROMPTS: Final[Mapping[str, str]] = {
    "session": "UBIGINT",
    "prompt": "UBIGINT NOT NULL",
    "first_ns": "BIGINT NOT NULL",
    "last_ns": "BIGINT NOT NULL",
    "prompts": "BIGINT NOT NULL",
    "prompt_length": "BIGINT",
    "api_requests": "BIGINT NOT NULL",
    "tool_calls": "BIGINT NOT NULL",
    "failures": "BIGINT NOT NULL",
    "tokens": "BIGINT NOT NULL",
    "cost_usd": "DOUBLE",
}

TABLES: Final[Mapping[str, Mapping[str, str]]] = {
    name: {**DIMENSIONS, **own} for name, own in (("uses", USES), ("calls", CALLS), ("prompts", PROMPTS))
}


def names(table: str) -> str:
    """The columns of a table, for SQL."""
    return ", ".join(f'"{name}"' for name in TABLES[table])


def _create(name: str) -> str:
    return f"CREATE TABLE rolled_{name} (" + ", ".join(f'"{column}" {kind}' for column, kind in TABLES[name].items()) + ")"


CREATE: Final = (
    *map(_create, TABLES),
    "CREATE TABLE people (number INTEGER NOT NULL, who VARCHAR PRIMARY KEY, name VARCHAR, key_id VARCHAR NOT NULL, claimed BOOLEAN)",
    "CREATE TABLE better (key_id VARCHAR NOT NULL, agent VARCHAR NOT NULL, kind VARCHAR NOT NULL, on_day BIGINT NOT NULL)",
    "CREATE TABLE marked (slot BIGINT NOT NULL)",
    "CREATE TABLE rolled_for (timezone VARCHAR NOT NULL)",
    "INSERT INTO marked SELECT DISTINCT time_ns // 3600000000000 FROM (SELECT time_ns FROM events UNION ALL SELECT time_ns FROM points)",
)
"""The migration that adds the rollup. `marked` may hold an hour twice: that costs less than an index."""

RECOUNT_CALLS: Final = (
    "DROP TABLE rolled_calls",
    _create("calls"),
    "INSERT INTO marked SELECT DISTINCT time_ns // 3600000000000 FROM (SELECT time_ns FROM events UNION ALL SELECT time_ns FROM points)",
)
"""The migration after which calls have their time and outcome."""
