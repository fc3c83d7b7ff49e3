"""OTLP in protobuf, read by the published messages alone."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from upwell.otlp.model import Signal
from upwell.testing import flat
from upwell.testing.export import Group, Point
from upwell.testing.plain import ID_FIELDS, Plain, Unreadable, deeper, number

Convert: TypeAlias = Callable[[Any], Any]

_REQUESTS = {Signal.LOGS: ExportLogsServiceRequest, Signal.METRICS: ExportMetricsServiceRequest, Signal.TRACES: ExportTraceServiceRequest}


class ProtobufReader:
    """Entries are messages; `Reader` says what the methods do."""

    def groups(self, body: bytes, signal: Signal) -> list[Group]:
        request: Any = _REQUESTS[signal]()
        try:
            request.ParseFromString(body)
        except DecodeError:
            raise Unreadable("the body is not an OTLP protobuf message") from None
        found = []
        for r, below_resource in enumerate(getattr(request, _snake(signal.resource_field))):
            resource = flat.resource(from_message(below_resource.resource), below_resource.schema_url)
            for s, below_scope in enumerate(getattr(below_resource, _snake(signal.scope_field))):
                scope = flat.scope(from_message(below_scope.scope), below_scope.schema_url)
                entries = getattr(below_scope, _snake(signal.entry_field))
                found.append(Group((r, s), resource, scope, self._points(entries) if signal is Signal.METRICS else entries))
        return found

    def _points(self, metrics: Sequence[Any]) -> list[Point]:
        points = []
        for m, metric in enumerate(metrics):
            kind = metric.WhichOneof("data")
            data = getattr(metric, kind) if kind else None
            header = flat.metric(
                name=metric.name,
                unit=metric.unit,
                kind=_camel(kind or ""),
                temporality=getattr(data, "aggregation_temporality", 0),
                monotonic=getattr(data, "is_monotonic", False),
            )
            points += [Point(header, (m, d), point) for d, point in enumerate(data.data_points if data is not None else ())]
        return points

    def plain(self, entry: Any, signal: Signal) -> Plain:  # noqa: ARG002 - a message knows what it is
        return from_message(entry.raw if isinstance(entry, Point) else entry)

    def window(self, span: Any) -> tuple[int, int]:
        return span.start_time_unix_nano, span.end_time_unix_nano

    def size(self, entry: Any) -> int:
        message: Message = entry.raw if isinstance(entry, Point) else entry
        return message.ByteSize()

    def attribute(self, entry: Any, name: str) -> Any:
        pairs = (entry.raw if isinstance(entry, Point) else entry).attributes
        return next((from_value(pair.value) for pair in pairs if pair.key == name), None)


def from_message(message: Message) -> Plain:
    """The plain form of any OTLP message but AnyValue and KeyValue, which `from_value` and its list read."""
    converters = _message_converters(message.DESCRIPTOR)
    out: Plain = {}
    for field, value in message.ListFields():
        name, convert = converters[field.number]
        out[name] = convert(value)
    return out


def from_value(value: AnyValue, depth: int = 0) -> Any:
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind is None:
        return None
    if kind == "array_value":
        return [from_value(each, deeper(depth)) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {each.key: from_value(each.value, deeper(depth)) for each in value.kvlist_value.values}
    held = getattr(value, kind)
    if kind == "double_value":
        return number(held)
    return base64.b64encode(held).decode() if kind == "bytes_value" else held


def from_pairs(pairs: Any) -> Plain:
    out: Plain = {}
    for pair in pairs:
        value = pair.value
        # most values are texts, and a big request holds tens of thousands of them
        out[pair.key] = value.string_value if value.WhichOneof("value") == "string_value" else from_value(value)
    return out


@cache
def _message_converters(descriptor: Descriptor) -> Mapping[int, tuple[str, Convert]]:
    return {field.number: (field.camelcase_name, _message_converter(field)) for field in descriptor.fields}


def _message_converter(field: FieldDescriptor) -> Convert:
    if field.message_type is not None and field.message_type.full_name == KeyValue.DESCRIPTOR.full_name:
        return from_pairs
    one = _one_of_a_message(field)
    return (lambda values: [one(value) for value in values]) if field.is_repeated else one


def _one_of_a_message(field: FieldDescriptor) -> Convert:
    if field.message_type is not None:
        return from_value if field.message_type.full_name == AnyValue.DESCRIPTOR.full_name else from_message
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes.hex if field.camelcase_name in ID_FIELDS else lambda value: base64.b64encode(value).decode()
    return number if field.type == FieldDescriptor.TYPE_DOUBLE else lambda value: value


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)
