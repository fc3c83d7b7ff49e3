"""The whole sink against the fake CloudWatch, which verifies signatures and enforces the documented limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.sinks import rows
from tests.sinks.cloudwatch.conftest import GROUP, STREAM, MakeSink
from upwell.config import CloudWatchSink
from upwell.errors import SinkError
from upwell.journal.rows import Row
from upwell.otlp import Batch, Encoding, Signal
from upwell.relay.intake import Candidate
from upwell.relay.packing import Packing
from upwell.sinks import build
from upwell.sinks.base import Delivered, Hold, Opened, Outcome, Oversize, Refused, Retry
from upwell.sinks.cloudwatch import limits
from upwell.sinks.cloudwatch.flat import context_size, own_size
from upwell.sinks.cloudwatch.sink import CloudWatch
from upwell.testing.cloudwatch import Failure, FakeCloudWatch, Keep, Spelling

NOW = rows.NOW_NS
HOUR = 3600 * 10**9
DAY = 24 * HOUR

ONE = {
    Signal.LOGS: rows.logs([rows.record()]),
    Signal.METRICS: rows.metrics([rows.point()]),
    Signal.TRACES: rows.traces([rows.span()]),
}


def send(sink: CloudWatch, batch: Batch, signal: Signal) -> Outcome:
    """A batch as one request, its faults disregarded."""
    opened = sink.open(rows.row(batch, signal))
    return sink.send(signal, sink.join(signal, [opened.fragment(0, opened.items)]))


def send_one(sink: CloudWatch, signal: Signal = Signal.LOGS) -> Outcome:
    return send(sink, ONE[signal], signal)


# -- what is sent --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", Signal)
def test_items_arrive_signed_and_compressed(fake: FakeCloudWatch, sink: CloudWatch, signal: Signal) -> None:
    """Every signal gets through the door: gzip, metrics and traces as protobuf, logs as JSON."""
    assert send_one(sink, signal) == Delivered()

    received = fake.requests(signal)[0]
    assert received.gzip
    assert received.encoding is (Encoding.JSON if signal is Signal.LOGS else Encoding.PROTOBUF)
    assert received.headers["user-agent"].startswith("upwell/")
    assert len(fake.items(signal)) == 1


def test_log_records_go_to_the_group_and_stream_of_the_settings(fake: FakeCloudWatch, sink: CloudWatch) -> None:
    """By the two headers that the endpoint asks for."""
    send_one(sink)

    assert len(fake.log_events(GROUP, STREAM)) == 1


def test_rows_of_both_kinds_go_in_one_request(fake: FakeCloudWatch, sink: CloudWatch) -> None:
    """Glanced rows and cut ones join."""
    row = rows.row(rows.logs([rows.record(text) for text in "abc"]), Signal.LOGS)
    glance = sink.glance(row)
    assert glance is not None

    outcome = sink.send(Signal.LOGS, sink.join(Signal.LOGS, [glance.fragment, sink.open(row).fragment(1, 3)]))

    assert outcome == Delivered()
    assert [item["body"] for item in fake.items(Signal.LOGS)] == ["a", "b", "c", "b", "c"]


@pytest.mark.parametrize("signal", [Signal.METRICS, Signal.TRACES])
def test_only_log_records_are_glanced_at(sink: CloudWatch, signal: Signal) -> None:
    """The others change their encoding, so they must be opened."""
    assert sink.glance(rows.row(ONE[signal], signal)) is None


def test_everything_recorded_arrives_as_it_was_sent(keys: None, make_sink: MakeSink) -> None:
    """Each real payload is taken whole, Codex's undated records with the times that they state."""
    newest = max(row.newest_ns for _, row in rows.recorded())
    with FakeCloudWatch(region="us-west-2", clock_ns=lambda: newest) as fake:
        fake.create_log_group(GROUP, STREAM)
        sink = make_sink(region="us-west-2", endpoint_url=fake.url)
        for name, row in rows.recorded():
            row = replace(row, received_ns=newest)
            opened = sink.open(row)
            assert sink.send(row.signal, sink.join(row.signal, [opened.fragment(0, opened.items)])) == Delivered(), name

        assert all(item["timeUnixNano"] > newest - DAY for item in fake.items(Signal.LOGS))
        for signal in Signal:
            assert fake.counts(signal).items == sum(row.items for _, row in rows.recorded(signal))


