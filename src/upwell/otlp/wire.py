"""Protobuf's wire format, as far as it is read and written without a message class."""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5
"""Wire types; 3 and 4 are groups, which OTLP never had."""

_WIRE_TYPES = {
    FieldDescriptor.TYPE_DOUBLE: FIXED64,
    FieldDescriptor.TYPE_FIXED64: FIXED64,
    FieldDescriptor.TYPE_SFIXED64: FIXED64,
    FieldDescriptor.TYPE_FIXED32: FIXED32,
    FieldDescriptor.TYPE_STRING: DELIMITED,
    FieldDescriptor.TYPE_BYTES: DELIMITED,
    FieldDescriptor.TYPE_MESSAGE: DELIMITED,
}


def wire_type(field: FieldDescriptor) -> int:
    """The wire type of one value of a field; of OTLP's types those not listed are varints."""
    return _WIRE_TYPES.get(field.type, VARINT)


def varint(number: int) -> bytes:
    """A non-negative number in groups of seven bits, lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that starts at `at`, and where it ends. Raises IndexError at the end of the data, ValueError past ten bytes."""
    number = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number of more than ten bytes")
