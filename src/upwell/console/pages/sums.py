"""Figures made of one row of a report: tokens of all kinds, and how much of what models read was cached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TOKENS: Final = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")


def tokens(row: Mapping[str, Any]) -> int | None:
    """All tokens of a row; None where they are withheld."""
    found = [row.get(name) for name in TOKENS]
    return None if all(value is None for value in found) else sum(value or 0 for value in found)


def cache_share(row: Mapping[str, Any]) -> float | None:
    """The part of what models read that came from their cache."""
    read = row.get("cache_read_tokens")
    everything = [row.get(name) for name in ("input_tokens", "cache_read_tokens", "cache_creation_tokens")]
    total = sum(value or 0 for value in everything)
    return read / total if read is not None and total else None
