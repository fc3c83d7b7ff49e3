"""The counting itself: from usage rows of some hours to the rows of the three tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

from upwell.store import schema
from upwell.store.rollup import orphans, tables
from upwell.store.rollup.marks import HOUR_NS

_COLUMNS: Final = ", ".join(f'"{name}"' for name in schema.USAGE)
_DAY_NS: Final = 24 * HOUR_NS
_QUARTER_NS: Final = HOUR_NS // 4  # every zone's offset is a multiple of a quarter of an hour


def tell(db: duckdb.DuckDBPyConnection, first_ns: int, last_ns: int) -> None:
    """The temporary table `senders`: who told of what between two times, and whether by stand-ins."""
    told = _told(db, "key_id, agent, kind, stand_in", first_ns, last_ns)
    db.execute(f"CREATE OR REPLACE TEMP TABLE senders AS SELECT DISTINCT * FROM ({told})")  # noqa: S608 - numbers and constants


def gather(db: duckdb.DuckDBPyConnection, slots: Sequence[int]) -> None:
    """The temporary table `told`: the rows of some hours that count, with the store's own numbers of session and prompt."""
    first_ns, last_ns = min(slots) * HOUR_NS, (max(slots) + 1) * HOUR_NS
    every = _told(db, _COLUMNS, first_ns, last_ns)
    (doubted,) = db.execute(f"SELECT count(*) FROM ({every}) WHERE stand_in").fetchone() or (0,)  # noqa: S608 - numbers and constants
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE told AS
        SELECT *, {number("session")} AS sitting, {number("prompt")} AS asked FROM ({every}) AS every
        WHERE time_ns // {HOUR_NS} IN ({", ".join(map(str, slots))}) {_COUNTS if doubted else ""}"""  # noqa: S608 - numbers and constants
    )
    orphans.adopt(db, slots)


_COUNTS: Final = f"""AND (NOT stand_in OR NOT EXISTS (
    FROM better WHERE better.key_id = every.key_id AND better.agent = every.agent AND better.kind = every.kind
        AND better.on_day IN (every.time_ns // {_DAY_NS}, every.time_ns // {_DAY_NS} - 1)))"""


def count(db: duckdb.DuckDBPyConnection, slots: Sequence[int], timezone: str) -> None:
    """Replace the rows of some hours by what `told` has of them."""
    db.execute(_NEW_PEOPLE)
    chosen = ", ".join(map(str, slots))
    for table, query in (("uses", _USES), ("calls", _CALLS), ("prompts", _PROMPTS)):
        db.execute(f"DELETE FROM rolled_{table} WHERE slot IN ({chosen})")  # noqa: S608 - numbers
        db.execute(f"INSERT INTO rolled_{table} ({tables.names(table)}) WITH {_ROWS} {query}", {"timezone": timezone})


def number(column: str) -> str:
    """The store's own number of a session or prompt; NULL where there is none. As stable as DuckDB's `hash`: see `Rollup`."""
    return f"CASE WHEN {column} IS NOT NULL THEN hash(key_id, agent, {column}) END"


def _told(db: duckdb.DuckDBPyConnection, columns: str, first_ns: int, last_ns: int) -> str:
    """Events and differences between two times. Numbers stand in the text: what is inside a view takes no parameters."""
    between = f"time_ns >= {first_ns} AND time_ns < {last_ns}"
    events = f"SELECT {columns} FROM events WHERE {between}"  # noqa: S608 - numbers and constants
    if not db.execute(f"SELECT 1 FROM points WHERE {between} LIMIT 1").fetchone():  # noqa: S608 - numbers
        return events
    series = f"(SELECT * FROM points SEMI JOIN (SELECT DISTINCT series, start_ns FROM points WHERE {between}) USING (series, start_ns))"  # noqa: S608
    return f"{events} UNION ALL SELECT {columns} FROM ({schema.differences(series)}) WHERE {between}"  # noqa: S608 - numbers and constants


def who(table: str) -> str:
    """Whom a row of a table is counted to. Where nobody is named, a key is one person: it cannot be fewer."""
    return f"CASE WHEN {table}.person IS NULL THEN 'key ' || {table}.key_id ELSE 'person ' || {table}.person END"


