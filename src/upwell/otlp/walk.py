"""Walking a protobuf body without building anything: one loop that counts, by a plan of what counts.

It is how bombs are seen before they are parsed, and how unknown fields are numbered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from upwell.otlp.wire import DELIMITED, FIXED32, FIXED64, VARINT, read_varint

UNSIZED: Final = 64


class Rule(NamedTuple):
    """What one kind of field counts: `each`, and its size in bytes shifted right by `shift` (`UNSIZED`: nothing).

    `inside` is the plan for the message in it; None where there is no need to look.
    """

    each: int = 0
    shift: int = UNSIZED
    inside: Plan | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules by tag, that is field number and wire type, and what any other field counts."""

    rules: dict[int, Rule] = field(default_factory=dict)
    otherwise: Rule = field(default_factory=Rule)


def walk(data: bytes, at: int, stop: int, plan: Plan, room: int) -> int:
    """Walk the fields in data[at:stop]; the room that their counts leave, negative as soon as there is none.

    Raises IndexError or ValueError where the data is no protobuf message, RecursionError where it is nested too deep.
    """
    rules, otherwise = plan.rules, plan.otherwise
    while at < stop and room >= 0:
        tag = data[at]
        at += 1
        if tag > 0x7F:
            tag, at = read_varint(data, at - 1)
        each, shift, inside = rules.get(tag, otherwise)
        room -= each
        wire_type = tag & 7
        if wire_type == DELIMITED:
            size = data[at]
            at += 1
            if size > 0x7F:
                size, at = read_varint(data, at - 1)
            if at + size > stop:
                raise ValueError("a field that ends outside its message")
            room -= size >> shift
            if size and inside is not None:
                room = walk(data, at, at + size, inside, room)
            at += size
        elif wire_type == VARINT:
            while data[at] > 0x7F:
                at += 1
            at += 1
        elif wire_type == FIXED64:
            at += 8
        elif wire_type == FIXED32:
            at += 4
        else:
            raise ValueError("a group, which OTLP does not have")
    if at > stop:
        raise ValueError("a number that ends outside its message")
    return room
