"""OTLP messages written as JSON, read with the published descriptors as their schema.

What the descriptors don't know is left out, as the protocol asks; what contradicts them raises `Unreadable`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from upwell.testing.plain import ID_FIELDS, Plain, Unreadable, deeper, number

Convert: TypeAlias = Callable[[Any], Any]

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
        return text(value)
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
        if type(key) is str and type(value) is dict and len(value) == 1 and type(value.get("stringValue")) is str:
            out[key] = value["stringValue"]
        else:
            out[text(given(pair, "key", ""))] = from_json_value(value, depth)
    return out


def _values_of(raw: Any) -> list[Any]:
    if type(raw) is not dict:
        raise Unreadable(f"is not an object with values but {_kind(raw)}")
    return _list(given(raw, "values", []))


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
        return lambda raw: integer(raw, low, high)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _hex if field.camelcase_name in ID_FIELDS else _base64
    return {FieldDescriptor.TYPE_STRING: text, FieldDescriptor.TYPE_BOOL: _flag, FieldDescriptor.TYPE_DOUBLE: _double}[field.type]


def integer(raw: Any, low: int = -(2**63), high: int = 2**63) -> int:
    """A whole number in [low, high), written as a number or as decimal digits. Raises Unreadable."""
    value: int | None = None
    if type(raw) is int:
        value = raw
    elif _is_digits(raw) or (type(raw) is float and raw.is_integer()):
        value = int(raw)
    if value is None or not low <= value < high:
        raise Unreadable(f"is not an integer of its size but {_kind(raw)}")
    return value


def _is_digits(raw: Any) -> bool:
    return type(raw) is str and len(raw) <= 20 and raw.isascii() and raw.removeprefix("-").isdigit()


def _double(raw: Any) -> float | str:
    try:
        if type(raw) in (int, float, str):
            return number(float(raw))
    except ValueError:
        pass
    raise _not("a number", raw)


def given(holder: Mapping[str, Any], name: str, default: Any) -> Any:
    """The field, or the default where it is absent or null."""
    value = holder.get(name)
    return default if value is None else value


def text(raw: Any) -> str:
    """A text as it is. Raises Unreadable."""
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
        return bytes.fromhex(text(raw)).hex()
    except ValueError:
        raise _not("hex digits", raw) from None


def _base64(raw: Any) -> str:
    try:
        return base64.b64encode(base64.b64decode(text(raw), validate=True)).decode()
    except ValueError:
        raise _not("base64", raw) from None


_SCALAR_VALUES: Mapping[str, Convert] = {"boolValue": _flag, "intValue": integer, "doubleValue": _double, "bytesValue": _base64}


def _not(wanted: str, raw: Any) -> Unreadable:
    return Unreadable(f"is not {wanted} but {_kind(raw)}")


def _kind(raw: Any) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}.get(type(raw), "a number")
