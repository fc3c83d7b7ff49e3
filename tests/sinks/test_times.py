"""When an item without a time happened."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import NumberDataPoint

from tests.sinks import rows
from upwell.otlp import Encoding, Signal, decode
from upwell.sinks.times import ATTRIBUTE, LATEST_NS, message_time, parse, record_time, unix_ns

STATED_NS = 1_795_000_123_456_000_000
STATED = datetime.fromtimestamp(STATED_NS // 10**9, UTC).replace(microsecond=456_000).isoformat()


def test_own_time_is_never_changed() -> None:
    """A record's time stands, whatever else it says."""
    record = rows.record(time_ns=5, observedTimeUnixNano="7", attributes=[rows.attribute(ATTRIBUTE, STATED)])

    assert record_time(record, 9) == 5


@pytest.mark.parametrize("missing", [{"timeUnixNano": "0"}, {"timeUnixNano": 0}, {"timeUnixNano": None}, {"timeUnixNano": ""}, {}])
def test_missing_time_is_the_event_timestamp_then_observed_then_arrival(missing: dict[str, object]) -> None:
    """The attribute goes before the observed time, and that before the batch's arrival."""
    stated = {"attributes": [rows.attribute("other", "x"), rows.attribute(ATTRIBUTE, STATED)]}

    assert record_time({**missing, **stated, "observedTimeUnixNano": "7"}, 9) == STATED_NS
    assert record_time({**missing, "attributes": [rows.attribute(ATTRIBUTE, "soon")], "observedTimeUnixNano": "7"}, 9) == 7
    assert record_time({**missing, "attributes": None}, 9) == 9


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
        assert record_time(record, 9) == STATED_NS


def test_times_beyond_the_journals_range_are_cut() -> None:
    """What no signed column can hold is the latest time there is, not an overflow."""
    assert unix_ns(str(2**64)) == LATEST_NS
    assert unix_ns("not a number") == 0


def test_message_takes_the_event_timestamp_or_its_arrival() -> None:
    """Data points and spans without a time are dated like records."""
    point = NumberDataPoint()
    point.attributes.add(key="other").value.int_value = 3
    assert message_time(point, 9) == 9
    point.attributes.add(key=ATTRIBUTE).value.string_value = STATED
    assert message_time(point, 9) == STATED_NS


def test_undated_codex_records_get_the_time_they_state() -> None:
    """Every log record that Codex sent with time 0 is dated by its own event.timestamp or observed time."""
    undated = 0
    for name, row in rows.recorded(Signal.LOGS):
        if not name.startswith("codex/"):
            continue
        for record in rows.own_items(decode(row.body, Signal.LOGS, Encoding.JSON).batch, Signal.LOGS):
            assert unix_ns(record.get("timeUnixNano")) == 0
            apart = abs(record_time(record, 1) - unix_ns(record["observedTimeUnixNano"]))
            assert apart < 10**9, name
            undated += 1
    assert undated == 90
