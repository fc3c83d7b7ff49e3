"""Pieces as protobuf, each with the tag and length that stand before it. Fields that OTLP does not know are left out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from msgspec import Raw

from upwell.otlp.messages import REQUESTS
from upwell.otlp.model import Signal
from upwell.otlp.wire import varint
from upwell.otlp.writer import write_message
from upwell.sinks.cutting import Fields, Path
from upwell.sinks.frames import Frame, Piece

_LENGTH_DELIMITED = 2


class WireScribe:
    """Messages with their length before them. A frame's `tail`, which protobuf has none of, is its tag."""

    separator = b""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal

    def item(self, path: Path, raw: Raw, changed: dict[str, Any] | None) -> Piece:
        field = _field(self._signal, path)
        content = _written(field, orjson.loads(memoryview(raw)) if changed is None else changed)
        return b"%b%b%b" % (_tag(field), varint(len(content)), content)

    def around(self, path: Path, rest: Fields, inside: int) -> tuple[bytes, bytes, int]:
        field = _field(self._signal, path[:-1])
        head, tag = _written(field, {name: orjson.loads(memoryview(raw)) for name, raw in rest.items()}), _tag(field)
        return head, tag, len(tag) + len(varint(len(head) + inside)) + len(head)

    def wrap(self, frame: Frame, parts: Sequence[Piece]) -> bytes:
        content = b"".join((frame.head, *parts))
        return b"%b%b%b" % (frame.tail, varint(len(content)), content)


@cache
def _field(signal: Signal, path: Path) -> FieldDescriptor:
    """The field that a path ends with."""
    message = REQUESTS[signal].DESCRIPTOR if len(path) == 1 else _message(_field(signal, path[:-1]))
    return next(field for field in message.fields if field.json_name == path[-1])


def _message(field: FieldDescriptor) -> Descriptor:
    return cast("Descriptor", field.message_type)  # every field down a path is a message


@cache
def _tag(field: FieldDescriptor) -> bytes:
    return varint(field.number << 3 | _LENGTH_DELIMITED)


@cache
def _class(field: FieldDescriptor) -> type[Message]:
    return GetMessageClass(_message(field))


def _written(field: FieldDescriptor, values: dict[str, Any]) -> bytes:
    message = _class(field)()
    write_message(message, values)
    return message.SerializeToString()