def test_lanes_send_at_the_same_time(fake: FakeCloudWatch, sink: CloudWatch) -> None:
    """One session per signal, several threads each."""
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda signal: send_one(sink, signal), list(Signal) * 8))

    assert outcomes == [Delivered()] * 24
    assert {signal: fake.counts(signal).items for signal in Signal} == dict.fromkeys(Signal, 8)


# -- limits of requests: exactly met, and passed by one ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("signal", "make", "most"),
    [
        (Signal.METRICS, lambda count: rows.metrics([rows.point()] * count), 1_000),
        (Signal.TRACES, lambda count: rows.traces([rows.span("s")] * count), 10_000),
        (Signal.LOGS, lambda count: rows.logs([{"timeUnixNano": str(NOW)}] * count), 10_000),
    ],
)
def test_items_of_a_request(fake: FakeCloudWatch, make_sink: MakeSink, keys: None, signal: Signal, make: Any, most: int) -> None:
    """As many as `limits` says are taken, one more is to be cut."""
    with FakeCloudWatch(region="us-west-2", clock_ns=lambda: NOW, keep=Keep.COUNTS) as large:
        large.create_log_group(GROUP, STREAM)
        sink = make_sink(region="us-west-2", endpoint_url=large.url)

        assert sink.limits(signal).items == most
        assert send(sink, make(most), signal) == Delivered()
        assert isinstance(send(sink, make(most + 1), signal), Oversize)


def weight(batch: Batch, signal: Signal, sink: CloudWatch) -> int:
    opened = sink.open(rows.row(batch, signal))
    return opened.weight(0, opened.items)


