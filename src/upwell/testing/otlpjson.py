"""OTLP in JSON, read with the published descriptors as its schema.

What the descriptors don't know is left out, as the protocol asks; what contradicts them raises `Unreadable`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from upwell.otlp.model import Signal
from upwell.testing import flat
from upwell.testing.export import Group, Point
from upwell.testing.plain import ID_FIELDS, Plain, Unreadable, deeper, number

Convert: TypeAlias = Callable[[Any], Any]

_POINTS: Mapping[str, Descriptor] = {
    "gauge": metrics_pb2.NumberDataPoint.DESCRIPTOR,
    "sum": metrics_pb2.NumberDataPoint.DESCRIPTOR,
    "histogram": metrics_pb2.HistogramDataPoint.DESCRIPTOR,
    "exponentialHistogram": metrics_pb2.ExponentialHistogramDataPoint.DESCRIPTOR,
    "summary": metrics_pb2.SummaryDataPoint.DESCRIPTOR,
}

_BOUNDS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31),
    FieldDescriptor.TYPE_ENUM: (-(2**31), 2**31),
    FieldDescriptor.TYPE_UINT32: (0, 2**32),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63),
    FieldDescriptor.TYPE_UINT64: (0, 2**64),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64),
}
_VALUE_KINDS = frozenset({"stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue"})


class JsonReader:
    """Entries are parsed JSON objects, looked into only when asked; `Reader` says what the methods do."""

    def groups(self, body: bytes, signal: Signal) -> list[Group]:
        try:
            request = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise Unreadable("the body is not JSON") from None
        found = []
        for r, below_resource in enumerate(_objects(request, signal.resource_field)):
            resource = flat.resource(_part(below_resource, "resource", Resource.DESCRIPTOR), _text(below_resource.get("schemaUrl") or ""))
            for s, below_scope in enumerate(_objects(below_resource, signal.scope_field)):
                scope = flat.scope(_part(below_scope, "scope", InstrumentationScope.DESCRIPTOR), _text(below_scope.get("schemaUrl") or ""))
                entries = _objects(below_scope, signal.entry_field)
                found.append(Group((r, s), resource, scope, self._points(entries) if signal is Signal.METRICS else entries))
        return found

    def _points(self, metrics: Sequence[dict[str, Any]]) -> list[Point]:
        points = []
        for m, metric in enumerate(metrics):
            kind = next((kind for kind in _POINTS if metric.get(kind) is not None), "")
            data = metric.get(kind) or {}
            header = flat.metric(
                name=_text(metric.get("name") or ""),
                unit=_text(metric.get("unit") or ""),
                kind=kind,
                temporality=_integer(_object(data, kind).get("aggregationTemporality") or 0),
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
        pairs = _objects(entry.raw if isinstance(entry, Point) else entry, "attributes")
        return next((from_json_value(pair.get("value")) for pair in pairs if pair.get("key") == name), None)


def _part(holder: dict[str, Any], name: str, descriptor: Descriptor) -> Plain:
    return from_json(holder.get(name) or {}, descriptor)


def _object(value: Any, name: str) -> dict[str, Any]:
    if type(value) is not dict:
        raise Unreadable(f"{name or 'the body'} is not an object")
    return value


def _objects(holder: Any, name: str) -> list[dict[str, Any]]:
    values = _object(holder, "").get(name) or []
    if type(values) is not list or any(type(value) is not dict for value in values):
        raise Unreadable(f"{name} is not a list of objects")
    return values


def from_json(raw: Any, descriptor: Descriptor) -> Plain:
    """The plain form of a message written as OTLP/JSON. Raises Unreadable."""
    if type(raw) is not dict:
        raise Unreadable(f"is not an object but {_kind(raw)}")
    converters = _json_converters(descriptor)
    out: Plain = {}
    for name, value in raw.items():
        convert = converters.get(name)
        if convert is not None and value is not None:
            try:
                out[name] = convert(value)
            except Unreadable as error:
                raise error.under(name) from None
    return out


def from_json_value(raw: Any, depth: int = 0) -> Any:
    """What an AnyValue written as JSON holds; `{}` and null hold nothing."""
    if raw is None:
        return None
    if type(raw) is not dict:
        raise Unreadable(f"is not a value object but {_kind(raw)}")
    held = [(kind, value) for kind, value in raw.items() if kind in _VALUE_KINDS and value is not None]
    if len(held) != 1:
        if held:
            raise Unreadable("holds more than one value")
        return None
    kind, value = held[0]
    if kind == "stringValue":
        return _text(value)
    if kind == "arrayValue":
        return [from_json_value(each, deeper(depth)) for each in _values_of(value)]
    if kind == "kvlistValue":
        return _json_pairs(_values_of(value), deeper(depth))
    return _SCALAR_VALUES[kind](value)


def from_json_pairs(raw: Any) -> Plain:
    return _json_pairs(_list(raw), 0)


def _json_pairs(raw: list[Any], depth: int) -> Plain:
    out: Plain = {}
    for pair in raw:
        if type(pair) is not dict:
            raise Unreadable(f"holds {_kind(pair)} instead of a key and a value")
        key, value = pair.get("key"), pair.get("value")
        # most values are texts, and a big request holds tens of thousands of them
        text = value.get("stringValue") if type(value) is dict and len(value) == 1 else None
        out[_text(key or "")] = text if type(text) is str else from_json_value(value, depth)
    return out


def _values_of(raw: Any) -> list[Any]:
    if type(raw) is not dict:
        raise Unreadable(f"is not an object with values but {_kind(raw)}")
    return _list(raw.get("values") or [])


@cache
def _json_converters(descriptor: Descriptor) -> Mapping[str, Convert]:
    return {field.camelcase_name: _json_converter(field) for field in descriptor.fields}


def _json_converter(field: FieldDescriptor) -> Convert:
    if field.message_type is not None and field.message_type.full_name == KeyValue.DESCRIPTOR.full_name:
        return from_json_pairs
    one = _one_of_json(field)
    return (lambda values: [one(value) for value in _list(values)]) if field.is_repeated else one


def _one_of_json(field: FieldDescriptor) -> Convert:
    message = field.message_type
    if message is not None:
        return from_json_value if message.full_name == AnyValue.DESCRIPTOR.full_name else lambda raw: from_json(raw, message)
    if field.type in _BOUNDS:
        low, high = _BOUNDS[field.type]
        return lambda raw: _integer(raw, low, high)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _hex if field.camelcase_name in ID_FIELDS else _base64
    return {FieldDescriptor.TYPE_STRING: _text, FieldDescriptor.TYPE_BOOL: _flag, FieldDescriptor.TYPE_DOUBLE: _double}[field.type]


def _integer(raw: Any, low: int = -(2**63), high: int = 2**63) -> int:
    try:
        value = int(raw) if type(raw) in (int, str) or (type(raw) is float and raw.is_integer()) else None
    except ValueError:
        value = None
    if value is None or not low <= value < high:
        raise Unreadable(f"is not an integer of its size but {_kind(raw)}")
    return value


def _double(raw: Any) -> float | str:
    try:
        if type(raw) in (int, float, str):
            return number(float(raw))
    except ValueError:
        pass
    raise _not("a number", raw)


def _text(raw: Any) -> str:
    if type(raw) is not str:
        raise _not("a text", raw)
    return raw


def _flag(raw: Any) -> bool:
    if type(raw) is not bool:
        raise _not("true or false", raw)
    return raw


def _list(raw: Any) -> list[Any]:
    if type(raw) is not list:
        raise _not("a list", raw)
    return raw


def _hex(raw: Any) -> str:
    try:
        return bytes.fromhex(_text(raw)).hex()
    except ValueError:
        raise _not("hex digits", raw) from None


def _base64(raw: Any) -> str:
    try:
        return base64.b64encode(base64.b64decode(_text(raw), validate=True)).decode()
    except ValueError:
        raise _not("base64", raw) from None


_SCALAR_VALUES: Mapping[str, Convert] = {"boolValue": _flag, "intValue": _integer, "doubleValue": _double, "bytesValue": _base64}


def _not(wanted: str, raw: Any) -> Unreadable:
    return Unreadable(f"is not {wanted} but {_kind(raw)}")


def _kind(raw: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}.get(type(raw), "a number")
