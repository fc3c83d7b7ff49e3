"""The values at the leaves: how OTLP/JSON spells what protobuf holds, both ways.

`into_*` goes from protobuf to JSON, `from_*` from JSON to protobuf. What the door has let
in (`upwell.otlp.schema`) never raises here; nothing here checks a range.
"""

from __future__ import annotations

import base64
from decimal import Decimal
from math import isfinite

ID_FIELDS = frozenset({"trace_id", "span_id", "parent_span_id"})
"""Bytes fields that OTLP/JSON writes in hex, not base64 (OTLP specification, "JSON Protobuf Encoding")."""

_SPELLED = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}


def into_double(value: float) -> float | str:
    """A double; NaN and the infinities, which JSON has no number for, as strings."""
    return value if isfinite(value) else _SPELLED[str(value)]


def into_base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def from_integer(value: int | float | str) -> int:
    """An integer from any of proto3 JSON's spellings: `7`, `"7"`, `7.0`, `"7e0"`. The text "null" is 0."""
    try:
        return int(value)
    except ValueError:
        return 0 if is_null(value) else int(Decimal(value))


def is_null(value: object) -> bool:
    """Whether the value is the text "null", which msgspec takes for null where it takes texts for numbers."""
    return isinstance(value, str) and value.lower() == "null"


def from_base64(value: str) -> bytes:
    """Bytes from standard or URL-safe base64, padded or not."""
    plain = value.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
