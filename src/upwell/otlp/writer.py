"""From the internal form to protobuf messages.

One table per message, made from its descriptor on first use. Fields that the table does
not know are left out; `upwell.otlp.unknown` says how many there were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from upwell.otlp.messages import REQUESTS, Request
from upwell.otlp.model import Batch, Signal
from upwell.otlp.scalars import ID_FIELDS, from_base64, from_integer, is_null

Write: TypeAlias = Callable[[Any, Any], None]
"""Writes a JSON value, never None, into a message."""

_UNSIGNED_64 = frozenset({FieldDescriptor.TYPE_UINT64, FieldDescriptor.TYPE_FIXED64})
_LARGEST = 2**64 - 1


def to_message(batch: Batch, signal: Signal) -> Request:
    """The request message of a batch that `decode` let in. Unknown fields are left out."""
    message = REQUESTS[signal]()
    write_message(message, batch)
    return message


def write_message(message: Message, values: Mapping[str, Any]) -> None:
    """Set a message's fields from the object of its OTLP/JSON form."""
    table = _table(message.DESCRIPTOR)
    for name, value in values.items():
        write = table.get(name)
        if write is not None and value is not None:
            write(message, value)


def write_attributes(pairs: Any, values: Iterable[Mapping[str, Any]]) -> None:
    """Append KeyValues to a repeated field."""
    add = pairs.add
    for attribute in values:
        value = attribute.get("value")
        if len(attribute) != 2 or value is None:
            write_message(add(), attribute)
            continue
        inner = add(key=attribute.get("key") or "").value
        # The two kinds that nearly all values are.
        text, whole = value.get("stringValue"), value.get("intValue")
        if text is not None and len(value) == 1:
            inner.string_value = text
        elif whole is not None and len(value) == 1 and not is_null(whole):
            inner.int_value = from_integer(whole)
        else:
            inner.SetInParent()
            write_message(inner, value)


@cache
def _table(message: Descriptor) -> dict[str, Write]:
    return {field.json_name: _writer(field) for field in message.fields}


def _writer(field: FieldDescriptor) -> Write:
    name = field.name
    if field.message_type is KeyValue.DESCRIPTOR:
        return lambda message, values: write_attributes(getattr(message, name), values)
    if field.message_type is not None:
        return _repeated_message_writer(name) if field.is_repeated else _message_writer(name)
    if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated:
        return _text_writer(name)
    convert = _converter(field)
    if field.is_repeated:
        return lambda message, values: getattr(message, name).extend([convert(value) for value in values])
    return _scalar_writer(name, convert)


def _message_writer(name: str) -> Write:
    def write(message: Any, value: Mapping[str, Any]) -> None:
        inner = getattr(message, name)
        inner.SetInParent()
        write_message(inner, value)

    return write


def _repeated_message_writer(name: str) -> Write:
    def write(message: Any, values: Iterable[Mapping[str, Any] | None]) -> None:
        add = getattr(message, name).add
        for value in values:
            write_message(add(), value or {})

    return write


def _scalar_writer(name: str, convert: Callable[[Any], Any]) -> Write:
    def write(message: Any, value: Any) -> None:
        if not is_null(value):
            setattr(message, name, convert(value))

    return write


def _text_writer(name: str) -> Write:
    return lambda message, value: setattr(message, name, value)


def _converter(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.enum_type is not None:
        numbers = {value.name: value.number for value in field.enum_type.values}
        return lambda value: numbers[value] if value in numbers else from_integer(value)
    if field.type == FieldDescriptor.TYPE_STRING:
        return str
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return float
    if field.type == FieldDescriptor.TYPE_BOOL:
        return bool
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes.fromhex if field.name in ID_FIELDS else from_base64
    if field.type in _UNSIGNED_64:
        return lambda value: min(from_integer(value), _LARGEST)
    return from_integer
