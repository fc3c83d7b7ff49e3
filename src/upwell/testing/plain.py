"""The plain form of an OTLP message, whatever encoding it came in.

A dict with the field names of OTLP/JSON; attributes are one dict, values are what they hold, ids hex,
other bytes base64, integers integers, NaN and the infinities strings. `protobuf` and `otlpjson` make it.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

Plain: TypeAlias = dict[str, Any]

ID_FIELDS = frozenset({"traceId", "spanId", "parentSpanId"})
"""The bytes fields that OTLP/JSON writes as hex; all others are base64."""

MAX_DEPTH = 64
"""Values nested deeper are unreadable; protobuf's own parser stops at 100 messages."""


class Unreadable(Exception):
    """A body that is not the message it should be; says where and why, never what it holds."""

    def under(self, place: str) -> Unreadable:
        return Unreadable(f"{place}.{self}")


def number(value: float) -> float | str:
    """A double as JSON can hold it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def deeper(depth: int) -> int:
    """One level further down. Raises Unreadable at the bound."""
    if depth >= MAX_DEPTH:
        raise Unreadable(f"is nested deeper than {MAX_DEPTH} levels")
    return depth + 1
