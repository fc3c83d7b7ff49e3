"""Marks the hours whose rows have changed, within the transaction that changes them; counts nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import duckdb

HOUR_NS: Final = 3600 * 10**9


def mark(db: duckdb.DuckDBPyConnection, times_ns: Iterable[int]) -> None:
    """The hours of rows that were added, changed or deleted."""
    slots = sorted({time_ns // HOUR_NS for time_ns in times_ns})
    if slots:
        db.execute("INSERT INTO marked SELECT unnest(?::BIGINT[])", [slots])


def mark_following(db: duckdb.DuckDBPyConnection, since_ns: int, until_ns: int) -> None:
    """The hours of the points that come next in their series after those between two times: their difference may be another now."""
    db.execute(_FOLLOWING, [since_ns, until_ns, since_ns])


def mark_points(db: duckdb.DuckDBPyConnection, key_id: str) -> None:
    """The hours of all points of a key."""
    db.execute(f"INSERT INTO marked SELECT DISTINCT time_ns // {HOUR_NS} FROM points WHERE key_id = ?", [key_id])  # noqa: S608


def mark_rows(db: duckdb.DuckDBPyConnection, condition: str, values: Sequence[object]) -> None:
    """The hours of rows that are about to be deleted, and, of series that lose points, of all their points."""
    hour = f"time_ns // {HOUR_NS}"
    db.execute(f"INSERT INTO marked SELECT DISTINCT {hour} FROM events WHERE {condition}", list(values))  # noqa: S608
    db.execute(
        f"""INSERT INTO marked SELECT DISTINCT {hour} FROM points SEMI JOIN
            (SELECT DISTINCT series, start_ns FROM points WHERE {condition}) AS losing USING (series, start_ns)""",  # noqa: S608
        list(values),
    )


def mark_all(db: duckdb.DuckDBPyConnection) -> None:
    """Every hour there is."""
    db.execute("DELETE FROM marked")
    for table in ("events", "points"):
        db.execute(f"INSERT INTO marked SELECT DISTINCT time_ns // {HOUR_NS} FROM {table}")  # noqa: S608
    for table in ("uses", "calls", "prompts"):
        db.execute(f"INSERT INTO marked SELECT DISTINCT slot FROM rolled_{table}")  # noqa: S608


def mark_before(db: duckdb.DuckDBPyConnection, before_ns: int) -> None:
    """What retention let go: whole hours are dropped at once, the day that is left in part is counted anew."""
    slot, day = before_ns // HOUR_NS, before_ns // (24 * HOUR_NS)
    for table in ("uses", "calls", "prompts"):
        db.execute(f"DELETE FROM rolled_{table} WHERE slot < ?", [slot])  # noqa: S608
    db.execute("DELETE FROM marked WHERE slot < ?", [slot])
    db.execute("DELETE FROM better WHERE on_day < ?", [day])
    db.execute("INSERT INTO marked SELECT range FROM range(?, ?)", [slot, (day + 1) * 24])


_FOLLOWING: Final = f"""
    INSERT INTO marked
    SELECT DISTINCT next // {HOUR_NS} FROM (
        SELECT min(later.time_ns) AS next FROM
            (SELECT DISTINCT series, start_ns, time_ns FROM points WHERE time_ns BETWEEN ? AND ?) AS told
            JOIN (SELECT series, start_ns, time_ns FROM points WHERE time_ns >= ?) AS later
            ON told.series = later.series AND told.start_ns = later.start_ns AND later.time_ns > told.time_ns
        GROUP BY told.series, told.start_ns, told.time_ns
    )
"""  # noqa: S608 - constants
