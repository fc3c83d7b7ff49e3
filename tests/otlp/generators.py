"""Hypothesis strategies for OTLP: any message that the protobuf definitions allow, and the spellings JSON allows for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from upwell.otlp.messages import REQUESTS, Request
from upwell.otlp.model import Signal

IDS = ("traceId", "spanId", "parentSpanId")

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
_DOUBLES = st.one_of(st.floats(allow_nan=False), st.just(math.nan), st.integers(-5, 5).map(float))
"""JSON has one NaN; which of the many bit patterns it was is all that conversion loses."""

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: _TEXTS,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=5),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: _DOUBLES,
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: st.integers(0, 2**64 - 1),
}

_MOST_VALUES_DEEP = 3


def requests(signal: Signal) -> st.SearchStrategy[Request]:
    """Export requests of a signal with every field, kind of value and presence that protobuf has for it."""
    return _messages(REQUESTS[signal].DESCRIPTOR, 0)  # type: ignore[return-value]


@st.composite
def _messages(draw: Callable[[st.SearchStrategy[Any]], Any], kind: Descriptor, depth: int) -> Message:
    message = GetMessageClass(kind)()
    chosen = {oneof.name: draw(st.sampled_from([*oneof.fields, None])) for oneof in kind.oneofs}
    for field in kind.fields:
        oneof = field.containing_oneof
        if field is chosen[oneof.name] if oneof else draw(st.booleans()):
            _fill(draw, message, field, depth)
    if kind.name == "KeyValue" and message.key:  # type: ignore[attr-defined]
        message.ClearField("key_strindex")  # a profile's way to say `key`; OTLP forbids both at once
    return message


def _fill(draw: Callable[[st.SearchStrategy[Any]], Any], message: Any, field: FieldDescriptor, depth: int) -> None:
    deeper = depth + (field.full_name.startswith("opentelemetry.proto.common.v1.AnyValue."))
    if deeper > _MOST_VALUES_DEEP and field.message_type is not None:
        return
    values = _messages(field.message_type, deeper) if field.message_type is not None else _scalars(field)
    if field.is_repeated:
        getattr(message, field.name).extend(draw(st.lists(values, max_size=2)))
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(draw(values))
    else:
        setattr(message, field.name, draw(values))


def _scalars(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.one_of(st.sampled_from([value.number for value in field.enum_type.values]), _SCALARS[FieldDescriptor.TYPE_INT32])
    return _SCALARS[field.type]


@st.composite
def respelled(draw: Callable[[st.SearchStrategy[Any]], Any], value: Any, kind: Descriptor) -> Any:
    """The object of one message with each field spelled in another way that proto3 JSON allows, nulls and unknown fields among them."""
    out: dict[str, Any] = {}
    fields = {field.json_name: field for field in kind.fields}
    for name, field in fields.items():
        if name in value:
            out[name] = _respell(draw, value[name], field)
        elif draw(st.integers(0, 9)) == 0:
            out[name] = None
    if draw(st.integers(0, 9)) == 0:
        out["unheardOf"] = draw(st.sampled_from([None, 7, "x", [], {"a": [{}]}]))
    return out


def _respell(draw: Callable[[st.SearchStrategy[Any]], Any], value: Any, field: FieldDescriptor) -> Any:
    if field.is_repeated:
        return [_respell_one(draw, one, field) for one in value]
    return _respell_one(draw, value, field)


def _respell_one(draw: Callable[[st.SearchStrategy[Any]], Any], value: Any, field: FieldDescriptor) -> Any:
    if field.message_type is not None:
        return draw(respelled(value, field.message_type))
    if field.enum_type is not None:
        names = [known.name for known in field.enum_type.values if known.number == value]
        return draw(st.sampled_from([value, str(value), *names]))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return draw(st.sampled_from([value, value.upper()])) if field.json_name in IDS else _respell_base64(draw, value)
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BOOL):
        return value
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return draw(st.sampled_from([value, str(value)]))
    return draw(st.sampled_from([int(value), str(value)]))


def _respell_base64(draw: Callable[[st.SearchStrategy[Any]], Any], value: str) -> str:
    return draw(st.sampled_from([value, value.rstrip("="), value.replace("+", "-").replace("/", "_")]))  # type: ignore[no-any-return]
