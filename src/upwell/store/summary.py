"""What the store holds, for whoever looks after it: how many rows, of when, made by which dialects, and from which sources."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows and their times (Unix ns, 0 for none). `rebuildable` rows came from one of the sources asked for, which are still there."""

    events: int
    points: int
    oldest_ns: int
    newest_ns: int
    rebuildable: int
    dialects: Mapping[str, int]


def take(db: duckdb.DuckDBPyConnection, sources: Collection[str]) -> Summary:
    """Look once."""
    events, points, oldest, newest, rebuildable = db.execute(_ROWS, [list(sources)]).fetchall()[0]
    return Summary(events, points, oldest or 0, newest or 0, rebuildable, dict(db.execute(_DIALECTS).fetchall()))


_ALL = """(
    SELECT 'events' AS place, time_ns, dialect, source_segment FROM events
    UNION ALL SELECT 'points', time_ns, dialect, source_segment FROM points
)"""

_ROWS = f"""
    SELECT count(*) FILTER (place = 'events'), count(*) FILTER (place = 'points'), min(time_ns), max(time_ns),
        count(*) FILTER (source_segment IN (SELECT unnest(?::VARCHAR[])))
    FROM {_ALL}
"""  # noqa: S608 - constants

_DIALECTS = f"SELECT dialect, count(*) FROM {_ALL} GROUP BY dialect ORDER BY dialect"  # noqa: S608 - constants
