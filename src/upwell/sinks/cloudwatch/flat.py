"""A log record as CloudWatch stores it: one flat JSON event, whose text is what the limits count.

AWS documents the fields, not the text; assumed here is compact JSON in UTF-8 with every field of
AWS's own exporter present (aws-otel-python-instrumentation, compact_console_log_exporter.py), attributes
as one map, integers as numbers. `EVENT_MARGIN` in `limits` is for what this gets wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

_Object = Mapping[str, Any]
_DIGITS = 19  # of the largest 64-bit integers; what is longer, or spelled otherwise, is counted as it stands


def context(resource_entry: _Object, scope_entry: _Object) -> dict[str, Any]:
    """What every event of a scope repeats."""
    resource, scope = resource_entry.get("resource") or {}, scope_entry.get("scope") or {}
    flat_scope = {"name": scope.get("name") or "", "version": scope.get("version") or "", "schemaUrl": scope_entry.get("schemaUrl") or ""}
    if attributes := _attributes(scope.get("attributes")):
        flat_scope["attributes"] = attributes
    return {
        "resource": {"attributes": _attributes(resource.get("attributes")), "schemaUrl": resource_entry.get("schemaUrl") or ""},
        "scope": flat_scope,
    }


def own(record: _Object) -> dict[str, Any]:
    """What an event adds to its context."""
    flat = {
        "body": _value(record.get("body")),
        "severityNumber": record.get("severityNumber") or 0,
        "severityText": record.get("severityText") or "",
        "attributes": _attributes(record.get("attributes")),
        "droppedAttributes": _number(record.get("droppedAttributesCount")),
        "timeUnixNano": _number(record.get("timeUnixNano")),
        "observedTimeUnixNano": _number(record.get("observedTimeUnixNano")),
        "traceId": record.get("traceId") or "",
        "spanId": record.get("spanId") or "",
        "flags": _number(record.get("flags")),
    }
    if event_name := record.get("eventName"):
        flat["eventName"] = event_name
    return flat


def text(flat: _Object) -> bytes:
    """The event's text, or that of a part of it."""
    return orjson.dumps(flat)


def context_size(resource_entry: _Object, scope_entry: _Object) -> int:
    """Bytes of what the events of a scope repeat, to be added to each one's `own_size`."""
    return len(text(context(resource_entry, scope_entry))) - 1  # two objects joined share a pair of braces and gain a comma


def own_size(record: _Object) -> int:
    """Bytes of what an event adds."""
    return len(text(own(record)))


def _attributes(pairs: Iterable[_Object] | None) -> dict[str, Any]:
    return {pair.get("key") or "": _value(pair.get("value")) for pair in pairs or ()}


def _value(value: _Object | None) -> Any:
    for kind, held in (value or {}).items():
        if held is not None and kind in _READ:
            return _READ[kind](held)
    return None


def _number(value: Any) -> Any:
    """A number, out of its quotes where it stands in some."""
    if isinstance(value, str):
        return int(value) if len(value) <= _DIGITS and value.removeprefix("-").isdecimal() else value
    return value or 0


def _same(value: Any) -> Any:
    return value


_READ: dict[str, Callable[[Any], Any]] = {
    "stringValue": _same,
    "boolValue": _same,
    "intValue": _number,
    "doubleValue": _same,
    "bytesValue": _same,
    "arrayValue": lambda held: [_value(each) for each in held.get("values") or ()],
    "kvlistValue": lambda held: _attributes(held.get("values")),
}
