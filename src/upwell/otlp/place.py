"""Where a protobuf body is broken: parsers only say that it is.

Used after a refusal, to name the place in the words of OTLP/JSON; it decides nothing.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from upwell.otlp.messages import REQUESTS
from upwell.otlp.model import Signal
from upwell.otlp.wire import DELIMITED, FIXED32, FIXED64, VARINT, read_varint

_LARGEST: Final = 1_000_000
"""Bytes of a body that is looked through; a second of work for a broken one is not worth the answer."""


class _Fault(Exception):
    """Found it; the text is the answer."""


def fault(body: bytes, signal: Signal) -> str:
    """A sentence on what is wrong with a body that upb refused, and where."""
    if len(body) > _LARGEST:
        return "it cannot be parsed"
    try:
        _look(body, 0, len(body), REQUESTS[signal].DESCRIPTOR, "$")
    except _Fault as found:
        return str(found)
    except RecursionError:
        return "nested too deep"
    return "it cannot be parsed; it may be nested too deep"


def _look(data: bytes, at: int, stop: int, message: Descriptor, place: str) -> None:
    seen: Counter[int] = Counter()
    while at < stop:
        try:
            number, wire_type, start, end = _field(data, at, stop)
        except (IndexError, ValueError) as error:
            raise _Fault(f"{error if isinstance(error, ValueError) else 'cut short'} - at byte {at} in `{place}`") from None
        field = message.fields_by_number.get(number)
        if field is not None and wire_type == DELIMITED:
            index = f"[{seen[number]}]" if field.is_repeated else ""
            seen[number] += 1
            _look_inside(data, start, end, field, f"{place}.{field.json_name}{index}")
        at = end


def _look_inside(data: bytes, at: int, stop: int, field: FieldDescriptor, place: str) -> None:
    if field.message_type is not None:
        _look(data, at, stop, field.message_type, place)
    elif field.type == FieldDescriptor.TYPE_STRING:
        try:
            data[at:stop].decode()
        except UnicodeDecodeError:
            raise _Fault(f"text that is not UTF-8 - at byte {at} in `{place}`") from None


def _field(data: bytes, at: int, stop: int) -> tuple[int, int, int, int]:
    """Number, wire type, start and end of the content of the field at `at`."""
    tag, at = read_varint(data, at)
    number, wire_type = tag >> 3, tag & 7
    if number == 0:
        raise ValueError("field number 0")
    if wire_type == DELIMITED:
        size, at = read_varint(data, at)
    elif wire_type == VARINT:
        size = read_varint(data, at)[1] - at
    elif wire_type in (FIXED64, FIXED32):
        size = 8 if wire_type == FIXED64 else 4
    else:
        raise ValueError("a group, which OTLP does not have")
    if at + size > stop:
        raise ValueError("cut short")
    return number, wire_type, at, at + size
