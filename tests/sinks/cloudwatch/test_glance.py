"""The cost of a row of log records from its bytes alone: never too low, and worth having."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sinks import rows
from upwell.otlp import Batch, Encoding, Signal, decode
from upwell.sinks.base import Limits
from upwell.sinks.cloudwatch import limits
from upwell.sinks.cloudwatch.glance import glance
from upwell.sinks.cloudwatch.opened import open_row
from upwell.sinks.frames import joined

BOUNDS = limits.limits(Signal.LOGS, "ca-central-1")
HOUR = 3600 * 10**9


def dated(batch: Batch) -> Batch:
    for record in rows.own_items(batch, Signal.LOGS):
        if record.get("timeUnixNano") in (0, "0", None):
            record["timeUnixNano"] = str(rows.NOW_NS)
    return batch


@rows.PROPERTY
@given(st.data())
def test_never_weighs_less_than_the_opened_row(data: st.DataObject) -> None:
    """Whatever fields a batch has, in whatever order, the glance is an upper bound."""
    row = rows.row(dated(data.draw(rows.batches(Signal.LOGS))), Signal.LOGS)

    seen = glance(row)

    if row.items == 0:
        assert seen is None
    elif seen is not None:
        opened = open_row(row, BOUNDS)
        assert seen.weight >= opened.weight(0, opened.items)


@pytest.mark.parametrize(
    "text",
    ['"logRecords":[', '{"key":"x","value":{"stringValue":"y"}}', ',"value":{"intValue":', '"scope":{"name":', "\\", '\\"scope":', "}]}]}"],
)
def test_is_not_fooled_by_content_that_looks_like_structure(text: str) -> None:
    """A prompt may hold OTLP/JSON itself; inside a string its quotes are escaped."""
    records = [rows.record(text * 50, attributes=[rows.attribute(text, text * 20)], traceId="aa") for _ in range(5)]
    row = rows.row(rows.logs(records), Signal.LOGS)
    opened = open_row(row, BOUNDS)

    seen = glance(row)

    assert seen is not None
    assert seen.weight >= opened.weight(0, 5)


def test_counts_wrappers_wherever_they_stand() -> None:
    """A scope or resource that follows its records is counted once per record like any other."""
    long = [rows.attribute("long", "x" * 3000)]
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [rows.record()] * 20, "scope": {"attributes": long}}], "resource": {}}]}
    row = rows.row(body, Signal.LOGS)
    opened = open_row(row, BOUNDS)

    seen = glance(row)

    assert seen is not None
    assert seen.weight >= opened.weight(0, 20) > 20 * 3000


def test_recorded_rows_are_weighed_within_half_as_much_again() -> None:
    """For what agents send the bound is of use: at most 1.5 times the exact weight, at least the same."""
    looked_at = 0
    for name, row in rows.recorded(Signal.LOGS):
        seen = glance(row)
        if seen is None:
            assert name.startswith("codex/")  # undated
            continue
        exact = open_row(row, BOUNDS).weight(0, row.items)
        assert exact <= seen.weight <= 1.5 * exact, name
        looked_at += 1
    assert looked_at == 12


def test_fragment_is_the_row_as_it_lies_in_the_journal() -> None:
    """Joined, fragments make the body again."""
    row = rows.row(rows.logs([rows.record("a"), rows.record("b")]), Signal.LOGS)

    seen = glance(row)

    assert seen is not None
    assert joined([seen.fragment], Signal.LOGS, Encoding.JSON) == row.body
    both = joined([seen.fragment, seen.fragment], Signal.LOGS, Encoding.JSON)
    assert len(rows.own_items(decode(both, Signal.LOGS, Encoding.JSON).batch, Signal.LOGS)) == 4


@pytest.mark.parametrize(
    "batch",
    [
        rows.logs([rows.record(time_ns=0), rows.record()]),
        rows.logs([rows.record(time_ns=rows.NOW_NS - 25 * HOUR), rows.record()]),
        rows.logs([rows.record()], [rows.attribute("long", "x" * 17_000)]),
        rows.logs([rows.record("x" * 600_000)]),
        rows.logs([]),
        {"resourceLogs": []},
    ],
    ids=["undated", "spread over a day", "wide resource", "large", "no records", "empty"],
)
def test_declines_rows_that_could_break_a_rule(batch: Batch) -> None:
    """What an opened row must be asked about is not glanced at."""
    assert glance(rows.row(batch, Signal.LOGS)) is None


def test_declines_a_body_of_another_shape() -> None:
    """Only what `encode` writes has an interior that can be spliced."""
    row = rows.row(rows.logs([rows.record()]), Signal.LOGS)

    assert glance(replace(row, body=b" " + row.body)) is None
    assert glance(replace(row, body=row.body + b"\n")) is None


def test_what_it_takes_breaks_no_rule() -> None:
    """A row at the edge of the glance has no faulty item."""
    wide = [rows.attribute("long", "x" * 7_000)]
    row = rows.row(rows.logs([rows.record("y" * 500_000)], wide), Signal.LOGS)
    opened = open_row(row, Limits(1, 10**7))

    assert glance(row) is not None
    assert opened.fault(0) is None
