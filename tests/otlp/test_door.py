"""Whatever is thrown at the door is either refused with a Refusal, or safe in everything that follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.otlp.generators import requests, respelled
from upwell.errors import Refusal
from upwell.otlp import (
    Encoding,
    Signal,
    decode,
    encode,
    from_message,
    inflate,
    items,
    load,
    splice,
    split,
    survey,
    to_message,
    unknown_fields,
)

pytestmark = pytest.mark.parametrize("signal", list(Signal))

hostile = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=4),
    st.sampled_from(
        ["null", "NULL", "NaN", "nan", "-Infinity", "1e3", "1.0", "1.5", "9" * 25, "9" * 5000, "-1", " 1", "1_0", "٣", "0x10", "true"]
    ),
    st.sampled_from(["zz", "abc", "AAA=", "====", "\x00", "SPAN_KIND_SERVER", "STATUS_CODE_OK"]),
    st.sampled_from([[], {}, [None], [{}], [[]], {"values": []}, {"dataPoints": [{}]}, [{"key": 1}], [{"value": {}}]]),
)


def use(body: bytes, signal: Signal, encoding: Encoding) -> None:
    """Everything that is done to a batch behind the door."""
    batch = decode(body, signal, encoding).batch
    counted = survey(batch, signal)
    assert counted.items == len(list(items(batch, signal)))
    assert 0 <= counted.oldest_ns <= counted.newest_ns < 2**63
    unknown_fields(batch, signal)
    written = encode(batch, signal, Encoding.JSON)
    assert load(splice([written], signal, Encoding.JSON)) == load(written)
    assert decode(written, signal, Encoding.JSON).batch == batch
    for piece in split(batch, signal, 1):
        to_message(piece, signal).SerializeToString()
    encode(batch, signal, Encoding.PROTOBUF)


def leaves(value: Any, put: Callable[[Any], None]) -> list[Callable[[Any], None]]:
    """For every place in a JSON value, a function that puts something else there."""
    found = [put]
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found += leaves(inner, lambda junk, key=key: value.__setitem__(key, junk))  # type: ignore[misc]
    return found


@hostile
@given(st.data())
def test_json_with_a_wrong_value_somewhere(signal: Signal, data: st.DataObject) -> None:
    """Any junk at any place of a request is refused, or is harmless."""
    message = data.draw(requests(signal))
    spelled = {"it": data.draw(respelled(from_message(message), message.DESCRIPTOR))}
    for _ in range(data.draw(st.integers(1, 2))):
        data.draw(st.sampled_from(leaves(spelled["it"], lambda junk: spelled.update(it=junk))))(deepcopy(data.draw(JUNK)))

    with suppress(Refusal):
        use(json.dumps(spelled["it"]).encode(), signal, Encoding.JSON)


@hostile
@given(st.data(), st.sampled_from(Encoding))
def test_bodies_with_wrong_bytes(signal: Signal, data: st.DataObject, encoding: Encoding) -> None:
    """A body with bytes flipped, put in or cut off is refused, or is harmless."""
    body = bytearray(encode(from_message(data.draw(requests(signal))), signal, encoding))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))

    with suppress(Refusal):
        use(bytes(body), signal, encoding)


@hostile
@given(body=st.binary(max_size=60), encoding=st.sampled_from(Encoding))
def test_noise(signal: Signal, body: bytes, encoding: Encoding) -> None:
    """Noise is refused, or is harmless."""
    with suppress(Refusal):
        use(body, signal, encoding)
    with suppress(Refusal):
        inflate(body, 100)
