"""The tables of `usage.duckdb` and the view that reports read; versions, and nothing that moves rows.

`events` and `points` have no unique index: DuckDB keeps those in memory, whole. What is new is found by an anti-join over
the times of what comes in.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import duckdb

from upwell.errors import SchemaTooNew
from upwell.store.rollup import tables

DAY_NS: Final = 86_400 * 10**9

_TYPES: Final[Mapping[str, str]] = {
    "id": "UUID NOT NULL",
    "time_ns": "BIGINT NOT NULL",
    "kind": "VARCHAR NOT NULL",
    "agent": "VARCHAR NOT NULL",
    "dialect": "VARCHAR NOT NULL",
    "signal": "VARCHAR NOT NULL",
    "key_id": "VARCHAR NOT NULL",
    "agent_version": "VARCHAR",
    "person": "VARCHAR",
    "claimed": "BOOLEAN NOT NULL",
    "team": "VARCHAR",
    "department": "VARCHAR",
    "cost_center": "VARCHAR",
    "organization": "VARCHAR",
    "session": "VARCHAR",
    "prompt": "VARCHAR",
    "model": "VARCHAR",
    "provider": "VARCHAR",
    "input_tokens": "BIGINT",
    "output_tokens": "BIGINT",
    "cache_read_tokens": "BIGINT",
    "cache_creation_tokens": "BIGINT",
    "cost_usd": "DOUBLE",
    "cost_source": "VARCHAR",
    "duration_ms": "DOUBLE",
    "tool": "VARCHAR",
    "mcp_server": "VARCHAR",
    "skill": "VARCHAR",
    "subagent": "VARCHAR",
    "success": "BOOLEAN",
    "decision": "VARCHAR",
    "count": "BIGINT NOT NULL",
    "seconds": "DOUBLE",
    "lines_added": "BIGINT",
    "lines_removed": "BIGINT",
    "prompt_length": "BIGINT",
    "attempts": "BIGINT",
    "error": "VARCHAR",
    "repository": "VARCHAR",
    "branch": "VARCHAR",
    "remark": "VARCHAR",
    "stand_in": "BOOLEAN NOT NULL",
}
"""The columns of UsageEvent, in its order. Ids are hashes of 16 bytes, which is what a UUID is to DuckDB."""

_SOURCE: Final = {"source_segment": "VARCHAR NOT NULL", "source_seq": "BIGINT NOT NULL"}
_SERIES: Final = {"series": "UUID NOT NULL", "start_ns": "BIGINT NOT NULL", "value": "DOUBLE NOT NULL", "field": "VARCHAR NOT NULL"}

USAGE: Final = tuple(_TYPES)
EVENTS: Final[Mapping[str, str]] = {**_TYPES, **_SOURCE}
POINTS: Final[Mapping[str, str]] = {**_TYPES, **_SOURCE, **_SERIES}

ADDED: Final = (
    *("count", "seconds", "lines_added", "lines_removed", "cost_usd"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens"),
)
"""The columns that can take a cumulative series' difference."""


def columns(table: Mapping[str, str]) -> str:
    """The names of a table's columns, for SQL; `count` and `session` are words of it."""
    return ", ".join(f'"{name}"' for name in table)


def structure(table: Mapping[str, str]) -> str:
    """What JSON holds of a table, column by column, as `from_json` wants it."""
    return "{" + ", ".join(f'"{name}": ["{kind.removesuffix(" NOT NULL")}"]' for name, kind in table.items()) + "}"


def _table(name: str, table: Mapping[str, str]) -> str:
    return f"CREATE TABLE {name} (" + ", ".join(f'"{column}" {kind}' for column, kind in table.items()) + ")"


def differences(points: str) -> str:
    """The query that turns points of cumulative series into rows; `points` is a relation that holds each of its series whole."""
    return f"""
    WITH collapsed AS (
        SELECT * FROM {points}
        QUALIFY row_number() OVER (PARTITION BY series, start_ns, time_ns ORDER BY "value" DESC, source_segment, source_seq) = 1
    ), steps AS (
        SELECT *, lag("value") OVER (PARTITION BY series, start_ns ORDER BY time_ns) AS before FROM collapsed
    ), added AS (
        SELECT steps.*, CASE
            WHEN before IS NULL THEN CASE WHEN start_ns > first_seen.at_ns THEN "value" ELSE 0 END
            WHEN "value" < before THEN "value"
            ELSE "value" - before END AS amount
        FROM steps LEFT JOIN first_seen USING (key_id)
    )
    SELECT {_DIFFERENCE}
    FROM added WHERE amount <> 0 AND time_ns >= (SELECT since_ns FROM retained)
"""  # noqa: S608 - constants


