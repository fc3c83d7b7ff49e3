"""Refusing protobuf bombs before they are parsed.

Two bytes make an empty message, and a message costs 60 to 150 bytes once parsed: ten MiB
unfold to 700 MB. Bodies too small for that pass unseen; others are walked, counting, up to the limit.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from google.protobuf.descriptor import Descriptor

from upwell.errors import Malformed, TooLarge
from upwell.otlp.limits import MAX_ITEMS, MAX_OBJECTS
from upwell.otlp.messages import REQUESTS
from upwell.otlp.model import Signal
from upwell.otlp.walk import Plan, Rule, walk
from upwell.otlp.wire import DELIMITED, FIXED64, wire_type

_SMALLEST: Final = 2
"""Bytes of an empty message: its tag and its length."""

_MESSAGE, _VALUE, _UNKNOWN = 4, 1, 40
"""What a field counts towards 4 * MAX_OBJECTS, by the time and the memory that it will take; unknown ones are walked three times."""

_ITEM_FIELDS = frozenset({"log_records", "spans", "data_points"})


def refuse_bomb(body: bytes, signal: Signal) -> None:
    """Raise `TooLarge` where a body holds more messages or items than the limits; `Malformed` where the walk ends at nonsense."""
    if len(body) > _SMALLEST * MAX_OBJECTS:
        _refuse(body, _OBJECTS[signal], _MESSAGE * MAX_OBJECTS, f"{MAX_OBJECTS:,} messages or their worth in other fields")
    if len(body) > _SMALLEST * MAX_ITEMS:
        _refuse(body, _ITEMS[signal], MAX_ITEMS, f"{MAX_ITEMS:,} items")


def _refuse(body: bytes, plan: Plan, limit: int, what: str) -> None:
    try:
        left = walk(body, 0, len(body), plan, limit)
    except (IndexError, ValueError, RecursionError) as error:
        raise Malformed("not an OTLP protobuf request: cut short, nested too deep, or not protobuf") from error
    if left < 0:
        raise TooLarge(f"more than {what} in one request", hint="Send smaller batches.")


@cache
def _items(message: Descriptor) -> Plan:
    """Counts log records, spans and data points."""
    plan = Plan()
    for field in message.fields:
        if field.name in _ITEM_FIELDS:
            plan.rules[field.number << 3 | DELIMITED] = Rule(1)
        elif field.message_type is not None and (field.is_repeated or field.containing_oneof):
            plan.rules[field.number << 3 | DELIMITED] = Rule(inside=_items(field.message_type))
    return plan


_PLANS: dict[str, Plan] = {}
"""The plans of `_objects`; one is entered before it is filled, because values hold values."""


def _objects(message: Descriptor) -> Plan:
    """Counts every field; of packed numbers, each."""
    if message.full_name in _PLANS:
        return _PLANS[message.full_name]
    plan = _PLANS[message.full_name] = Plan(otherwise=Rule(_UNKNOWN))
    for field in message.fields:
        wire = wire_type(field)
        if field.message_type is not None:
            plan.rules[field.number << 3 | wire] = Rule(_MESSAGE, inside=_objects(field.message_type))
            continue
        plan.rules[field.number << 3 | wire] = Rule(_VALUE)
        if field.is_repeated and wire != DELIMITED:
            plan.rules[field.number << 3 | DELIMITED] = Rule(_VALUE, shift=3 if wire == FIXED64 else 0)
    return plan


_ITEMS = {signal: _items(REQUESTS[signal].DESCRIPTOR) for signal in Signal}
_OBJECTS = {signal: _objects(REQUESTS[signal].DESCRIPTOR) for signal in Signal}
