"""When an item without a time happened."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sinks import rows
from upwell.otlp import Encoding, Signal, decode
from upwell.sinks.times import ATTRIBUTE, LATEST_NS, item_time, parse, unix_ns

STATED_NS = 1_795_000_123_456_000_000
STATED = datetime.fromtimestamp(STATED_NS // 10**9, UTC).replace(microsecond=456_000).isoformat()


def test_an_undated_item_happened_at_its_event_timestamp_or_when_observed_or_when_it_came() -> None:
    """The attribute goes before the observed time, and that before the batch's arrival."""
    stated = {"attributes": [rows.attribute("other", "x"), rows.attribute(ATTRIBUTE, STATED)]}

    assert item_time({**stated, "observedTimeUnixNano": "7"}, 9) == STATED_NS
    assert item_time({"attributes": [rows.attribute(ATTRIBUTE, "soon")], "observedTimeUnixNano": "7"}, 9) == 7
    assert item_time({"attributes": None}, 9) == 9


@pytest.mark.parametrize("missing", ["0", 0, None, "", "null"])
def test_a_missing_time_is_0(missing: object) -> None:
    """Every spelling of no time."""
    assert unix_ns(missing) == 0


@pytest.mark.parametrize(
    ("stated", "ns"),
    [
        ("2026-11-21T09:46:49.123Z", 1_795_254_409_123_000_000),
        ("2026-11-21T09:46:49.123456+00:00", 1_795_254_409_123_456_000),
        ("2026-11-21T10:46:49+01:00", 1_795_254_409_000_000_000),
        ("2026-11-21T09:46:49", 1_795_254_409_000_000_000),
        ("1795254409123456789", 1_795_254_409_123_456_789),
        (1_795_254_409_123_456_789, 1_795_254_409_123_456_789),
    ],
)
def test_event_timestamp_may_be_iso_8601_or_nanoseconds(stated: str | int, ns: int) -> None:
    """Both spellings are read, to the microsecond and the nanosecond."""
    assert parse(stated) == ns


@pytest.mark.parametrize(
    "stated",
    ["", "yesterday", "1795254409", "1795254409123", "1969-12-31T23:59:59Z", "9" * 19, "9" * 5000, -5, 0, "0001-01-01T00:00+23:59"],
)
def test_event_timestamp_that_is_no_time_is_none(stated: str | int) -> None:
    """Seconds, milliseconds, words and times out of range are not guessed at."""
    assert parse(stated) == 0


@rows.PROPERTY
@given(st.one_of(st.text(max_size=30), st.integers(-(2**63), 2**63 - 1)))
def test_any_event_timestamp_gives_a_time_or_none(stated: str | int) -> None:
    """Whatever an attribute holds, reading it does not raise and stays in range."""
    assert 0 <= parse(stated) <= LATEST_NS


def test_event_timestamp_may_be_an_integer_attribute() -> None:
    """An intValue of nanoseconds counts, as number and as text."""
    for value in (STATED_NS, str(STATED_NS)):
        record = {"attributes": [{"key": ATTRIBUTE, "value": {"intValue": value}}]}
        assert item_time(record, 9) == STATED_NS


def test_times_beyond_the_journals_range_are_cut() -> None:
    """What no signed column can hold is the latest time there is, not an overflow."""
    assert unix_ns(str(2**64)) == LATEST_NS
    assert unix_ns("not a number") == 0


def test_undated_codex_records_get_the_time_they_state() -> None:
    """Every log record that Codex sent with time 0 is dated by its own event.timestamp or observed time."""
    undated = 0
    for name, row in rows.recorded(Signal.LOGS):
        if not name.startswith("codex/"):
            continue
        for record in rows.own_items(decode(row.body, Signal.LOGS, Encoding.JSON).batch, Signal.LOGS):
            assert unix_ns(record.get("timeUnixNano")) == 0
            apart = abs(item_time(record, 1) - unix_ns(record["observedTimeUnixNano"]))
            assert apart < 10**9, name
            undated += 1
    assert undated == 90