def metric_of(size: int, sink: CloudWatch) -> Batch:
    """A metric of one point whose request has so many bytes."""

    def described(length: int) -> Batch:
        batch = rows.metrics([rows.point()])
        batch["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["description"] = "x" * length
        return batch

    return described(size - weight(described(size), Signal.METRICS, sink) + size)


def spans_of(size: int, sink: CloudWatch) -> Batch:
    """Spans of at most 100 KB each whose request has so many bytes."""

    def named(length: int) -> Batch:
        return rows.traces([rows.span("x" * 100_000)] * (size // 100_000 - 1) + [rows.span("x" * length)])

    return named(50_000 + size - weight(named(50_000), Signal.TRACES, sink))


@pytest.mark.parametrize(
    ("signal", "make", "documented"), [(Signal.METRICS, metric_of, 2**20), (Signal.TRACES, spans_of, 5 * 2**20)], ids=["metrics", "traces"]
)
def test_bytes_of_a_protobuf_request(sink: CloudWatch, signal: Signal, make: Any, documented: int) -> None:
    """A request packed to the last byte is taken, and so is one at the larger reading of the limit; one more is to be cut."""
    batches = {size: make(size, sink) for size in (sink.limits(signal).bytes, documented, documented + 1)}
    assert [weight(batch, signal, sink) for batch in batches.values()] == list(batches)

    outcomes = [send(sink, batch, signal) for batch in batches.values()]

    assert outcomes[:2] == [Delivered(), Delivered()]
    assert isinstance(outcomes[2], Oversize)


def stored(batch: Batch) -> int:
    """What the fake, and the documentation, counts of a logs request."""
    entry = batch["resourceLogs"][0]
    scope = entry["scopeLogs"][0]
    return sum(context_size(entry, scope) + own_size(record) + limits.EVENT_BYTES for record in scope["logRecords"])


def records_of(size: int) -> Batch:
    """Twenty records whose stored events count so many bytes together."""

    def texts(length: int) -> Batch:
        return rows.logs([rows.record("x" * (size // 21))] * 20 + [rows.record("x" * length)])

    return texts(size - stored(texts(0)))


@pytest.mark.parametrize(("region", "most"), [("ca-central-1", 1_048_576), ("us-west-2", 20_971_520)])
def test_bytes_of_a_logs_request(make_sink: MakeSink, keys: None, region: str, most: int) -> None:
    """Stored events are counted, with 26 bytes each: the limit is taken, one more is to be cut; packing stays 32 bytes per event below."""
    with FakeCloudWatch(region=region, clock_ns=lambda: NOW, keep=Keep.COUNTS) as fake:
        fake.create_log_group(GROUP, STREAM)
        sink = make_sink(region=region, endpoint_url=fake.url)
        exact = records_of(most)

        assert sink.limits(Signal.LOGS).bytes == stored(exact) == most
        assert weight(exact, Signal.LOGS, sink) == most + 21 * limits.EVENT_MARGIN
        assert send(sink, exact, Signal.LOGS) == Delivered()
        assert isinstance(send(sink, records_of(most + 1), Signal.LOGS), Oversize)


def dated(signal: Signal, *times: int) -> Batch:
    make: dict[Signal, Callable[[], Batch]] = {
        Signal.METRICS: lambda: rows.metrics([rows.point(time_ns=time) for time in times]),
        Signal.TRACES: lambda: rows.traces([rows.span(start_ns=time, end_ns=time) for time in times]),
        Signal.LOGS: lambda: rows.logs([rows.record(time_ns=time) for time in times]),
    }
    return make[signal]()


@pytest.mark.parametrize("signal", Signal)
def test_window_around_now(sink: CloudWatch, signal: Signal) -> None:
    """What the limits let pass is taken at both ends of the window; a nanosecond beyond what is documented is not."""
    bounds = sink.limits(signal)
    assert bounds.past_ns is not None
    assert bounds.future_ns is not None
    inside = [NOW - bounds.past_ns, NOW + bounds.future_ns]
    outside = [NOW - 14 * DAY - 1, NOW + bounds.future_ns + limits.CLOCK_SKEW_NS + 1]

    assert [send(sink, dated(signal, time), signal) for time in inside] == [Delivered(), Delivered()]
    for time in outside:
        outcome = send(sink, dated(signal, time), signal)
        assert isinstance(outcome, Refused) or (isinstance(outcome, Delivered) and outcome.rejected == 1)


@pytest.mark.parametrize("signal", [Signal.LOGS, Signal.TRACES])
def test_spread_of_a_request(sink: CloudWatch, signal: Signal) -> None:
    """A day between the oldest and the newest item is taken, a nanosecond more is refused; packing keeps within it."""
    bound = sink.limits(signal).spread_ns
    assert bound is not None
    assert bound <= DAY

    assert send(sink, dated(signal, NOW - DAY, NOW), signal) == Delivered()
    assert isinstance(send(sink, dated(signal, NOW - DAY - 1, NOW), signal), Refused)


# -- limits of items: what is no fault is taken, what is one is not ----------------------------------------------------------------


def wide_log(more: int) -> Batch:
    attributes = [rows.attribute("k", "x" * (limits.CONTEXT_BYTES + more - 150))]
    return rows.logs([rows.record()], attributes)


def wide_span(more: int) -> Batch:
    return rows.traces([rows.span()], [rows.attribute("k", "x" * (limits.CONTEXT_BYTES + more - 150))])


def big_span(more: int) -> Batch:
    return rows.traces([rows.span("x" * (limits.SPAN_BYTES + more - 50))])


def long_span(more: int) -> Batch:
    return rows.traces([rows.span(start_ns=NOW - DAY - more * 10**9, end_ns=NOW)])


def many_labels(more: int) -> Batch:
    return rows.metrics([rows.point(attributes=[rows.attribute(f"k{number}", "v") for number in range(limits.LABELS + more)])])


def long_labels(more: int) -> Batch:
    return rows.metrics([rows.point(attributes=[rows.attribute("k", "x" * (limits.LABEL_BYTES + more - 1))])])


def long_event(more: int) -> Batch:
    return rows.logs([rows.record("x" * (limits.EVENT_TEXT_BYTES + more - 500))])


@pytest.mark.parametrize("make", [wide_log, wide_span, big_span, long_span, many_labels, long_labels, long_event])
def test_faults_are_what_cloudwatch_does_not_take(sink: CloudWatch, make: Callable[[int], Batch]) -> None:
    """From below a limit to above it: wherever no fault is found the item is taken, and just above CloudWatch takes none either."""
    signal = next(signal for signal in Signal if signal.resource_field in make(0))
    agreed = []
    for more in (-200, -1, 0, 1, 600):
        fault = sink.open(rows.row(make(more), signal)).fault(0)
        taken = send(sink, make(more), signal) == Delivered()
        assert taken or fault is not None
        agreed.append((taken, fault is None))

    assert agreed[0] == (True, True)
    assert agreed[-1] == (False, False)


def test_an_event_kept_aside_is_taken_alone(make_sink: MakeSink, keys: None) -> None:
    """In the nine Regions one event over 1 MB may go in a request, two may not: weights keep them apart."""
    with FakeCloudWatch(region="us-west-2", clock_ns=lambda: NOW, keep=Keep.COUNTS) as fake:
        fake.create_log_group(GROUP, STREAM)
        sink = make_sink(region="us-west-2", endpoint_url=fake.url)
        big = rows.record("x" * 1_200_000)

        assert send(sink, rows.logs([big, rows.record()]), Signal.LOGS) == Delivered()
        assert isinstance(send(sink, rows.logs([big, big]), Signal.LOGS), Oversize)
        assert weight(rows.logs([big, big]), Signal.LOGS, sink) > sink.limits(Signal.LOGS).bytes


def test_one_bad_item_does_not_take_the_others_along(fake: FakeCloudWatch, sink: CloudWatch) -> None:
    """A fault is found for the one item; the rest of its row is sent."""
    row = rows.row(rows.traces([rows.span("a"), rows.span("x" * 300_000), rows.span("c")]), Signal.TRACES)
    opened = sink.open(row)
    assert [opened.fault(item) is None for item in range(3)] == [True, False, True]

    outcome = sink.send(Signal.TRACES, sink.join(Signal.TRACES, [opened.fragment(0, 1), opened.fragment(2, 3)]))

    assert outcome == Delivered()
    assert [item["name"] for item in fake.items(Signal.TRACES)] == ["a", "c"]


# -- answers -----------------------------------------------------------------------------------------------------------------------

MEANINGS: dict[str, type[Outcome]] = {
    "ThrottlingException": Retry,
    "ServiceUnavailableException": Retry,
    "ExpiredTokenException": Hold,
    "UnrecognizedClientException": Hold,
    "AccessDeniedException": Hold,
    "ResourceNotFoundException": Hold,
    "RequestEntityTooLargeException": Oversize,
}


@pytest.mark.parametrize("spelling", [spelling for spelling in Spelling if spelling is not Spelling.TEXT])
@pytest.mark.parametrize("status", [400, 403, 503])
def test_an_error_means_the_same_in_every_spelling_and_status(
    fake: FakeCloudWatch, sink: CloudWatch, spelling: Spelling, status: int
) -> None:
    """Code in the header, in JSON or in XML, as 400, 403 or 503, for all three signals."""
    for signal in Signal:
        fake.script([Failure(status=status, code=code, spelling=spelling) for code in MEANINGS])
        outcomes = [send_one(sink, signal) for _ in MEANINGS]

        assert [type(outcome) for outcome in outcomes] == list(MEANINGS.values())
        assert [getattr(outcome, "code", "") for outcome in outcomes] == list(MEANINGS)
    assert send_one(sink) == Delivered()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination.", Hold),
        ("The specified log stream does not exist.", Hold),
        ("Maximum number of datapoints per request exceeded: 1000.", Oversize),
        ("Rate exceeded", Retry),
        ("something else", Refused),
    ],
)
def test_a_bare_sentence_is_understood(fake: FakeCloudWatch, sink: CloudWatch, message: str, kind: type[Outcome]) -> None:
    """Text without a code, as a front door may send it."""
    fake.script([Failure(status=400, message=message, spelling=Spelling.TEXT)])

    assert isinstance(send_one(sink), kind)


def test_retry_after_is_handed_on(fake: FakeCloudWatch, sink: CloudWatch) -> None:
    """The server's wish in seconds."""
    fake.script([Failure(status=429, code="ThrottlingException", message="Rate exceeded", headers={"Retry-After": "4"})])

    assert send_one(sink) == Retry("ThrottlingException", "Rate exceeded", 4.0)


@pytest.mark.parametrize("signal", Signal)
def test_partial_success_is_counted(fake: FakeCloudWatch, sink: CloudWatch, signal: Signal) -> None:
    """In the encoding of the request."""
    fake.script([Failure(reject=1)])

    assert send_one(sink, signal) == Delivered(1, "rejected by script")


@pytest.mark.parametrize(
    ("access_key", "secret_key", "code"),
    [("AKIAWRONG", "x", "UnrecognizedClientException"), (None, "wrong", "InvalidSignatureException")],
    ids=["unknown key", "wrong secret"],
)
def test_wrong_keys_hold(
    fake: FakeCloudWatch, make_sink: MakeSink, monkeypatch: pytest.MonkeyPatch, access_key: str | None, secret_key: str, code: str
) -> None:
    """With AWS's word for it, and nothing of the signature."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key or fake.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)

    outcome = send_one(make_sink())

    assert isinstance(outcome, Hold)
    assert outcome.code == code
    assert secret_key not in outcome.message + outcome.hint


def test_the_wrong_region_holds(make_sink: MakeSink, keys: None) -> None:
    """A signature scoped to another Region is refused, and held."""
    assert isinstance(send_one(make_sink(region="us-east-1")), Hold)


def test_no_credentials_hold(make_sink: MakeSink) -> None:
    """Nothing is sent."""
    outcome = send_one(make_sink())

    assert isinstance(outcome, Hold)
    assert outcome.code == "NoCredentialsError"


# -- the network -------------------------------------------------------------------------------------------------------------------


def test_a_hung_server_is_tried_again(fake: FakeCloudWatch, make_sink: MakeSink, keys: None) -> None:
    """No answer within the timeout is a Retry."""
    sink = make_sink(timeout=0.3)
    fake.script([Failure(delay=1.5)])

    outcome = send_one(sink)

    assert isinstance(outcome, Retry)
    assert outcome.code == "timeout"


@pytest.mark.parametrize("after", [False, True], ids=["before it was stored", "after"])
def test_a_cut_connection_is_tried_again(fake: FakeCloudWatch, sink: CloudWatch, after: bool) -> None:
    """Whether the request was taken cannot be known: at least once."""
    fake.script([Failure(cut=True, after=after)])

    assert isinstance(send_one(sink), Retry)
    assert send_one(sink) == Delivered()


# -- packing: what the relay makes of the weights ------------------------------------------------------------------------------------


def copies(signal: Signal, number: int) -> Iterator[Candidate]:
    """The recorded rows of a signal over and over, as a busy gateway would have them."""
    found = [row for _, row in rows.recorded(signal)]
    for order in range(number):
        row = found[order % len(found)]
        yield Candidate(replace(row, seq=order, received_ns=row.newest_ns), 0, row.items, order)


def packed(sink: CloudWatch, signal: Signal, now_ns: int, candidates: Iterator[Candidate]) -> Iterator[Packing]:
    """Full parcels, until the rows run out."""
    packing = Packing(sink, signal, now_ns, 14 * DAY)
    for candidate in candidates:
        while not packing.add(candidate):
            yield packing
            packing = Packing(sink, signal, now_ns, 14 * DAY)
        if packing.full:
            yield packing
            packing = Packing(sink, signal, now_ns, 14 * DAY)


@pytest.mark.parametrize(
    ("signal", "region", "number"),
    [
        (Signal.METRICS, "ca-central-1", 60),
        (Signal.TRACES, "ca-central-1", 120),
        (Signal.LOGS, "ca-central-1", 120),
        (Signal.LOGS, "us-west-2", 1300),
    ],
)
def test_recordings_fill_requests(make_sink: MakeSink, keys: None, signal: Signal, region: str, number: int) -> None:
    """Every full request of recorded payloads uses at least 80 % of the limit that binds it, and every one is taken."""
    newest = max(row.newest_ns for _, row in rows.recorded())
    with FakeCloudWatch(region=region, clock_ns=lambda: newest, keep=Keep.COUNTS) as fake:
        fake.create_log_group(GROUP, STREAM)
        sink = make_sink(region=region, endpoint_url=fake.url)
        parcels = 0
        for packing in packed(sink, signal, newest, copies(signal, number)):
            assert packing.expired == []
            assert packing.faults == []
            assert sink.send(signal, packing.body()) == Delivered()
            parcels += 1

        assert parcels >= 2
        assert min(request.used for request in fake.requests(signal)) >= 0.8


# -- the rest of the Protocol --------------------------------------------------------------------------------------------------------


def test_build_makes_the_sink_of_a_block() -> None:
    """Names, signals and whether it is required come from the settings."""
    sink = build(CloudWatchSink(region="us-west-2", name="prod", required=False, signals=["logs", "traces"]))

    assert isinstance(sink, CloudWatch)
    assert (sink.name, sink.required, sink.signals) == ("prod", False, frozenset({Signal.LOGS, Signal.TRACES}))
    sink.close()


def test_opened_rows_keep_to_the_protocol(sink: CloudWatch) -> None:
    """A row opened by the sink has what the relay asks of it."""
    row: Row = rows.row(ONE[Signal.LOGS], Signal.LOGS)
    opened: Opened = sink.open(row)

    assert (opened.items, opened.time_ns(0), opened.fault(0)) == (1, NOW, None)
    assert opened.weight(0, 1) > 0
    assert opened.fragment(0, 1)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("log_group", "no spaces"), ("log_group", ""), ("log_stream", "a:b"), ("log_stream", "a*"), ("log_stream", "a\nb")],
)
def test_names_that_no_group_or_stream_can_have_are_refused_at_start(setting: str, value: str) -> None:
    """A misspelled name is found before the first batch."""
    with pytest.raises(SinkError, match=f"takes no {setting} named"):
        build(CloudWatchSink(**{"region": "us-west-2", setting: value}))
