"""A request message cut into protobuf pieces, each with the tag and length that stand before it in its list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from upwell.otlp import Signal
from upwell.otlp.wire import varint
from upwell.sinks.frames import Frame, Pieces

_LENGTH_DELIMITED = 2
_LISTS = {
    Signal.METRICS: ("resource_metrics", "scope_metrics", "metrics", "data", "data_points"),
    Signal.TRACES: ("resource_spans", "scope_spans", "spans"),
    Signal.LOGS: ("resource_logs", "scope_logs", "log_records"),
}
"""The fields from the request down to the items. `data` is a metric's oneof: no list, but it holds one."""


class WireNotation:
    """Messages with their length before them. A frame's `tail` is the tag it is written with."""

    separator = b""

    def wrap(self, frame: Frame, parts: Sequence[bytes]) -> bytes:
        content = b"".join((frame.head, *parts))
        return b"%b%b%b" % (frame.tail, varint(len(content)), content)


def cut_wire(message: Message, signal: Signal) -> Pieces:
    """The message's items and wrappers as protobuf. The message may be let go afterwards."""
    items: list[bytes] = []
    frames, _ = _frames(message, _LISTS[signal], items)
    return Pieces(items, frames, WireNotation())


def _frames(holder: Any, fields: Sequence[str], items: list[bytes]) -> tuple[list[Frame], int]:
    """A frame for every message in the field named first, over the fields named after it; and their bytes together."""
    name = _field(holder, fields[0])
    if name is None:
        return [], 0
    entries = [getattr(holder, name)] if fields[0] == "data" else getattr(holder, name)
    frames, total = [], 0
    for entry in entries:
        frame, size = _frame(entry, _tag(holder, name), fields[1:], items)
        if frame is not None:
            frames.append(frame)
            total += size
    return frames, total


def _frame(entry: Any, tag: bytes, below: Sequence[str], items: list[bytes]) -> tuple[Frame | None, int]:
    first = len(items)
    inner, inside = _take(entry, below[0], items) if len(below) == 1 else _frames(entry, below, items)
    if first == len(items):
        return None, 0
    head = _head(entry, _field(entry, below[0]))
    overhead = len(tag) + len(varint(len(head) + inside)) + len(head)
    return Frame(first, len(items), head, overhead, tag, tuple(inner)), overhead + inside


def _take(entry: Any, field: str, items: list[bytes]) -> tuple[list[Frame], int]:
    tag = _tag(entry, field)
    first = len(items)
    for item in getattr(entry, field):
        encoded = item.SerializeToString()
        items.append(b"%b%b%b" % (tag, varint(len(encoded)), encoded))
    return [], sum(map(len, items[first:]))


def _field(message: Any, name: str) -> str | None:
    return message.WhichOneof("data") if name == "data" else name


def _tag(message: Message, field: str) -> bytes:
    return varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | _LENGTH_DELIMITED)


def _head(message: Message, without: str | None) -> bytes:
    """All of a message but one field, encoded."""
    rest = type(message)()
    for field, value in message.ListFields():
        if field.name == without:
            continue
        if field.is_repeated:
            getattr(rest, field.name).extend(value)
        elif field.message_type is not None:
            getattr(rest, field.name).CopyFrom(value)
        else:
            setattr(rest, field.name, value)
    return rest.SerializeToString()
