"""How rows come into the store: only those that are not there yet, and which items they were of.

Rows stand in a table of their own for a moment, so that JSON is read once and what is there already is looked for once: by the id,
or by series and value, within the times of what comes in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import duckdb

from upwell.store import rows, schema
from upwell.store.rollup import marks
from upwell.store.rows import ReadBatch
from upwell.usage import CumulativePoint, UsageEvent

_ALWAYS: Final = 2**63 - 1

Added = Counter[str]
"""Items that added something, by source."""


def insert(db: duckdb.DuckDBPyConnection, batches: Sequence[ReadBatch]) -> Added:
    """Insert what is new of these batches, in the caller's transaction."""
    return _insert_events(db, batches) + _insert_points(db, batches)


def _insert_events(db: duckdb.DuckDBPyConnection, batches: Sequence[ReadBatch]) -> Added:
    found: dict[bytes, tuple[UsageEvent, ReadBatch]] = {}
    for batch in batches:
        for event in batch.reading.events:
            found.setdefault(event.id, (event, batch))
    if not found:
        return Counter()
    times = [event.time_ns for event, _ in found.values()]
    # An item that says no time is dated by its arrival: what it is a copy of may stand at any time.
    undated = any(event.time_ns == batch.received_ns for event, batch in found.values())
    within = [0, _ALWAYS] if undated else [min(times), max(times)]
    _bring(db, _EVENTS, rows.event_columns(list(found.values())))
    there = {UUID(str(row[0])).bytes for row in db.execute(_KNOWN_EVENTS, within).fetchall()}
    _take(db, _EVENTS, _NEW_EVENTS, within if there else None)
    marks.mark(db, [event.time_ns for key, (event, _) in found.items() if key not in there])
    return Counter(batch.source for key, (_, batch) in found.items() if key not in there and key not in batch.reading.further)


def _insert_points(db: duckdb.DuckDBPyConnection, batches: Sequence[ReadBatch]) -> Added:
    found: dict[tuple[bytes, int, int, float], tuple[CumulativePoint, ReadBatch]] = {}
    for batch in batches:
        for point in batch.reading.points:
            found.setdefault((point.series, point.start_ns, point.time_ns, point.value), (point, batch))
    if not found:
        return Counter()
    times = [point.time_ns for point, _ in found.values()]
    _bring(db, _POINTS, rows.point_columns(list(found.values())))
    there = db.execute(_KNOWN_POINTS, [min(times), max(times)]).fetchall()
    _take(db, _POINTS, _NEW_POINTS, [min(times), max(times)] if there else None)
    added = Counter(batch.source for _, batch in found.values()) - Counter(dict(there))
    if added:
        marks.mark(db, times)
        marks.mark_following(db, min(times), max(times))
    return added


def _bring(db: duckdb.DuckDBPyConnection, table: str, columns: dict[str, list[Any]]) -> None:
    """Put the columns that have any value into a table of their own: half of them have none, and each costs, however few the rows."""
    told = {name: values for name, values in columns.items() if values.count(None) < len(values)}
    db.execute(_bringing(table, tuple(told)), [rows.texts(told)])


def _take(db: duckdb.DuckDBPyConnection, table: str, new: str, times: list[int] | None) -> None:
    """Insert the rows that were brought: all of them, unless some are known within these times."""
    db.execute(f"INSERT INTO {table} BY NAME {new if times else f'SELECT * FROM incoming_{table}'}", times)  # noqa: S608 - constants
    db.execute(f"DROP TABLE incoming_{table}")


@lru_cache(maxsize=64)
def _bringing(table: str, names: tuple[str, ...]) -> str:
    columns = ", ".join(f'unnest(chunk."{column}") AS "{column}"' for column in names)
    structure = schema.structure({name: _COLUMNS[table][name] for name in names})
    return f"""
        CREATE OR REPLACE TEMP TABLE incoming_{table} AS
        WITH texts AS (SELECT unnest(?::VARCHAR[]) AS text),
        chunks AS MATERIALIZED (SELECT from_json(text, '{structure}') AS chunk FROM texts)
        SELECT {columns} FROM chunks
    """  # noqa: S608 - constants


_EVENTS: Final = "events"
_POINTS: Final = "points"
_COLUMNS: Final = {_EVENTS: schema.EVENTS, _POINTS: schema.POINTS}

_SAME_EVENT: Final = "JOIN (SELECT id FROM events WHERE time_ns BETWEEN ? AND ?) AS stored ON incoming.id = stored.id"
_KNOWN_EVENTS: Final = f"SELECT incoming.id FROM incoming_events AS incoming SEMI {_SAME_EVENT}"  # noqa: S608 - constants
_NEW_EVENTS: Final = f"SELECT incoming.* FROM incoming_events AS incoming ANTI {_SAME_EVENT}"  # noqa: S608 - constants

_SAME_POINT: Final = """JOIN (SELECT series, start_ns, time_ns, "value" FROM points WHERE time_ns BETWEEN ? AND ?) AS stored
    ON incoming.series = stored.series AND incoming.start_ns = stored.start_ns
    AND incoming.time_ns = stored.time_ns AND incoming."value" = stored."value"
"""
_KNOWN_POINTS: Final = f"""
    SELECT incoming.source_segment, count(*) FROM incoming_points AS incoming SEMI {_SAME_POINT} GROUP BY incoming.source_segment
"""  # noqa: S608 - constants
_NEW_POINTS: Final = f"SELECT incoming.* FROM incoming_points AS incoming ANTI {_SAME_POINT}"  # noqa: S608 - constants
