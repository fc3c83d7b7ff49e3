"""When an item happened, for destinations that refuse an item without a time.

A time of 0 is replaced by the attribute `event.timestamp`, the observed time or the batch's
arrival, in this order (Codex sends 0 on every log record). A time that is there is never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from upwell.otlp.scalars import from_integer

ATTRIBUTE = "event.timestamp"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_NS = 10**17  # 1973: a smaller number is not in nanoseconds
LATEST_NS = 2**63 - 1
"""The journal counts times in signed numbers; a later one (after 2262) is no time."""

_DIGITS = len(str(LATEST_NS))


def unix_ns(value: Any) -> int:
    """A time field of OTLP/JSON in any of its spellings; 0 where there is none, and no later than signed numbers go."""
    try:
        return min(from_integer(value), LATEST_NS) if value else 0
    except (ValueError, ArithmeticError):
        return 0


def item_time(item: Mapping[str, Any], received_ns: int) -> int:
    """The time for an item, in its OTLP/JSON form, that carries none itself: Unix ns, never 0."""
    return _stated(item.get("attributes")) or unix_ns(item.get("observedTimeUnixNano")) or received_ns


def parse(stated: str | int) -> int:
    """ISO 8601, or Unix nanoseconds as digits; UTC where no zone is named. 0 for anything else."""
    if isinstance(stated, int) or (stated.isdecimal() and len(stated) <= _DIGITS):
        number = int(stated)
        return number if _LEAST_NS <= number <= LATEST_NS else 0
    try:
        moment = datetime.fromisoformat(stated)
    except ValueError:
        return 0
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    nanoseconds = since // timedelta(microseconds=1) * 1000
    return nanoseconds if 0 < nanoseconds <= LATEST_NS else 0


def _stated(attributes: Any) -> int:
    for attribute in attributes or ():
        if attribute.get("key") == ATTRIBUTE:
            value = attribute.get("value") or {}
            return parse(value.get("stringValue") or unix_ns(value.get("intValue")))
    return 0
