"""The values that cross the store's border, and how rows travel into SQL: one list of JSON texts, a text per row.

JSON, because it is several times faster than binding values one by one, and needs no further library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from upwell.otlp import Signal
from upwell.usage import CumulativePoint, Reading, UsageEvent

COUNTED: Final = ("inserted", "duplicate", "not_usage", "unrecognised")
"""What an item can be to the store; each is exactly one of them."""


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


def event(row: UsageEvent, batch: ReadBatch) -> dict[str, Any]:
    """A row of `events`; what is unknown is left out, which JSON reads as NULL."""
    columns: dict[str, Any] = {name: value for name, value in zip(UsageEvent._fields, row, strict=True) if value is not None}
    columns["id"] = row.id.hex()
    columns["source_segment"], columns["source_seq"] = batch.source, batch.seq
    return columns


def point(row: CumulativePoint, batch: ReadBatch) -> dict[str, Any]:
    """A row of `points`: the event's columns, and those of its series."""
    series = {"series": row.series.hex(), "start_ns": row.start_ns, "value": row.value, "field": row.field}
    return {**event(row.event, batch), "time_ns": row.time_ns, **series}


def texts(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Each row as one JSON text."""
    return [_text(row) for row in rows]


def _text(row: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(row).decode()
    except TypeError:  # a lone surrogate: clients choose names, and JSON lets them through
        return orjson.dumps({name: _clean(value) for name, value in row.items()}).decode()


def _clean(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
