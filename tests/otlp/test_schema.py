"""The types that check OTLP/JSON cover what protobuf defines, and are such that msgspec can hold them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from google.protobuf.descriptor import Descriptor

from upwell.otlp.messages import REQUESTS
from upwell.otlp.model import Signal
from upwell.otlp.schema import BODIES


def structs(kind: Any, seen: set[Any]) -> Iterator[Any]:
    """Every struct type below a type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        seen.add(kind)
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs(field.type, seen)
    for argument in get_args(kind):
        yield from structs(argument, seen)


def messages(kind: Descriptor, seen: set[str]) -> Iterator[Descriptor]:
    """Every message definition below one."""
    if kind.full_name not in seen:
        seen.add(kind.full_name)
        yield kind
        for field in kind.fields:
            if field.message_type is not None:
                yield from messages(field.message_type, seen)


@pytest.mark.parametrize("signal", list(Signal))
def test_every_field_of_protobuf_is_known(signal: Signal) -> None:
    """Whatever field OTLP defines, its JSON name is checked and not taken for unknown."""
    known = {kind.__name__: {field.encode_name for field in msgspec.structs.fields(kind)} for kind in structs(BODIES[signal], set())}
    known[REQUESTS[signal].DESCRIPTOR.name] = known.pop("Body")
    for message in messages(REQUESTS[signal].DESCRIPTOR, set()):
        assert {field.json_name for field in message.fields} <= known[message.name]


@pytest.mark.parametrize("signal", list(Signal))
def test_no_union_has_a_pattern_beside_a_list(signal: Signal) -> None:
    """msgspec 0.22 frees such a pattern as if it were a type: the interpreter crashes when it collects garbage."""
    unions = [get_args(field.type) for kind in structs(BODIES[signal], set()) for field in msgspec.structs.fields(kind)]
    assert unions
    for union in unions:
        patterned = [one for one in union if any(getattr(meta, "pattern", None) for meta in getattr(one, "__metadata__", ()))]
        assert not (patterned and any(str(one).startswith("list[") for one in union))
