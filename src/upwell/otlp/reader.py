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
    """The batch that a request message holds, its one field always there."""
    name, _ = _table(message.DESCRIPTOR)[1]
    return {name: [], **read_message(message)}


def read_message(message: Message) -> dict[str, Any]:
    """Any OTLP message as the object of its OTLP/JSON form: fields at their defaults left out, present ones kept."""
    table = _table(message.DESCRIPTOR)
    out = {}
    for field, value in message.ListFields():
        name, read = table[field.number]
        out[name] = value if read is None else read(value)
    return out


def read_attributes(pairs: Iterable[Any]) -> list[dict[str, Any]]:
    """KeyValues, in order, each with its `key` and, unless it has none, its `value`."""
    out: list[dict[str, Any]] = []
    add = out.append
    for pair in pairs:
        value = pair.value
        kind = value.WhichOneof("value")
        if kind == "string_value":
            add({"key": pair.key, "value": {"stringValue": value.string_value}})
        elif kind == "int_value":
            add({"key": pair.key, "value": {"intValue": str(value.int_value)}})
        else:
            add({"key": "", **read_message(pair)})
    return out


@cache
def _table(message: Descriptor) -> dict[int, tuple[str, Read | None]]:
    return {field.number: (field.json_name, _reader(field)) for field in message.fields}


def _reader(field: FieldDescriptor) -> Read | None:
    if field.message_type is not None and field.message_type.name == "KeyValue":
        return read_attributes
    read = _reader_of_one(field)
    if not field.is_repeated:
        return read
    return list if read is None else lambda values: [read(value) for value in values]


def _reader_of_one(field: FieldDescriptor) -> Read | None:
    if field.message_type is not None:
        return read_message
    if field.type in _TEXT_INTEGERS:
        return str
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return into_double
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes.hex if field.name in ID_FIELDS else into_base64
    return None
