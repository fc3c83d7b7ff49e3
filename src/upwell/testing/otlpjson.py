"""OTLP in JSON: the walk from a body down to its items. `jsonform` reads the messages themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from upwell.otlp.model import Signal
from upwell.testing import flat
from upwell.testing.export import Group, Point
from upwell.testing.jsonform import from_json, from_json_value, given, integer, text
from upwell.testing.plain import Plain, Unreadable

_POINTS: Mapping[str, Descriptor] = {
    "gauge": metrics_pb2.NumberDataPoint.DESCRIPTOR,
    "sum": metrics_pb2.NumberDataPoint.DESCRIPTOR,
    "histogram": metrics_pb2.HistogramDataPoint.DESCRIPTOR,
    "exponentialHistogram": metrics_pb2.ExponentialHistogramDataPoint.DESCRIPTOR,
    "summary": metrics_pb2.SummaryDataPoint.DESCRIPTOR,
}


class JsonReader:
    """Entries are parsed JSON objects, looked into only when asked; `Reader` says what the methods do."""

    def groups(self, body: bytes, signal: Signal) -> list[Group]:
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Unreadable("the body is not JSON") from None
        found = []
        for r, below_resource in enumerate(_objects(request, signal.resource_field)):
            resource = flat.resource(_part(below_resource, "resource", Resource.DESCRIPTOR), text(given(below_resource, "schemaUrl", "")))
            for s, below_scope in enumerate(_objects(below_resource, signal.scope_field)):
                scope = flat.scope(_part(below_scope, "scope", InstrumentationScope.DESCRIPTOR), text(given(below_scope, "schemaUrl", "")))
                entries = _objects(below_scope, signal.entry_field)
                found.append(Group((r, s), resource, scope, self._points(entries) if signal is Signal.METRICS else entries))
        return found

    def _points(self, metrics: Sequence[dict[str, Any]]) -> list[Point]:
        points = []
        for m, metric in enumerate(metrics):
            kind = next((kind for kind in _POINTS if metric.get(kind) is not None), "")
            data = _object(given(metric, kind, {}), kind)
            header = flat.metric(
                name=text(given(metric, "name", "")),
                unit=text(given(metric, "unit", "")),
                kind=kind,
                temporality=integer(given(data, "aggregationTemporality", 0)),
                monotonic=bool(data.get("isMonotonic")),
            )
            points += [Point(header, (m, d), point) for d, point in enumerate(_objects(data, "dataPoints"))]
        return points

    def plain(self, entry: Any, signal: Signal) -> Plain:
        if isinstance(entry, Point):
            return from_json(entry.raw, _POINTS[entry.metric["kind"]])
        return from_json(entry, LogRecord.DESCRIPTOR if signal is Signal.LOGS else Span.DESCRIPTOR)

    def window(self, span: Any) -> tuple[int, int]:
        plain = from_json(span, Span.DESCRIPTOR)  # whole: JSON has no parser that would have found a wrong type
        return plain.get("startTimeUnixNano", 0), plain.get("endTimeUnixNano", 0)

    def size(self, entry: Any) -> int:
        return len(orjson.dumps(entry.raw if isinstance(entry, Point) else entry))

    def attribute(self, entry: Any, name: str) -> Any:
        pairs = given(entry.raw if isinstance(entry, Point) else entry, "attributes", [])
        if type(pairs) is not list:
            raise Unreadable("attributes is not a list")
        found = (pair for pair in pairs if type(pair) is dict and pair.get("key") == name)
        return next((from_json_value(pair.get("value")) for pair in found), None)


def _part(holder: dict[str, Any], name: str, descriptor: Descriptor) -> Plain:
    return from_json(given(holder, name, {}), descriptor)


def _object(value: Any, name: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise Unreadable(f"{name or 'the body'} is not an object")
    return value


def _objects(holder: Any, name: str) -> list[dict[str, Any]]:
    values = given(_object(holder, ""), name, [])
    if type(values) is not list or any(type(value) is not dict for value in values):
        raise Unreadable(f"{name} is not a list of objects")
    return values