_DIFFERENCE: Final = ", ".join(
    f'CASE WHEN field = {name!r} THEN amount ELSE "{name}" END::{_TYPES[name].split()[0]} AS "{name}"' if name in ADDED else f'"{name}"'
    for name in USAGE
)

_DIFFERENCES: Final = f"CREATE VIEW differences AS {differences('points')}"

_USAGE: Final = f"""
    CREATE VIEW usage AS
    WITH told AS (
        SELECT {columns(_TYPES)} FROM events UNION ALL SELECT {columns(_TYPES)} FROM differences
    ), doubted AS (
        SELECT DISTINCT key_id, agent, kind FROM told WHERE stand_in
    ), better AS (
        SELECT DISTINCT key_id, agent, kind, unnest([time_ns // {DAY_NS}, time_ns // {DAY_NS} + 1]) AS on_day
        FROM told SEMI JOIN doubted USING (key_id, agent, kind) WHERE NOT stand_in
    )
    SELECT * FROM told WHERE NOT stand_in
    UNION ALL
    SELECT told.* FROM told ANTI JOIN better
        ON told.key_id = better.key_id AND told.agent = better.agent AND told.kind = better.kind
        AND told.time_ns // {DAY_NS} = better.on_day
    WHERE told.stand_in
"""  # noqa: S608 - constants

_FIRST: Final = (
    _table("events", EVENTS),
    _table("points", POINTS),
    "CREATE TABLE retained (since_ns BIGINT NOT NULL)",  # older rows are gone, but for the last point of each series before it
    "INSERT INTO retained VALUES (0)",
    "CREATE TABLE first_seen (key_id VARCHAR PRIMARY KEY, at_ns BIGINT NOT NULL)",
    "CREATE TABLE cursor (signal VARCHAR NOT NULL, source VARCHAR NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (signal, source))",
    """CREATE TABLE counts (
        signal VARCHAR NOT NULL, source VARCHAR NOT NULL, inserted BIGINT NOT NULL, duplicate BIGINT NOT NULL,
        not_usage BIGINT NOT NULL, unrecognised BIGINT NOT NULL, PRIMARY KEY (signal, source))""",
    """CREATE TABLE unrecognised (
        signal VARCHAR NOT NULL, source VARCHAR NOT NULL, name VARCHAR NOT NULL, items BIGINT NOT NULL,
        PRIMARY KEY (signal, source, name))""",
    _DIFFERENCES,
    _USAGE,
)

_LEFT_OUT: Final = (
    """CREATE TABLE left_out (
        signal VARCHAR NOT NULL, source VARCHAR NOT NULL, seq BIGINT NOT NULL, first_item BIGINT NOT NULL, last_item BIGINT NOT NULL)""",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, tables.CREATE, _LEFT_OUT, tables.RECOUNT_CALLS)
"""The statements from version n to n + 1."""


def bring_forward(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make the tables what this version speaks. Raises SchemaTooNew; an older file is copied beside itself first."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
    # All of the answer is fetched: what is left of one keeps its transaction open, and nothing can be checkpointed beside it.
    ((found,),) = connection.execute("SELECT max(version) FROM schema_version").fetchall()
    version = int(found or 0)
    if version > len(MIGRATIONS):
        raise SchemaTooNew(f"{path} has schema version {version}, and this Upwell knows {len(MIGRATIONS)} at most")
    if 0 < version < len(MIGRATIONS):
        connection.execute("CHECKPOINT")
        shutil.copy2(path, path.with_name(f"{path.name}.v{version}.bak"))
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        connection.execute("DELETE FROM schema_version")
        connection.execute("INSERT INTO schema_version VALUES (?)", [number])
        connection.execute("COMMIT")
