"""Conversion loses nothing: properties over any message that OTLP's protobuf definitions allow."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.otlp.generators import IDS, requests, respelled
from upwell.otlp import Encoding, Signal, count, decode, encode, from_message, items, merge, select, splice, split, survey, to_message
from upwell.otlp.messages import REQUESTS

pytestmark = pytest.mark.parametrize("signal", list(Signal))

thorough = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def same(signal: Signal, left: Any, right: Any) -> bool:
    """Equality of messages, by their bytes: NaN is not equal to itself."""
    return to_message(left, signal).SerializeToString(deterministic=True) == to_message(right, signal).SerializeToString(deterministic=True)


def ids_in_base64(value: Any) -> Any:
    """A batch as plain proto3 JSON would have it, which knows nothing of hex."""
    if isinstance(value, list):
        return [ids_in_base64(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: base64.b64encode(bytes.fromhex(one)).decode() if name in IDS else ids_in_base64(one) for name, one in value.items()}


@thorough
@given(st.data())
def test_protobuf_keeps_its_meaning(signal: Signal, data: st.DataObject) -> None:
    """Protobuf to the internal form and back gives the message that went in."""
    message = data.draw(requests(signal))
    body = message.SerializeToString()

    decoded = decode(body, signal, Encoding.PROTOBUF)

    assert decoded.unknown_fields == 0
    assert to_message(decoded.batch, signal).SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)
    assert decoded.batch == from_message(message)


@thorough
@given(st.data())
def test_the_internal_form_is_proto3_json(signal: Signal, data: st.DataObject) -> None:
    """Google's own JSON parser reads the internal form as the same message, once its ids are in base64."""
    message = data.draw(requests(signal))

    read = json_format.ParseDict(ids_in_base64(from_message(message)), REQUESTS[signal]())

    assert read.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)


@thorough
@given(st.data())
def test_json_keeps_its_meaning(signal: Signal, data: st.DataObject) -> None:
    """JSON in any of its spellings decodes to the same message, and what was decoded encodes to the same JSON."""
    message = data.draw(requests(signal))
    spelled = data.draw(respelled(from_message(message), message.DESCRIPTOR))
    unknown = "unheardOf" in spelled

    decoded = decode(json.dumps(spelled).encode(), signal, Encoding.JSON)

    assert decoded.unknown_fields == unknown
    assert to_message(decoded.batch, signal).SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)
    again = decode(encode(decoded.batch, signal, Encoding.JSON), signal, Encoding.JSON)
    assert again.batch == decoded.batch


@thorough
@given(st.data())
def test_what_passes_one_door_passes_the_other(signal: Signal, data: st.DataObject) -> None:
    """A batch that came as protobuf, written as JSON, decodes to the very same batch."""
    batch = from_message(data.draw(requests(signal)))

    assert decode(encode(batch, signal, Encoding.JSON), signal, Encoding.JSON).batch == batch


@thorough
@given(st.data())
def test_merge_then_split_keeps_every_item_once(signal: Signal, data: st.DataObject) -> None:
    """However batches are merged and cut again, each item is there once, in order, under its own wrappers."""
    batches = [from_message(message) for message in data.draw(st.lists(requests(signal), max_size=3))]
    size = data.draw(st.integers(1, 4))
    merged = merge(batches, signal)

    pieces = split(merged, signal, size)

    whole = [item for batch in batches for item in items(batch, signal)]
    found = [item for piece in pieces for item in items(piece, signal)]
    assert [item.item for item in found] == [item.item for item in whole]
    assert [item.resource for item in found] == [item.resource for item in whole]
    assert [without_items(item.scope) for item in found] == [without_items(item.scope) for item in whole]
    assert [item.metric and item.metric.get("name") for item in found] == [item.metric and item.metric.get("name") for item in whole]
    assert [count(piece, signal) for piece in pieces[:-1]] == [size] * (len(pieces) - 1)
    assert sum(survey(piece, signal).items for piece in pieces) == survey(merged, signal).items == len(whole)


def without_items(scope: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in scope.items() if name not in ("logRecords", "spans", "metrics")}


@thorough
@given(st.data())
def test_select_takes_exactly_its_range(signal: Signal, data: st.DataObject) -> None:
    """select() gives the items of its range and no wrapper that holds none."""
    batch = from_message(data.draw(requests(signal)))
    total = count(batch, signal)
    first, last = sorted((data.draw(st.integers(0, total + 1)), data.draw(st.integers(0, total + 1))))

    chosen = select(batch, signal, first, last)

    assert [item.item for item in items(chosen, signal)] == [item.item for item in items(batch, signal)][first:last]
    wrappers = [*chosen[signal.resource_field], *(scope for one in chosen[signal.resource_field] for scope in one[signal.scope_field])]
    assert all(wrapper.get(signal.scope_field) or wrapper.get(signal.entry_field) for wrapper in wrappers)


@thorough
@given(st.data())
def test_cutting_changes_nothing(signal: Signal, data: st.DataObject) -> None:
    """The batch that is selected from, split and merged stays as it was."""
    batch = from_message(data.draw(requests(signal)))
    before = encode(batch, signal, Encoding.JSON)

    split(merge([batch, batch], signal), signal, 1)
    select(batch, signal, 0, 1)

    assert encode(batch, signal, Encoding.JSON) == before


@thorough
@given(st.data(), st.sampled_from(Encoding))
def test_splicing_bodies_is_merging_batches(signal: Signal, data: st.DataObject, encoding: Encoding) -> None:
    """splice() of encoded bodies means the same as encoding the merged batch."""
    batches = [from_message(message) for message in data.draw(st.lists(requests(signal), max_size=3))]

    spliced = splice([encode(batch, signal, encoding) for batch in batches], signal, encoding)

    assert same(signal, decode(spliced, signal, encoding).batch, merge(batches, signal))
    if encoding is Encoding.JSON:
        assert spliced == encode(merge(batches, signal), signal, encoding)
