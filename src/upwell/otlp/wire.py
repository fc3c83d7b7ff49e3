"""Protobuf's wire format, as far as it is read and written without a message class."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """A non-negative number in groups of seven bits, lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
