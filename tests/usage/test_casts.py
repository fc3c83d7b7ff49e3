"""One reading of every spelling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.usage import casts

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(("spelled", "read"), [(142, 142), ("142", 142), (142.0, 142), ("142.0", 142), ("1e3", 1000), (0, 0), ("0", 0)])
def test_whole_numbers_come_as_numbers_or_as_text(spelled: object, read: int) -> None:
    """Every spelling of a count is the same count."""
    assert casts.integer(spelled) == read


@pytest.mark.parametrize("spelled", [None, "", "many", "NaN", "Infinity", True, [], {}, -1, "-5", 2**60, 1e300])
def test_what_is_no_count_is_unknown(spelled: object) -> None:
    """Nonsense, negative counts and counts beyond any use are None, never 0."""
    assert casts.integer(spelled) is None


@pytest.mark.parametrize(("spelled", "read"), [(0.098271, 0.098271), ("0.098271", 0.098271), (4950, 4950.0), ("95", 95.0), (-1.5, -1.5)])
def test_numbers_come_as_numbers_or_as_text(spelled: object, read: float) -> None:
    """Costs and durations are read from either."""
    assert casts.number(spelled) == read


@pytest.mark.parametrize(
    ("spelled", "read"),
    [(True, True), ("true", True), ("TRUE", True), (1, True), (False, False), ("false", False), ("perhaps", None), (None, None)],
)
def test_truth_comes_as_booleans_or_as_words(spelled: object, read: bool | None) -> None:
    """Claude Code and Codex write "true", Gemini true."""
    assert casts.flag(spelled) is read


def test_text_is_bounded_and_never_empty() -> None:
    """A client's name for something can't fill the store, and an empty one is none."""
    assert casts.text("x" * 10_000) == "x" * casts.TEXT_LIMIT
    assert casts.text("") is None
    assert casts.text(4242) == "4242"
    assert casts.text({"values": []}) is None


@pytest.mark.parametrize(("said", "read"), [("accept", "accept"), ("auto_accept", "accept"), ("approved_for_session", "accept")])
def test_consent_has_one_word(said: str, read: str) -> None:
    """Each agent's words for yes are one."""
    assert casts.decision(said) == read


@pytest.mark.parametrize("said", ["reject", "rejected", "denied", "abort"])
def test_refusal_has_one_word(said: str) -> None:
    """Each agent's words for no are one."""
    assert casts.decision(said) == "reject"


def test_moments_are_read_as_utc() -> None:
    """ISO times with Z, with an offset and without a zone are nanoseconds since 1970."""
    assert casts.moment("2026-04-18T11:23:13.187Z") == 1_776_511_393_187_000_000
    assert casts.moment("2026-04-18T13:23:13.187+02:00") == casts.moment("2026-04-18T11:23:13.187")
    assert casts.moment("yesterday") == casts.moment(None) == casts.moment("0001-01-01T00:00:00") == 0


def test_times_beyond_any_column_are_none() -> None:
    """A time after 2262 is no time, and 0 and nonsense are none either."""
    assert casts.nanoseconds("1795278969009000000") == 1_795_278_969_009_000_000
    assert [casts.nanoseconds(each) for each in (None, "0", 0, -5, 2**63, "soon", 1e400)] == [0] * 7


def test_maps_are_read_from_text_and_from_values() -> None:
    """Gemini writes a map as JSON text, Qwen as a map; what is neither is empty."""
    as_value = {"values": [{"key": "model_added_lines", "value": {"intValue": 2}}]}

    assert casts.members('{"model_added_lines": 2}') == casts.members(as_value) == {"model_added_lines": 2}
    assert casts.members("{broken") == casts.members("[1]") == casts.members(None) == casts.members({"values": 3}) == {}


def test_attributes_may_lack_anything() -> None:
    """A missing value, an empty one and a missing key leave the others readable."""
    listed: list[dict[str, Any]] = [
        {"key": "a", "value": {"intValue": "7"}},
        {"key": "b"},
        {"key": "c", "value": {}},
        {"value": {"boolValue": True}},
    ]

    assert casts.attributes(listed) == {"a": "7", "": True}
    assert casts.attributes(None) == {}


@given(ANYTHING)
def test_casts_never_raise(spelled: object) -> None:
    """Whatever a client sends, a cast answers."""
    for cast in (casts.text, casts.integer, casts.number, casts.flag, casts.decision, casts.nanoseconds, casts.moment, casts.members):
        cast(spelled)
