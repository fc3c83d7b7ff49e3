"""Counting the fields that this version of OTLP does not know."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from google.protobuf.descriptor import Descriptor

from upwell.otlp.messages import REQUESTS
from upwell.otlp.model import Batch, Signal
from upwell.otlp.walk import Plan, Rule, walk
from upwell.otlp.wire import DELIMITED, wire_type

_PLENTY: Final = 2**62


def unknown_fields(batch: Batch, signal: Signal) -> int:
    """Fields of a batch that came as JSON and that protobuf has no place for: what `to_message` leaves out."""
    return _count(batch, REQUESTS[signal].DESCRIPTOR)


def count_in_body(body: bytes, signal: Signal) -> int:
    """Unknown fields of a protobuf body that has been parsed. Raises ValueError where one of them is a group."""
    return _PLENTY - walk(body, 0, len(body), _KNOWN[signal], _PLENTY)


def _count(values: Mapping[str, Any], message: Descriptor) -> int:
    fields = _fields(message)
    total = 0
    for name, value in values.items():
        if name not in fields:
            total += 1
            continue
        inner = fields[name]
        if inner is not None and value:
            total += sum(_count(one or {}, inner) for one in (value if isinstance(value, list) else [value]))
    return total


@cache
def _fields(message: Descriptor) -> dict[str, Descriptor | None]:
    return {field.json_name: field.message_type for field in message.fields}


_PLANS: dict[str, Plan] = {}
"""One is entered before it is filled, because values hold values."""


def _plan(message: Descriptor) -> Plan:
    """Counts the fields that have no rule. A known number in another wire type is unknown, as protobuf has it."""
    if message.full_name in _PLANS:
        return _PLANS[message.full_name]
    plan = _PLANS[message.full_name] = Plan(otherwise=Rule(each=1))
    for field in message.fields:
        inside = _plan(field.message_type) if field.message_type is not None else None
        plan.rules[field.number << 3 | wire_type(field)] = Rule(inside=inside)
        if field.is_repeated:  # numbers may be packed
            plan.rules[field.number << 3 | DELIMITED] = Rule(inside=inside)
    return plan


_KNOWN = {signal: _plan(REQUESTS[signal].DESCRIPTOR) for signal in Signal}
