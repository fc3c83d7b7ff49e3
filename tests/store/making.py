"""What the tests of the store share: rows made by hand, batches around them, and what the store answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from upwell.otlp import Signal
from upwell.store import ReadBatch, Store
from upwell.usage import CumulativePoint, Kind, Reading, UsageEvent

START_NS = 1_790_000_000 * 10**9
DAY_NS = 86_400 * 10**9


def event(number: int, *, time_ns: int = START_NS, kind: Kind = Kind.PROMPT, **columns: Any) -> UsageEvent:
    """An event whose id is its number."""
    fixed = {"agent": "codex", "dialect": "codex/1", "signal": "logs", "key_id": "key"}
    return UsageEvent(id=number.to_bytes(16, "big"), time_ns=time_ns, kind=kind, **{**fixed, **columns})


def point(number: int, value: float, *, at: int, start: int = 0, series: int = 1, field: str = "count", **columns: Any) -> CumulativePoint:
    """A point `at` seconds after the start of these tests, of a series that began `start` seconds after it."""
    time_ns = START_NS + at * 10**9
    one = event(number, time_ns=time_ns, **{"count": 0, **columns, field: 1})
    start_ns = START_NS + start * 10**9
    return CumulativePoint(series=series.to_bytes(16, "big"), start_ns=start_ns, time_ns=time_ns, value=value, field=field, event=one)


def reading(*rows: UsageEvent | CumulativePoint, not_usage: int = 0, unrecognised: dict[str, int] | None = None) -> Reading:
    """Each row as an item of its own."""
    events = tuple(row for row in rows if isinstance(row, UsageEvent))
    points = tuple(row for row in rows if isinstance(row, CumulativePoint))
    return Reading(events, points, len(rows), not_usage, unrecognised or {})


def batch(
    found: Reading, *, source: str = "segment", seq: int = 1, signal: Signal = Signal.LOGS, received_ns: int = START_NS, key_id: str = "key"
) -> ReadBatch:
    return ReadBatch(source, seq, signal, key_id, received_ns, found)


def ask(store: Store, query: str) -> list[tuple[Any, ...]]:
    """What the store answers; ids as numbers."""
    with store.connection() as connection:
        rows = connection.execute(query).fetchall()
    return [tuple(value.int if isinstance(value, UUID) else value for value in row) for row in rows]
