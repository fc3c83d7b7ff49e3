"""The limits that one item can break by itself: each a sentence with the value and the limit, or None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from upwell.sinks.cloudwatch import limits
from upwell.sinks.cloudwatch.flat import context_size

_HOUR_NS = 3600 * 10**9
_SURELY_FEW_LABEL_BYTES = limits.LABEL_BYTES // 2
"""A point this small on the wire has not twice as much text: base64 adds a third, and 150 numbers some 3 KB."""


def log_context(resource_entry: Mapping[str, Any], scope_entry: Mapping[str, Any]) -> str | None:
    """Resource and scope of log records."""
    sent = len(orjson.dumps(resource_entry.get("resource"))) + len(orjson.dumps(scope_entry.get("scope")))
    return _context(max(sent, context_size(resource_entry, scope_entry)))


def span_context(resource_entry: Mapping[str, Any], scope_entry: Mapping[str, Any], sent: int) -> str | None:
    """Resource and scope of spans; `sent` is their size in the request."""
    return _context(max(sent, context_size(resource_entry, scope_entry)))


def event(text_bytes: int, *, large: bool) -> str | None:
    """One stored log event; `large` says whether one that is over the limit is kept aside."""
    if large or text_bytes <= limits.EVENT_TEXT_BYTES:
        return None
    return f"the log event has {text_bytes:,} bytes with its resource and scope; CloudWatch Logs takes {limits.EVENT_TEXT_BYTES:,}"


def span(item: Any) -> str | None:
    """One span, as a message."""
    size = item.ByteSize()
    if size > limits.SPAN_BYTES:
        return f"the span has {size:,} bytes; X-Ray takes {limits.SPAN_BYTES:,}"
    lasted = item.end_time_unix_nano - item.start_time_unix_nano
    if lasted > limits.SPREAD_NS:
        return f"the span lasts {lasted / _HOUR_NS:.1f} hours; the times of a request to X-Ray may lie {limits.SPREAD_NS // _HOUR_NS} apart"
    return None


@dataclass(frozen=True, slots=True)
class Shared:
    """What the data points of one scope have in common: attributes of resource and scope."""

    labels: int
    wire_bytes: int
    text_bytes: int

    @classmethod
    def of(cls, resource_metrics: Any, scope_metrics: Any) -> Shared:
        pairs = [*resource_metrics.resource.attributes, *scope_metrics.scope.attributes]
        return cls(len(pairs), sum(pair.ByteSize() for pair in pairs), _text_bytes(pairs))


def point(item: Any, shared: Shared) -> str | None:
    """One data point, as a message."""
    labels = shared.labels + len(item.attributes)
    if labels > limits.LABELS:
        return f"the data point has {labels} attributes with its scope's and resource's; CloudWatch takes {limits.LABELS}"
    if shared.wire_bytes + item.ByteSize() <= _SURELY_FEW_LABEL_BYTES:
        return None
    size = shared.text_bytes + _text_bytes(item.attributes)
    if size > limits.LABEL_BYTES:
        return f"names and values of the data point's attributes have {size:,} bytes; CloudWatch takes {limits.LABEL_BYTES:,}"
    return None


def _context(size: int) -> str | None:
    if size <= limits.CONTEXT_BYTES:
        return None
    return f"resource and scope have {size:,} bytes; CloudWatch takes {limits.CONTEXT_BYTES:,}"


def _text_bytes(pairs: Iterable[Any]) -> int:
    return sum(len(pair.key.encode()) + _text_size(pair.value) for pair in pairs)


def _text_size(value: Any) -> int:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return len(value.string_value.encode())
    if kind in ("int_value", "double_value", "bool_value"):
        return len(str(getattr(value, kind)))
    return len("null") if kind is None else int(value.ByteSize())
