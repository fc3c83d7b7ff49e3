"""The values that cross the store's border, and how rows travel into SQL: as JSON, column by column.

JSON, because binding values one by one is many times slower, and Arrow, a third faster, would need a library larger than DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from upwell.otlp import Signal
from upwell.usage import CumulativePoint, Reading, UsageEvent

COUNTED: Final = ("inserted", "duplicate", "not_usage", "unrecognised")
"""What an item can be to the store; each is exactly one of them."""


_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """One batch of the journal as the dialects read it. `source` and `seq` say where it stands."""

    source: str
    seq: int
    signal: Signal
    key_id: str
    received_ns: int
    reading: Reading


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Items [first, last) of a batch that are in no row and no count: nobody could read them, and they went into quarantine."""

    source: str
    seq: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a replacement found and made: rows before and after, and what became of the items."""

    before: int
    after: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class Counts:
    """Items by what they were to the store."""

    inserted: int = 0
    duplicate: int = 0
    not_usage: int = 0
    unrecognised: int = 0

    @property
    def items(self) -> int:
        return self.inserted + self.duplicate + self.not_usage + self.unrecognised

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.inserted + other.inserted,
            self.duplicate + other.duplicate,
            self.not_usage + other.not_usage,
            self.unrecognised + other.unrecognised,
        )


def event_columns(events: Sequence[tuple[UsageEvent, ReadBatch]]) -> dict[str, list[Any]]:
    """The columns of `events`, each with a value per event. There must be one event at least."""
    columns = _event_columns([event for event, _ in events], [batch for _, batch in events])
    columns["id"] = [identity.hex() for identity in columns["id"]]
    return columns


def point_columns(points: Sequence[tuple[CumulativePoint, ReadBatch]]) -> dict[str, list[Any]]:
    """The columns of `points`, each with a value per point. There must be one point at least."""
    columns = event_columns([(point.event, batch) for point, batch in points])
    columns["time_ns"] = [point.time_ns for point, _ in points]
    columns["series"] = [point.series.hex() for point, _ in points]
    columns["start_ns"] = [point.start_ns for point, _ in points]
    columns["value"] = [point.value for point, _ in points]
    columns["field"] = [point.field for point, _ in points]
    return columns


def _event_columns(events: Sequence[UsageEvent], batches: Sequence[ReadBatch]) -> dict[str, list[Any]]:
    columns = dict(zip(UsageEvent._fields, map(list, zip(*events, strict=True)), strict=True))
    columns["source_segment"] = [batch.source for batch in batches]
    columns["source_seq"] = [batch.seq for batch in batches]
    return columns


def texts(columns: Mapping[str, list[Any]]) -> list[str]:
    """The columns as JSON, cut into texts of so many rows as DuckDB reads fastest."""
    rows = len(columns["id"])
    return [_text({name: values[first : first + _ROWS] for name, values in columns.items()}) for first in range(0, rows, _ROWS)]


def _text(columns: Mapping[str, list[Any]]) -> str:
    try:
        return orjson.dumps(columns).decode()
    except TypeError:  # a lone surrogate: clients choose names, and JSON lets them through
        return orjson.dumps({name: [_clean(value) for value in values] for name, values in columns.items()}).decode()


def _clean(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
