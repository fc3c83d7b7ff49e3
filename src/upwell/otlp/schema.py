"""What an OTLP/JSON body may look like, as types for msgspec, made from the protobuf descriptors.

The types only check: unknown fields pass, numbers may be strings, enums may be names, null
stands for a field that is not there. A body that passes can be written as protobuf without raising.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from msgspec import Meta

from upwell.otlp.limits import MAX_NESTING
from upwell.otlp.messages import REQUESTS
from upwell.otlp.model import Signal
from upwell.otlp.scalars import ID_FIELDS

_ANY_VALUE = "opentelemetry.proto.common.v1.AnyValue"
_VALUE_HOLDERS = frozenset(f"opentelemetry.proto.common.v1.{name}" for name in ("AnyValue", "ArrayValue", "KeyValueList", "KeyValue"))

_NO_TEXT = Annotated[str, Meta(min_length=2**62)]
"""No text is that long. In a union it keeps msgspec, which reads numbers from texts, from reading "null" as null.

Not a pattern that nothing matches: msgspec 0.22 frees a pattern beside a list as if it were a type, and crashes (its issue 717).
"""

_HEX = r"\A(?:[0-9a-fA-F]{2})*\Z"
_BASE64 = r"\A(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2}(?:==)?|[A-Za-z0-9+/_-]{3}=?)?\Z"


def _whole(lowest: int, highest: int) -> Any:
    return Annotated[int, Meta(ge=lowest, le=highest)]


_INT32, _INT64 = _whole(-(2**31), 2**31 - 1), _whole(-(2**63), 2**63 - 1)
_UINT32 = _whole(0, 2**32 - 1)
_UINT64 = Annotated[int, Meta(ge=0)]
"""No upper bound, because msgspec's bounds end at 2**63; `upwell.otlp.writer` reads what is too large as the largest."""

_TYPES: dict[int, Any] = {
    FieldDescriptor.TYPE_STRING: str,
    FieldDescriptor.TYPE_BOOL: bool | _NO_TEXT,
    FieldDescriptor.TYPE_DOUBLE: float,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_SINT32: _INT32,
    FieldDescriptor.TYPE_UINT32: _UINT32,
    FieldDescriptor.TYPE_FIXED32: _UINT32,
    FieldDescriptor.TYPE_INT64: _INT64,
    FieldDescriptor.TYPE_SFIXED64: _INT64,
    FieldDescriptor.TYPE_UINT64: _UINT64,
    FieldDescriptor.TYPE_FIXED64: _UINT64,
}


def _type_of_message(field: FieldDescriptor, inner: Any) -> Any:
    if not field.is_repeated:
        return inner | None | _NO_TEXT
    # JavaScript exporters may put null among the values of an array; it stands for the empty value.
    one: Any = inner | None | _NO_TEXT if inner.__name__ == "AnyValue" else inner
    return list[one] | None | _NO_TEXT


def _type_of(field: FieldDescriptor, level: int) -> Any:
    if field.message_type is not None:
        return _type_of_message(field, _struct(field.message_type, level))
    one: Any = _type_of_scalar(field)
    return list[one] | None | _NO_TEXT if field.is_repeated else one | None


def _type_of_scalar(field: FieldDescriptor) -> Any:
    if field.enum_type is not None:
        return _INT32 | Literal[tuple(value.name for value in field.enum_type.values)]
    if field.type == FieldDescriptor.TYPE_BYTES:
        return Annotated[str, Meta(pattern=_HEX if field.name in ID_FIELDS else _BASE64)]
    return _TYPES[field.type]


@cache
def _struct(message: Descriptor, level: int) -> Any:
    """The type of one message. Values get a type per level, so that the last level can hold no further one."""
    if message.full_name not in _VALUE_HOLDERS:
        level = 0
    elif message.full_name == _ANY_VALUE:
        level += 1
    fields: dict[str, Any] = {}
    for field in message.fields:
        too_deep = level >= MAX_NESTING and message.full_name == _ANY_VALUE and field.message_type is not None
        fields[field.json_name] = None | _NO_TEXT if too_deep else _type_of(field, level)
        if field.message_type is not None and field.name != field.json_name:
            fields[field.name] = None  # resource_logs and the like: to take it for unknown would lose what it holds
    return msgspec.defstruct(message.name, [(name, kind, None) for name, kind in fields.items()], gc=False)


def _body(signal: Signal) -> Any:
    others = [(other.resource_field, None, None) for other in Signal if other is not signal]
    return msgspec.defstruct("Body", others, bases=(_struct(REQUESTS[signal].DESCRIPTOR, 0),), gc=False)


BODIES = {signal: _body(signal) for signal in Signal}
"""Per signal, the type for `msgspec.convert(..., strict=False)`; `explain` says what its `ValidationError` means."""

for _type in BODIES.values():
    msgspec.convert({}, _type)  # msgspec looks at a type at its first use, and two threads that use it first at once crash the process

_WORDS = [
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"`str` of length >= \d+", "`object | array | bool | null`, got `str`"),
        (r"`str` matching regex '.*a-f.*'", "pairs of hex digits"),
        (r"`str` matching regex '.*'", "base64"),
        (r"`str \| (\w+) \| null`|`(bool) \| str \| null`", r"`\1\2 | null`"),
        (r"Invalid enum value '.*'", "Expected a number or a name of the enum"),
        (r"Expected `null`, got `\w+`", "OTLP/JSON has another name for this, or another path"),
        (
            r"Expected `str \| null`, got `object` - at `(.{,99}).*\.(?:array|kvlist)Value`",
            rf"Values are nested deeper than {MAX_NESTING} - at `\1...`",
        ),
    )
]


def explain(error: msgspec.ValidationError) -> str:
    """What is wrong and where, in the words of OTLP/JSON and without a word of the content."""
    text = str(error)
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text
