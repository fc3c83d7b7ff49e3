"""Opened rows: times, faults and weights of single items and of runs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sinks import rows
from upwell.errors import Malformed
from upwell.journal.rows import Row
from upwell.otlp import Batch, Encoding, Signal, decode, encode
from upwell.sinks.cloudwatch import limits
from upwell.sinks.cloudwatch.flat import context_size, own_size
from upwell.sinks.cloudwatch.opened import OpenedRow, open_row
from upwell.sinks.cloudwatch.sink import ENCODINGS
from upwell.sinks.frames import joined

SMALL, LARGE = "ca-central-1", "us-west-2"
HOUR = 3600 * 10**9
RECEIVED = rows.NOW_NS


def opened(batch: Batch, signal: Signal, region: str = SMALL) -> OpenedRow:
    return open_row(rows.row(batch, signal), limits.limits(signal, region))


def sent(row: OpenedRow, signal: Signal, first: int = 0, last: int | None = None) -> list[dict[str, Any]]:
    """The items of a request made of a run, as the internal form."""
    body = joined([row.fragment(first, row.items if last is None else last)], signal, ENCODINGS[signal])
    return rows.own_items(decode(body, signal, ENCODINGS[signal]).batch, signal)


def text_of(size: int, around: dict[str, Any]) -> str:
    """As many x as make the flattened event `size` bytes long."""
    batch = rows.logs([{**around, "body": {"stringValue": ""}}])
    entry = batch["resourceLogs"][0]
    scope = entry["scopeLogs"][0]
    return "x" * (size - context_size(entry, scope) - own_size(scope["logRecords"][0]))


# -- times -----------------------------------------------------------------------------------------------------------------------


def test_an_undated_record_is_sent_with_the_time_it_gets() -> None:
    """The time that the lane goes by is the one that CloudWatch sees; dated neighbours keep theirs."""
    batch = rows.logs([rows.record(time_ns=0, observedTimeUnixNano="7"), rows.record(time_ns=5), rows.record(time_ns=0)])
    row = opened(batch, Signal.LOGS)

    assert [row.time_ns(item) for item in range(3)] == [7, 5, RECEIVED]
    assert [record["timeUnixNano"] for record in sent(row, Signal.LOGS)] == ["7", "5", str(RECEIVED)]


def test_an_undated_point_is_sent_with_the_time_it_gets() -> None:
    """Gauges, histograms and summaries alike."""
    batch = rows.metrics([rows.point(time_ns=0), rows.point(time_ns=5)])
    metric = batch["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
    metric += [{"name": kind, kind: {"dataPoints": [{}]}} for kind in ("gauge", "histogram", "exponentialHistogram", "summary")]
    row = opened(batch, Signal.METRICS)

    assert [row.time_ns(item) for item in range(row.items)] == [RECEIVED, 5, *[RECEIVED] * 4]
    assert [point["timeUnixNano"] for point in sent(row, Signal.METRICS)] == [str(RECEIVED), "5", *[str(RECEIVED)] * 4]


def test_a_span_with_one_end_gets_the_other() -> None:
    """A span happened when it ended; a start or end of 0 becomes the other one, both become the arrival."""
    spans = [(5, 9), (5, 0), (0, 9), (0, 0)]
    row = opened(rows.traces([rows.span(start_ns=start, end_ns=end) for start, end in spans]), Signal.TRACES)

    assert [row.time_ns(item) for item in range(4)] == [9, 5, 9, RECEIVED]
    found = [(span["startTimeUnixNano"], span["endTimeUnixNano"]) for span in sent(row, Signal.TRACES)]
    assert found == [("5", "9"), ("5", "5"), ("9", "9"), (str(RECEIVED), str(RECEIVED))]


def test_times_no_clock_can_show_are_cut() -> None:
    """A time beyond 2262 is the last one the journal counts to."""
    for signal, batch in (
        (Signal.METRICS, rows.metrics([rows.point(time_ns=2**64 - 1)])),
        (Signal.LOGS, rows.logs([rows.record(time_ns=2**64 - 1)])),
        (Signal.TRACES, rows.traces([rows.span(start_ns=2**64 - 1, end_ns=2**64 - 1)])),
    ):
        assert opened(batch, signal).time_ns(0) == 2**63 - 1


# -- weights ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", Signal)
@rows.PROPERTY
@given(data=st.data())
def test_weight_is_what_cloudwatch_would_count(signal: Signal, data: st.DataObject) -> None:
    """Bytes of protobuf for points and spans, stored events for records: exact for rows, never too little for runs."""
    row = opened(data.draw(rows.batches(signal)), signal)
    first = data.draw(st.integers(0, row.items))
    last = data.draw(st.integers(first, row.items))

    if signal is not Signal.LOGS:
        assert row.weight(first, last) >= len(row.fragment(first, last))
        assert row.weight(0, row.items) == len(row.fragment(0, row.items))
    else:
        body = joined([row.fragment(first, last)], signal, Encoding.JSON)
        assert row.weight(first, last) == stored_bytes(body) + limits.EVENT_MARGIN * (last - first)


def stored_bytes(body: bytes) -> int:
    """What the documentation says is counted of a logs request."""
    return sum(
        context_size(resource, scope) + own_size(record) + limits.EVENT_BYTES
        for resource in decode(body, Signal.LOGS, Encoding.JSON).batch["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    )


def test_a_row_that_no_gateway_wrote_raises() -> None:
    """The journal checks bodies; one that is not OTLP all the same is named."""
    row = Row("s", 1, Signal.LOGS, "k", 1, 1, 1, 1, b'{"resourceLogs":[{"scopeLogs":7}]}')

    with pytest.raises(Malformed, match="not an OTLP/JSON logs request"):
        open_row(row, limits.limits(Signal.LOGS, SMALL))


def test_a_row_without_items_opens() -> None:
    """It has nothing to weigh and nothing to send."""
    for signal, batch in ((Signal.LOGS, rows.logs([])), (Signal.METRICS, rows.metrics([])), (Signal.TRACES, rows.traces([]))):
        row = opened(batch, signal)
        assert (row.items, row.weight(0, 0), row.fragment(0, 0)) == (0, 0, b"")


def test_a_large_row_can_be_cut_small() -> None:
    """100,000 records in one row: every thousandth run weighs what it should, and holds what it should."""
    batch = rows.logs([{"timeUnixNano": str(RECEIVED), "body": {"intValue": number}} for number in range(100_000)])
    row = opened(batch, Signal.LOGS)

    assert row.items == 100_000
    for first in (0, 50_000, 99_000):
        assert [record["body"]["intValue"] for record in sent(row, Signal.LOGS, first, first + 3)] == [first, first + 1, first + 2]
    assert sum(row.weight(first, first + 1000) for first in range(0, 100_000, 1000)) == row.weight(0, 100_000)


# -- faults: each limit exactly met, and passed by one -----------------------------------------------------------------------------


def test_log_event_of_a_megabyte() -> None:
    """1,048,576 bytes as stored are taken, one more is a fault, where a request can hold one at all."""
    around = rows.record()
    exact = rows.record(text_of(limits.EVENT_TEXT_BYTES - 100, around))
    over = rows.record(text_of(limits.EVENT_TEXT_BYTES + 1, around))
    row = opened(rows.logs([exact, over]), Signal.LOGS)

    assert row.fault(0) is None
    assert row.fault(1) == "the log event has 1,048,577 bytes with its resource and scope; CloudWatch Logs takes 1,048,576"


def test_log_event_that_fills_a_request_alone() -> None:
    """With the 26 bytes that every event costs, the largest event does not fit any request of 1 MB, and that is said."""
    fault = opened(rows.logs([rows.record(text_of(limits.EVENT_TEXT_BYTES, rows.record()))]), Signal.LOGS).fault(0)

    assert fault is not None
    assert "1,048,634 bytes; CloudWatch takes 1,048,576" in fault


def test_log_events_kept_aside_go_one_to_a_request() -> None:
    """In the nine Regions an event over 1 MB is no fault, but weighs more than half a request; one at the limit weighs itself."""
    around = rows.record()
    records = [rows.record(text_of(limits.EVENT_TEXT_BYTES + more, around)) for more in (0, 1, 1)]
    row = opened(rows.logs(records), Signal.LOGS, LARGE)
    most = limits.limits(Signal.LOGS, LARGE).bytes

    assert [row.fault(item) for item in range(3)] == [None, None, None]
    assert row.weight(0, 1) == limits.EVENT_TEXT_BYTES + limits.EVENT_BYTES + limits.EVENT_MARGIN
    assert row.weight(1, 2) <= most < row.weight(1, 3)


def context_of(size: int, signal: Signal) -> list[dict[str, Any]]:
    """Resource attributes so that resource and scope have `size` bytes in their largest form, `tests` and its version with them."""
    entry: dict[str, Any] = {"resource": {"attributes": [rows.attribute("k", "")]}}
    scope = {"scope": {"name": "tests", "version": "1"} if signal is Signal.LOGS else {"name": "tests"}}
    encoded = len(encode(entry["resource"], signal, Encoding.JSON)) + len(encode(scope["scope"], signal, Encoding.JSON))
    base = max(encoded if signal is Signal.LOGS else 0, context_size(entry, scope))
    return [rows.attribute("k", "x" * (size - base))]


@pytest.mark.parametrize("signal", [Signal.LOGS, Signal.TRACES])
def test_resource_and_scope_of_16_kilobytes(signal: Signal) -> None:
    """16,384 bytes are taken; one more makes a fault of every item below, since the whole call would be refused."""
    exact, over = (
        opened(rows.logs([rows.record()] * 2, attributes) if signal is Signal.LOGS else rows.traces([rows.span()] * 2, attributes), signal)
        for attributes in (context_of(limits.CONTEXT_BYTES, signal), context_of(limits.CONTEXT_BYTES + 1, signal))
    )

    assert [exact.fault(0), exact.fault(1)] == [None, None]
    assert [over.fault(0), over.fault(1)] == ["resource and scope have 16,385 bytes; CloudWatch takes 16,384"] * 2


def test_resource_of_metrics_has_no_limit_of_its_own() -> None:
    """The 16 KB are documented for traces and logs alone."""
    assert opened(rows.metrics([rows.point()], [rows.attribute("k", "x" * 20_000)]), Signal.METRICS).fault(0) is None


def test_span_of_200_kilobytes() -> None:
    """204,800 bytes of protobuf are taken, one more is a fault."""
    base = len(opened(rows.traces([rows.span("x" * 200_000)]), Signal.TRACES)._pieces.items[0]) - 4 - 200_000
    exact, over = (rows.span("x" * (limits.SPAN_BYTES - base + more)) for more in (0, 1))
    row = opened(rows.traces([exact, over]), Signal.TRACES)

    assert row.fault(0) is None
    assert row.fault(1) == "the span has 204,801 bytes; X-Ray takes 204,800"


def test_span_of_a_day() -> None:
    """A span's own start and end are part of a request's spread."""
    spans = [rows.span(start_ns=RECEIVED - 24 * HOUR - more, end_ns=RECEIVED) for more in (0, 1)]
    row = opened(rows.traces(spans), Signal.TRACES)

    assert row.fault(0) is None
    assert row.fault(1) == "the span lasts 24.0 hours; the times of a request to X-Ray may lie 24 apart"


def test_150_labels_over_resource_scope_and_point() -> None:
    """All three levels count; 150 are taken, 151 are a fault."""
    labels = [rows.attribute(f"k{number}", "v") for number in range(101)]
    batch = rows.metrics([rows.point(attributes=labels[:100]), rows.point(attributes=labels)], labels[:30])
    batch["resourceMetrics"][0]["scopeMetrics"][0]["scope"]["attributes"] = labels[:20]
    row = opened(batch, Signal.METRICS)

    assert row.fault(0) is None
    assert row.fault(1) == "the data point has 151 attributes with its scope's and resource's; CloudWatch takes 150"


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"stringValue": "é"}, 2),
        ({"intValue": "-12"}, 3),
        ({"boolValue": True}, 4),
        ({"doubleValue": 1.5}, 3),
        ({}, 4),
        ({"bytesValue": "aGVsbG8="}, 8),
    ],
    ids=["text", "integer", "boolean", "double", "empty", "bytes"],
)
def test_40_kilobytes_of_labels(value: dict[str, Any], size: int) -> None:
    """Names and values count as text, whatever their type; 40,960 bytes are taken, one more is a fault."""
    rest = limits.LABEL_BYTES - len("shared") - 1 - len("k") - size - len("fill")
    fills = [[{"key": "k", "value": value}, rows.attribute("fill", "x" * (rest + more))] for more in (0, 1)]
    row = opened(rows.metrics([rows.point(attributes=fill) for fill in fills], [rows.attribute("shared", "v")]), Signal.METRICS)

    assert row.fault(0) is None
    assert row.fault(1) == "names and values of the data point's attributes have 40,961 bytes; CloudWatch takes 40,960"


def test_a_point_that_fills_a_request_alone() -> None:
    """A description of a megabyte goes with every point of its metric, so none of them can be sent."""
    batch = rows.metrics([rows.point()] * 2)
    batch["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["description"] = "x" * limits.METRICS_BYTES
    row = opened(batch, Signal.METRICS)

    assert row.fault(0) == row.fault(1)
    assert str(row.fault(0)).startswith("alone it makes a request of 1,000,0")


def test_nothing_that_an_agent_sent_is_faulty() -> None:
    """The recordings break no limit of single items."""
    for name, row in rows.recorded():
        found = open_row(row, limits.limits(row.signal, SMALL))
        assert [found.fault(item) for item in range(found.items)] == [None] * row.items, name