_NEW_PEOPLE: Final = f"""
    INSERT INTO people
    SELECT (SELECT coalesce(max(number), -1) FROM people) + row_number() OVER (ORDER BY who), who, person, key_id, claimed
    FROM (
        SELECT {who("told")} AS who, any_value(person) AS person, min(key_id) AS key_id, bool_and(claimed) AS claimed
        FROM told GROUP BY ALL)
    WHERE who NOT IN (SELECT who FROM people)
"""  # noqa: S608 - constants

_ROWS: Final = f"""quarters AS (
        SELECT quarter, timezone($timezone, to_timestamp(quarter * 900)) AS local
        FROM (SELECT DISTINCT time_ns // {_QUARTER_NS} AS quarter FROM told)
    ), rows AS (
        SELECT told.*, time_ns // {HOUR_NS} AS slot, local::DATE AS "day", extract('hour' FROM local) AS "hour", people.number AS number
        FROM told JOIN quarters ON quarters.quarter = time_ns // {_QUARTER_NS} JOIN people ON people.who = {who("told")}
    )"""  # noqa: S608 - constants

_DIMENSIONS: Final = 'slot, "day", "hour", number, agent, agent_version, team, department, cost_center, organization, repository'


def _sum(column: str, kind: str | None = None, more: str = "true") -> str:
    where = more if kind is None else f"kind = '{kind}' AND {more}"
    return f"coalesce(sum({column}) FILTER ({where}), 0)"


_USES: Final = f"""
    SELECT {_DIMENSIONS}, sitting, model,
        CASE WHEN kind = 'api_request' THEN subagent END AS subagent, CASE WHEN kind = 'skill' THEN skill END AS skill,
        CASE WHEN kind = 'error' THEN coalesce(error, 'unnamed') END AS error, remark,
        min(time_ns), max(time_ns), coalesce(bool_or(kind = 'prompt' OR (kind = 'api_request' AND rows.subagent IS NULL)), false),
        {_sum("count", "prompt")}, {_sum("count", "api_request")}, {_sum("count", "api_request", "attempts > 1")},
        {_sum("attempts", "api_request")},
        {_sum("count", "tool_call")}, {_sum("count", "tool_call", "NOT success")}, {_sum("count", "tool_call", "decision = 'reject'")},
        {_sum("count", "error")},
        {_sum("input_tokens")}, {_sum("output_tokens")}, {_sum("cache_read_tokens")}, {_sum("cache_creation_tokens")},
        sum(cost_usd), {_sum("cost_usd", None, "cost_source = 'reported'")}, {_sum("cost_usd", None, "cost_source = 'priced'")},
        {_sum("count", "api_request", "cost_usd IS NULL")},
        {_sum("lines_added")}, {_sum("lines_removed")},
        {_sum("count", "edit")}, {_sum("count", "edit", "decision = 'accept'")}, {_sum("count", "edit", "decision = 'reject'")},
        {_sum("count", "commit")}, {_sum("count", "pull_request")}, {_sum("seconds", "active_time")}, {_sum("count", "skill")}
    FROM rows GROUP BY ALL
"""  # noqa: S608 - constants

_CALLS: Final = f"""
    SELECT {_DIMENSIONS}, tool, mcp_server, skill, subagent, success, decision, error,
        CASE WHEN decision = 'reject' THEN 'refused' WHEN success THEN 'succeeded' WHEN NOT success THEN 'failed' ELSE 'unsaid' END,
        duration_ms, count
    FROM rows WHERE kind = 'tool_call'
"""  # noqa: S608 - constants

_PROMPTS: Final = f"""
    SELECT {_DIMENSIONS}, sitting, coalesce(asked, hash(id)) AS asked, min(time_ns), max(time_ns),
        {_sum("count", "prompt")}, max(prompt_length) FILTER (kind = 'prompt'),
        {_sum("count", "api_request")}, {_sum("count", "tool_call")},
        {_sum("count", None, "kind = 'error' OR (kind = 'tool_call' AND NOT success)")},
        {" + ".join(map(_sum, ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")))},
        sum(cost_usd)
    FROM rows WHERE kind = 'prompt' OR (asked IS NOT NULL AND kind IN ('api_request', 'tool_call', 'error'))
    GROUP BY ALL
"""  # noqa: S608 - constants
