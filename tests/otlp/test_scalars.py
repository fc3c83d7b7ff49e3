"""Leaves, one by one."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.otlp.scalars import from_base64, from_integer, into_base64, into_double, is_null
from upwell.otlp.wire import read_varint, varint


@given(st.floats())
def test_doubles_come_back(value: float) -> None:
    """Every double, NaN and the infinities included, survives its JSON spelling."""
    back = float(into_double(value))
    assert back == value or (math.isnan(back) and math.isnan(value))


@pytest.mark.parametrize(
    ("value", "spelled"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), (1.5, 1.5), (-0.0, -0.0)]
)
def test_doubles_are_spelled_as_proto3_json_has_it(value: float, spelled: float | str) -> None:
    """What JSON has no number for is a text."""
    assert into_double(value) == spelled


@given(st.binary())
def test_bytes_come_back(value: bytes) -> None:
    """Bytes survive base64, without padding and in the other alphabet as well."""
    spelled = into_base64(value)
    for spelling in (spelled, spelled.rstrip("="), spelled.replace("+", "-").replace("/", "_")):
        assert from_base64(spelling) == value


@given(st.integers(-(2**63), 2**64))
def test_integers_come_back(value: int) -> None:
    """Integers survive as numbers, as texts and with a fraction of zero, however large."""
    for spelling in (value, str(value), f"{value}.0", f"{value}e0"):
        assert from_integer(spelling) == value


def test_the_text_null_is_zero_where_a_number_must_be() -> None:
    """Where a number is needed, the text "null" is none."""
    assert from_integer("null") == 0
    assert is_null("Null")
    assert not is_null("0")
    assert not is_null(None)


@given(st.integers(0, 2**64 - 1))
def test_varints_come_back(value: int) -> None:
    """Numbers survive protobuf's spelling of them."""
    spelled = varint(value)
    assert read_varint(spelled, 0) == (value, len(spelled))
    assert read_varint(b"\xff" + spelled + b"\xff", 1) == (value, len(spelled) + 1)
    with pytest.raises(IndexError):
        read_varint(spelled[:-1], 0)
