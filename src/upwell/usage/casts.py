"""Tolerant casts: whatever spelling of a value an agent chose, one reading of it.

Numbers come as numbers or as text, truth as booleans or words, and both change with an agent's version. What can't be
read is None; nothing here raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

TEXT_LIMIT: Final = 256
"""Names and ids are kept to this many characters; clients choose them, and real ones are shorter than 100."""

_LATEST_NS: Final = 2**63 - 1
_LARGEST: Final = 2**53
"""Numbers beyond what a double counts exactly are no numbers of ours; one of them would spoil every sum."""

_WORDS: Final = {"true": True, "1": True, "yes": True, "success": True, "false": False, "0": False, "no": False, "error": False}
_DECISIONS: Final = {
    "accept": "accept",
    "accepted": "accept",
    "auto_accept": "accept",
    "approved": "accept",
    "approved_for_session": "accept",
    "modify": "modify",
    "reject": "reject",
    "rejected": "reject",
    "denied": "reject",
    "deny": "reject",
    "abort": "reject",
    "cancel": "reject",
}


def attributes(listed: Any) -> dict[str, Any]:
    """OTLP's list of keys and values as a plain dict. Lists and maps stay in OTLP's form; an empty value is left out."""
    try:
        return {each["key"]: value for each in listed or () for value in each["value"].values()}
    except (KeyError, AttributeError, TypeError):
        return {each.get("key", ""): value for each in listed for value in (each.get("value") or {}).values()}


def text(value: Any) -> str | None:
    """Text that is not empty, numbers spelled out; at most TEXT_LIMIT characters."""
    if type(value) is str:
        return value[:TEXT_LIMIT] or None
    if value is None:
        return None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def number(value: Any) -> float | None:
    """A number of sensible size."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) <= _LARGEST else None


def integer(value: Any) -> int | None:
    """A whole number from 0 up; fractions are rounded. Tokens, lines, lengths and attempts are never negative."""
    if type(value) is int:
        return value if 0 <= value <= _LARGEST else None
    if value is None:
        return None
    found = number(value)
    return None if found is None or found < 0 else round(found)


def flag(value: Any) -> bool | None:
    """Truth, from a boolean or a word for it."""
    return value if isinstance(value, bool) else _WORDS.get(str(value).lower())


def decision(value: Any) -> str | None:
    """`accept`, `reject` or `modify`, from each agent's words for them."""
    return _DECISIONS.get(value.lower()) if isinstance(value, str) else None


def nanoseconds(value: Any) -> int:
    """A Unix time in nanoseconds; 0 for none, for nonsense, and for times after 2262, which no column holds."""
    try:
        found = int(value or 0)
    except (ValueError, TypeError, OverflowError):
        return 0
    return found if 0 < found <= _LATEST_NS else 0


def moment(value: Any) -> int:
    """ISO 8601 text as a Unix time in nanoseconds, read as UTC where it names no zone; 0 if it can't be read."""
    if not isinstance(value, str):
        return 0
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return 0
    since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    return nanoseconds(((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def members(value: Any) -> Mapping[str, Any]:
    """What an attribute holds that is a map: OTLP's own, or JSON text of at most 64 KiB. Empty for anything else."""
    if isinstance(value, dict):
        return attributes(value.get("values")) if isinstance(value.get("values"), list) else {}
    if not isinstance(value, str) or not value.startswith("{") or len(value) > 65_536:
        return {}
    try:
        return dict(orjson.loads(value))
    except orjson.JSONDecodeError:
        return {}
