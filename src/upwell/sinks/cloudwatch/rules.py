"""The limits that one item can break by itself: each a sentence with the value and the limit, or None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from upwell.otlp.writer import write_message
from upwell.sinks.cloudwatch import limits
from upwell.sinks.cloudwatch.flat import context_size

_Object = Mapping[str, Any]

_HOUR_NS = 3600 * 10**9


def log_context(resource_entry: _Object, scope_entry: _Object) -> str | None:
    """Resource and scope of log records."""
    sent = len(orjson.dumps(resource_entry.get("resource"))) + len(orjson.dumps(scope_entry.get("scope")))
    return _context(max(sent, context_size(resource_entry, scope_entry)))


def span_context(resource_entry: _Object, scope_entry: _Object) -> str | None:
    """Resource and scope of spans."""
    resource, scope = ResourceSpans(), ScopeSpans()
    write_message(resource, resource_entry)
    write_message(scope, scope_entry)
    sent = resource.resource.ByteSize() + scope.scope.ByteSize()
    return _context(max(sent, context_size(resource_entry, scope_entry)))


def event(text_bytes: int, *, large: bool) -> str | None:
    """One stored log event; `large` says whether one that is over the limit is kept aside."""
    if large or text_bytes <= limits.EVENT_TEXT_BYTES:
        return None
    return f"the log event has {text_bytes:,} bytes with its resource and scope; CloudWatch Logs takes {limits.EVENT_TEXT_BYTES:,}"


def span_size(wire_bytes: int) -> str | None:
    """One span, by its protobuf bytes."""
    return f"the span has {wire_bytes:,} bytes; X-Ray takes {limits.SPAN_BYTES:,}" if wire_bytes > limits.SPAN_BYTES else None


def span_length(start_ns: int, end_ns: int) -> str | None:
    """One span, by its times."""
    if end_ns - start_ns <= limits.SPREAD_NS:
        return None
    hours = (end_ns - start_ns) / _HOUR_NS
    return f"the span lasts {hours:.1f} hours; the times of a request to X-Ray may lie {limits.SPREAD_NS // _HOUR_NS} apart"


@dataclass(frozen=True, slots=True)
class Labels:
    """Attributes of a data point, or of some of the levels that it has them from."""

    count: int = 0
    bytes: int = 0

    @classmethod
    def of(cls, pairs: Iterable[_Object] | None) -> Labels:
        found = list(pairs or ())
        return cls(len(found), sum(len((pair.get("key") or "").encode()) + _text_size(pair.get("value")) for pair in found))

    def __add__(self, other: Labels) -> Labels:
        return Labels(self.count + other.count, self.bytes + other.bytes)


def labels(found: Labels) -> str | None:
    """All attributes of one data point."""
    if found.count > limits.LABELS:
        return f"the data point has {found.count} attributes with its scope's and resource's; CloudWatch takes {limits.LABELS}"
    if found.bytes > limits.LABEL_BYTES:
        return f"names and values of the data point's attributes have {found.bytes:,} bytes; CloudWatch takes {limits.LABEL_BYTES:,}"
    return None


def _context(size: int) -> str | None:
    if size <= limits.CONTEXT_BYTES:
        return None
    return f"resource and scope have {size:,} bytes; CloudWatch takes {limits.CONTEXT_BYTES:,}"


def _text_size(value: _Object | None) -> int:
    """Bytes of a value as text: strings as they are, all else as JSON."""
    held = next((held for held in (value or {}).values() if held is not None), None)
    return len(held.encode()) if isinstance(held, str) else len(orjson.dumps(held))
