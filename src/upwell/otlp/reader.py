"""From protobuf messages to the internal form.

One table per message, made from its descriptor on first use. Attributes, nine tenths of
every batch, have their own few lines. Unknown protobuf fields are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from upwell.errors import Malformed
from upwell.otlp.limits import MAX_NESTING
from upwell.otlp.messages import Request
from upwell.otlp.model import Batch
from upwell.otlp.scalars import ID_FIELDS, into_base64, into_double

Read: TypeAlias = Callable[[Any], Any]

_TEXT_INTEGERS = frozenset(
    {
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_FIXED64,
        FieldDescriptor.TYPE_SFIXED64,
    }
)
"""proto3 JSON writes 64-bit integers as strings, because JavaScript's numbers end at 2**53."""


def from_message(message: Request) -> Batch:
    """The batch that a request message holds, its one field always there.

    Raises `Malformed` where values are nested deeper than `MAX_NESTING`.
    """
    batch = read_message(message)
    return batch or {message.DESCRIPTOR.fields[0].json_name: []}


def read_message(message: Message) -> dict[str, Any]:
    """Any OTLP message as the object of its OTLP/JSON form: fields at their defaults left out, present ones kept."""
    table = _table(message.DESCRIPTOR)
    out = {}
    for field, value in message.ListFields():
        name, read = table[field.number]
        out[name] = value if read is None else read(value)
    return out


def read_attributes(pairs: Iterable[Any], level: int = 1) -> list[dict[str, Any]]:
    """KeyValues, in order, each with its `key` and, unless it has none, its `value`."""
    out: list[dict[str, Any]] = []
    add = out.append
    for pair in pairs:
        key, value = pair.key, pair.value
        # The two kinds that nearly all values are; an empty text and 0 go the long way, where their presence is seen.
        if key and (text := value.string_value):
            add({"key": key, "value": {"stringValue": text}})
        elif key and (whole := value.int_value):
            add({"key": key, "value": {"intValue": str(whole)}})
        else:
            add(_read_pair(pair, level))
    return out


def _read_pair(pair: Any, level: int) -> dict[str, Any]:
    out: dict[str, Any] = {"key": pair.key}
    for field, value in pair.ListFields():
        out[field.json_name] = read_value(value, level) if field.message_type is not None else value
    return out


def read_value(value: Any, level: int = 1) -> dict[str, Any]:
    """An AnyValue; the empty object where it holds nothing."""
    kind = value.WhichOneof("value")
    if kind is None:
        return {}
    held = getattr(value, kind)
    if kind not in _CONTAINERS:
        name, read = _VALUE_KINDS[kind]
        return {name: read(held)}
    if level >= MAX_NESTING:
        raise Malformed(f"values are nested deeper than {MAX_NESTING} levels")
    if kind == "array_value":
        return {"arrayValue": {"values": [read_value(inner, level + 1) for inner in held.values]}}
    return {"kvlistValue": {"values": read_attributes(held.values, level + 1)}}


@cache
def _table(message: Descriptor) -> dict[int, tuple[str, Read | None]]:
    return {field.number: (field.json_name, _reader(field)) for field in message.fields}


def _reader(field: FieldDescriptor) -> Read | None:
    if field.message_type is KeyValue.DESCRIPTOR:
        return read_attributes
    read = _reader_of_one(field)
    if not field.is_repeated:
        return read
    return list if read is None else lambda values: [read(value) for value in values]


def _reader_of_one(field: FieldDescriptor) -> Read | None:
    if field.message_type is not None:
        return read_value if field.message_type is AnyValue.DESCRIPTOR else read_message
    if field.type in _TEXT_INTEGERS:
        return str
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return into_double
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes.hex if field.name in ID_FIELDS else into_base64
    return None


def _as_is(value: Any) -> Any:
    return value


_CONTAINERS = frozenset({"array_value", "kvlist_value"})

_VALUE_KINDS: dict[str, tuple[str, Read]] = {
    field.name: (field.json_name, _reader_of_one(field) or _as_is) for field in AnyValue.DESCRIPTOR.fields if field.name not in _CONTAINERS
}
