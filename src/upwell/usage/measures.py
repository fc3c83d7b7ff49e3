"""From data points to rows: a delta becomes a row at once, a cumulative total is kept raw.

Which it is stands in the payload and nowhere else; where a payload doesn't say, it is cumulative. Gauges, summaries and
sums that may fall again count nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from upwell.usage import casts
from upwell.usage.dialects.base import NOT_USAGE, Measure
from upwell.usage.events import CumulativePoint, UsageEvent
from upwell.usage.hashing import digest
from upwell.usage.ids import labels
from upwell.usage.item import Item

_DELTA: Final = frozenset({1, "AGGREGATION_TEMPORALITY_DELTA"})
_HISTOGRAMS: Final = ("histogram", "exponentialHistogram")
_FRACTIONS: Final = frozenset({"seconds", "cost_usd"})


def rows(item: Item, measure: Measure) -> tuple[UsageEvent] | tuple[CumulativePoint] | tuple[()]:
    """The one row of a data point; none where it adds nothing."""
    data, value = _value(item.metric or {}, item.raw)
    if data is None or value is None or value < 0:
        return NOT_USAGE
    if data.get("aggregationTemporality") in _DELTA:
        return (_delta(item, measure, value),) if value else NOT_USAGE
    return (_cumulative(item, measure, value),)


def _value(metric: Mapping[str, Any], point: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, float | None]:
    """The metric's data with the point's value: of a histogram, the sum of what it saw."""
    if (total := metric.get("sum")) is not None:
        value = casts.number(point.get("asDouble", point.get("asInt")))
        return (total, value) if total.get("isMonotonic") else (None, None)
    for kind in _HISTOGRAMS:
        if (data := metric.get(kind)) is not None:
            return data, casts.number(point.get("sum"))
    return None, None


def _delta(item: Item, measure: Measure, value: float) -> UsageEvent:
    amount = value if measure.column in _FRACTIONS else round(value)
    columns: dict[str, Any] = {"count": 0, **measure.columns, measure.column: amount}
    if measure.less:
        columns[measure.less] = -amount
    return item.event(measure.kind, stand_in=measure.stand_in, **columns)


def _cumulative(item: Item, measure: Measure, value: float) -> CumulativePoint:
    one = 1.0 if measure.column in _FRACTIONS else 1
    columns: dict[str, Any] = {"count": 0, **measure.columns, measure.column: one}
    series = digest("series", item.origin.key_id, item.origin.scope, item.name, *labels(item))
    start_ns, time_ns = casts.nanoseconds(item.raw.get("startTimeUnixNano")), item.time_ns()
    event = item.event(measure.kind, stand_in=measure.stand_in, **columns)
    return CumulativePoint(series=series, start_ns=start_ns, time_ns=time_ns, value=value, field=measure.column, event=event)
