"""The documented limits: each passed at its edge, and broken one step beyond."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.testing.wire import DAY, HOUR, JSON, NOW, PROTOBUF, SECOND, encoded, logs, metrics, point, record, span, traces
from upwell.otlp.model import Encoding, Signal
from upwell.testing.cloudwatch.judge import judge_logs, judge_metrics, judge_traces
from upwell.testing.cloudwatch.limits import KB, MB, LogLimits, MetricLimits, TraceLimits
from upwell.testing.export import Export
from upwell.testing.reading import read
from upwell.testing.verdict import Verdict

AGENTS = Path(__file__).parents[2] / "fixtures" / "agents"
RECORDED = [path for path in sorted(AGENTS.glob("*/*/[0-9]*")) if path.name.count(".") == 2]
ENCODINGS = pytest.mark.parametrize("media_type", [JSON, PROTOBUF])


def export(signal: Signal, batch: dict[str, Any], media_type: str) -> Export:
    return read(encoded(signal, batch, media_type), signal, Encoding(media_type))


def judged_metrics(batch: dict[str, Any], media_type: str = JSON, **limits: int) -> Verdict:
    return judge_metrics(export(Signal.METRICS, batch, media_type), replace(MetricLimits(), **limits), NOW)


def judged_traces(batch: dict[str, Any], media_type: str = JSON, **limits: int) -> Verdict:
    return judge_traces(export(Signal.TRACES, batch, media_type), replace(TraceLimits(), **limits), NOW)


def judged_logs(
    batch: dict[str, Any], media_type: str = JSON, region: str = "us-west-1", retention_ns: int | None = None, **limits: int
) -> Verdict:
    return judge_logs(export(Signal.LOGS, batch, media_type), replace(LogLimits(), **limits), NOW, region, retention_ns)


def refusal(verdict: Verdict) -> tuple[int, str]:
    assert verdict.refusal is not None
    return verdict.refusal.status, verdict.refusal.message


def taken(verdict: Verdict) -> bool:
    return verdict.refusal is None and not verdict.rejected and not verdict.message


def padded(make: Any, size: int, measure: Any) -> Any:
    """make(text) with just so long a text that measure of it is size."""
    text = "x" * (size - measure(make("")) - 16)
    while measure(make(text)) < size:
        text += "x"
    assert measure(make(text)) == size
    return make(text)


def test_documented_numbers() -> None:
    """The tables hold what the document says."""
    metric, trace, log = MetricLimits(), TraceLimits(), LogLimits()

    assert (metric.request_bytes, metric.items, metric.labels, metric.label_bytes) == (1_048_576, 1000, 150, 40_960)
    assert (metric.past_ns, metric.future_ns, metric.requests_per_second, metric.new_names) == (14 * DAY, 600 * SECOND, 500, 1_000_000)
    assert (trace.request_bytes, trace.items, trace.group_bytes, trace.span_bytes) == (5 * MB, 10_000, 16_384, 204_800)
    assert (trace.past_ns, trace.future_ns, trace.spread_ns) == (14 * DAY, 2 * HOUR, DAY)
    assert (log.request_bytes, log.large_request_bytes, log.items, log.group_bytes) == (1_048_576, 20_971_520, 10_000, 16_384)
    assert (log.event_bytes, log.overhead, log.large_records, log.requests_per_second) == (1_048_576, 26, 1, 5000)
    assert (log.past_ns, log.future_ns, log.spread_ns) == (14 * DAY, 2 * HOUR, DAY)


# -- metrics -----------------------------------------------------------------------------------------------------------------------


@ENCODINGS
def test_metrics_request_bytes(media_type: str) -> None:
    """1 MB of uncompressed body passes, one byte more is 400."""
    batch = metrics(*[point(a="x" * 500)] * 20)
    size = len(encoded("metrics", batch, media_type))

    assert taken(judged_metrics(batch, media_type, request_bytes=size))
    assert refusal(judged_metrics(batch, media_type, request_bytes=size - 1)) == (400, f"Maximum request size exceeded: {size - 1} bytes.")


@ENCODINGS
def test_metrics_datapoints_are_summed_over_everything(media_type: str) -> None:
    """1,000 data points pass, 1,001 in any arrangement are 400 with the message seen in the wild."""
    two_metrics = metrics(*[point()] * 600)
    two_metrics["resourceMetrics"] += metrics(*[point()] * 400)["resourceMetrics"]

    assert taken(judged_metrics(two_metrics, media_type))
    two_metrics["resourceMetrics"] += metrics(point())["resourceMetrics"]
    assert refusal(judged_metrics(two_metrics, media_type)) == (400, "Maximum number of datapoints per request exceeded: 1000.")


@ENCODINGS
def test_metrics_labels_count_resource_scope_and_point(media_type: str) -> None:
    """150 labels over the three pass; one more rejects that point, and the request where no point is left."""
    good, bad = point(**{f"p{n}": n for n in range(100)}), point(**{f"p{n}": n for n in range(101)})
    of_resource: dict[str, Any] = {f"r{n}": n for n in range(49)}

    def batch(*points: dict[str, Any]) -> dict[str, Any]:
        made = metrics(*points, **of_resource)
        made["resourceMetrics"][0]["scopeMetrics"][0]["scope"]["attributes"] = [{"key": "s", "value": {"stringValue": "v"}}]
        return made

    message = "Maximum number of attributes exceeded: 150 [ResourceMetrics.1.ScopeMetrics.1.Metrics.1.Datapoint.2]."
    assert taken(judged_metrics(batch(good, good), media_type))
    partly = judged_metrics(batch(good, bad), media_type)
    assert (partly.refusal, partly.rejected, partly.message) == (None, frozenset({1}), message)
    assert refusal(judged_metrics(batch(bad), media_type)) == (400, message.replace("Datapoint.2", "Datapoint.1"))


@ENCODINGS
def test_metrics_label_bytes(media_type: str) -> None:
    """40 KB of keys and values pass, one byte more rejects the point."""
    fits, long = "é" * ((40 * KB - 2 - 2) // 2), "é" * ((40 * KB - 2 - 2) // 2) + "x"

    assert taken(judged_metrics(metrics(point(ab=fits), r="1"), media_type))
    assert judged_metrics(metrics(point(ab=long), point(), r="1"), media_type).rejected == {0}
    assert refusal(judged_metrics(metrics(point(ab=long), r="1"), media_type))[0] == 400


def test_metrics_labels_that_are_no_texts_are_counted_as_written() -> None:
    """Numbers count with their digits."""
    assert taken(judged_metrics(metrics(point(a=12345)), label_bytes=6))
    assert refusal(judged_metrics(metrics(point(a=12345)), label_bytes=5))[0] == 400


@ENCODINGS
def test_metrics_time_window(media_type: str) -> None:
    """14 days back and 10 minutes ahead pass; a second beyond, or no time at all, is 400 for the whole request."""
    for good in (NOW - 14 * DAY, NOW, NOW + 600 * SECOND):
        assert taken(judged_metrics(metrics(point(good), point()), media_type))
    for bad in (0, NOW - 14 * DAY - SECOND, NOW + 601 * SECOND):
        assert refusal(judged_metrics(metrics(point(), point(bad)), media_type))[0] == 400


def test_metrics_have_no_spread_limit() -> None:
    """Points of one request may lie 14 days apart."""
    assert taken(judged_metrics(metrics(point(NOW - 13 * DAY), point(NOW))))


# -- traces ------------------------------------------------------------------------------------------------------------------------


@ENCODINGS
def test_traces_request_bytes(media_type: str) -> None:
    """5 MB pass, one byte more rejects the call."""
    batch = traces(span(a="x" * 500))
    size = len(encoded("traces", batch, media_type))

    assert taken(judged_traces(batch, media_type, request_bytes=size))
    assert refusal(judged_traces(batch, media_type, request_bytes=size - 1)) == (400, f"Maximum request size exceeded: {size - 1} bytes.")


@ENCODINGS
def test_traces_span_count(media_type: str) -> None:
    """10,000 spans pass, 10,001 reject the call."""
    tiny = {"startTimeUnixNano": str(NOW), "endTimeUnixNano": str(NOW)}

    assert taken(judged_traces(traces(*[tiny] * 10_000), media_type))
    assert refusal(judged_traces(traces(*[tiny] * 10_001), media_type)) == (400, "Maximum number of spans per request exceeded: 10000.")


@ENCODINGS
def test_traces_resource_and_scope_bytes(media_type: str) -> None:
    """16 KB of one resource and scope pass; one byte more, in any of them, rejects the call."""

    def measure(batch: dict[str, Any]) -> int:
        group = export(Signal.TRACES, batch, media_type).groups[-1]
        return len(orjson.dumps(group.resource)) + len(orjson.dumps(group.scope))

    fits = padded(lambda text: traces(span(), big=text), 16 * KB, measure)
    long = padded(lambda text: traces(span(), big=text), 16 * KB + 1, measure)
    assert taken(judged_traces(fits, media_type))
    status, message = refusal(judged_traces({"resourceSpans": fits["resourceSpans"] + long["resourceSpans"]}, media_type))
    assert status == 400
    assert message == "Maximum size of resource and scope exceeded: 16384 bytes [Resource.2.Scope.1]."


@ENCODINGS
def test_traces_span_bytes(media_type: str) -> None:
    """A span of 200 KB passes; one byte more and it alone is left out."""

    def measure(batch: dict[str, Any]) -> int:
        read_back = export(Signal.TRACES, batch, media_type)
        return read_back.reader.size(read_back.groups[0].entries[0])

    fits = padded(lambda text: traces(span(a=text), span()), 200 * KB, measure)
    long = padded(lambda text: traces(span(a=text), span()), 200 * KB + 1, measure)
    assert taken(judged_traces(fits, media_type))
    verdict = judged_traces(long, media_type)
    assert (verdict.refusal, verdict.rejected) == (None, frozenset({0}))
    assert verdict.message == "Maximum size of a span exceeded: 204800 bytes."


@ENCODINGS
def test_traces_time_window(media_type: str) -> None:
    """Start and end may lie 14 days back to 2 hours ahead; a span outside rejects the call, and so does one without a start."""
    for good in (span(NOW - 14 * DAY), span(NOW + 2 * HOUR), span(NOW, 0)):
        assert taken(judged_traces(traces(good), media_type))
    for bad in (span(0, NOW), span(NOW - 14 * DAY - SECOND, NOW - 14 * DAY), span(NOW, NOW + 2 * HOUR + SECOND)):
        assert refusal(judged_traces(traces(span(NOW), bad), media_type))[0] == 400


@ENCODINGS
def test_traces_spread(media_type: str) -> None:
    """24 hours from the first start to the last end pass, a second more rejects the call."""
    assert taken(judged_traces(traces(span(NOW - DAY), span(NOW - HOUR, NOW)), media_type))
    status, message = refusal(judged_traces(traces(span(NOW - DAY), span(NOW, NOW + SECOND)), media_type))
    assert (status, message) == (400, "Maximum time gap in a request exceeded: 86400 seconds.")


# -- logs --------------------------------------------------------------------------------------------------------------------------


def counted(batch: dict[str, Any], media_type: str = JSON) -> int:
    """The documented sum: each event's UTF-8 text and 26 bytes."""
    items = list(export(Signal.LOGS, batch, media_type).items())
    return sum(len(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()) + 26 for item in items)


@ENCODINGS
def test_logs_bytes_are_those_of_the_events(media_type: str) -> None:
    """What counts is the sum of the events as stored, 26 bytes each added, not the body."""
    batch = logs(record(body="ü" * 50), record(body='quote " and \\', n=1.5), team="é")
    size = counted(batch, media_type)

    assert judged_logs(batch, media_type).usage.bytes == size
    assert taken(judged_logs(batch, media_type, request_bytes=size))
    assert refusal(judged_logs(batch, media_type, request_bytes=size - 1)) == (400, f"Maximum request size exceeded: {size - 1} bytes.")


@pytest.mark.parametrize(
    ("region", "media_type", "megabytes"),
    [("us-east-1", JSON, 20), ("us-west-2", JSON, 20), ("us-west-2", PROTOBUF, 1), ("us-west-1", JSON, 1), ("eu-north-1", PROTOBUF, 1)],
)
def test_logs_bytes_by_region_and_encoding(region: str, media_type: str, megabytes: int) -> None:
    """20 MB hold for JSON in the nine Regions, 1 MB for protobuf and everywhere else."""
    assert judged_logs(logs(record()), media_type, region).usage.limit_bytes == megabytes * MB


def test_logs_of_many_megabytes() -> None:
    """5 MB of JSON pass in us-west-2 and are 400 in us-west-1."""
    batch = logs(*[record(body="x" * 50_000)] * 100)

    assert taken(judged_logs(batch, region="us-west-2"))
    assert refusal(judged_logs(batch, region="us-west-1")) == (400, "Maximum request size exceeded: 1048576 bytes.")


@ENCODINGS
def test_logs_record_count(media_type: str) -> None:
    """10,000 records pass, 10,001 reject the call."""
    tiny = {"timeUnixNano": str(NOW)}

    assert taken(judged_logs(logs(*[tiny] * 10_000), media_type, request_bytes=20 * MB))
    assert refusal(judged_logs(logs(*[tiny] * 10_001), media_type)) == (400, "Maximum number of log events per request exceeded: 10000.")


@ENCODINGS
def test_logs_resource_and_scope_bytes(media_type: str) -> None:
    """16 KB of resource and scope pass, one byte more rejects the call."""

    def measure(batch: dict[str, Any]) -> int:
        group = export(Signal.LOGS, batch, media_type).groups[0]
        return len(orjson.dumps(group.resource)) + len(orjson.dumps(group.scope))

    assert taken(judged_logs(padded(lambda text: logs(record(), big=text), 16 * KB, measure), media_type))
    assert refusal(judged_logs(padded(lambda text: logs(record(), big=text), 16 * KB + 1, measure), media_type))[0] == 400


def test_logs_resource_without_records_is_not_looked_at() -> None:
    """A resource that no record has does not count."""
    batch = logs(record())
    batch["resourceLogs"] += logs(big="x" * 20_000)["resourceLogs"]

    assert taken(judged_logs(batch))


def test_logs_event_bytes() -> None:
    """One event over 1 MB is an excess object in the nine Regions, two are not, and elsewhere not even one."""
    big = record(body="x" * MB)

    assert taken(judged_logs(logs(big, record()), region="us-west-2"))
    status, message = refusal(judged_logs(logs(big, big), region="us-west-2"))
    assert status == 400
    assert message.startswith("Log event too large: ")
    assert refusal(judged_logs(logs(big), region="us-west-1", request_bytes=20 * MB))[1].startswith("Log event too large: ")
    assert refusal(judged_logs(logs(big), PROTOBUF, "us-west-2", request_bytes=20 * MB))[1].startswith("Log event too large: ")


def test_logs_event_of_exactly_one_megabyte() -> None:
    """1,048,576 bytes are not too large."""
    fits = padded(lambda text: logs(record(body=text)), MB, lambda batch: counted(batch) - 26)

    assert taken(judged_logs(fits, request_bytes=2 * MB))


@ENCODINGS
def test_logs_out_of_the_window_are_left_out_and_counted(media_type: str) -> None:
    """Too old (a time of 0 too), too new and expired records are left out; the message counts them, as JSON."""
    batch = logs(
        record(NOW - 14 * DAY - SECOND),
        record(0),
        record(NOW + 2 * HOUR + SECOND),
        record(NOW - 3 * DAY - SECOND),
        record(NOW),
    )
    verdict = judged_logs(batch, media_type, retention_ns=3 * DAY)

    assert (verdict.refusal, verdict.rejected) == (None, frozenset({0, 1, 2, 3}))
    assert json.loads(verdict.message) == {"tooOldLogEventCount": 2, "tooNewLogEventCount": 1, "expiredLogEventCount": 1}


@ENCODINGS
def test_logs_at_the_edge_of_the_window_pass(media_type: str) -> None:
    """Exactly 14 days, 2 hours and the retention pass."""
    for good in (NOW - 14 * DAY, NOW + 2 * HOUR):
        assert taken(judged_logs(logs(record(good)), media_type))
    assert taken(judged_logs(logs(record(NOW - 3 * DAY)), media_type, retention_ns=3 * DAY))


def test_logs_all_out_of_the_window_are_still_a_partial_success() -> None:
    """Even with no record left the answer counts them and is no refusal."""
    verdict = judged_logs(logs(record(0)))

    assert (verdict.refusal, verdict.rejected) == (None, frozenset({0}))


@ENCODINGS
def test_logs_spread(media_type: str) -> None:
    """24 hours between records pass, a second more rejects the call."""
    assert taken(judged_logs(logs(record(NOW), record(NOW - DAY)), media_type))
    assert refusal(judged_logs(logs(record(NOW), record(NOW - DAY - SECOND)), media_type)) == (
        400,
        "Maximum time gap in a request exceeded: 86400 seconds.",
    )


def test_logs_spread_does_not_count_what_is_left_out() -> None:
    """The documented example has too old and too new records in one partial success."""
    verdict = judged_logs(logs(record(NOW), record(NOW - 15 * DAY), record(NOW + 3 * HOUR)))

    assert (verdict.refusal, verdict.rejected) == (None, frozenset({1, 2}))


# -- figures -----------------------------------------------------------------------------------------------------------------------


def test_usage_names_the_binding_limit() -> None:
    """The limit that was used most, and how much of it."""
    by_items = judged_metrics(metrics(*[point()] * 800)).usage
    by_bytes = judged_traces(traces(span(a="x" * 900)), request_bytes=1250).usage
    by_spread = judged_logs(logs(record(NOW), record(NOW - 18 * HOUR))).usage

    assert (by_items.binding, by_items.used) == ("items", 0.8)
    assert by_bytes.binding == "bytes"
    assert 0.7 < by_bytes.used <= 1
    assert (by_spread.binding, by_spread.used, by_spread.spread_ns) == ("spread", 0.75, 18 * HOUR)


@pytest.mark.parametrize("judged", [judged_logs, judged_traces, judged_metrics])
def test_request_of_nothing_is_taken(judged: Any) -> None:
    """An export without items breaks no limit."""
    verdict = judged({})

    assert taken(verdict)
    assert (verdict.usage.items, verdict.usage.spread_ns) == (0, 0)


def test_refused_request_still_shows_its_usage() -> None:
    """What was too much can be read from the figures."""
    usage = judged_metrics(metrics(*[point()] * 1500)).usage

    assert (usage.items, usage.binding, usage.used) == (1500, "items", 1.5)


# -- what real agents sent ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: str(path.relative_to(AGENTS)))
def test_recorded_payload_fits_but_for_missing_times(path: Path) -> None:
    """Each recorded payload passes at the time it was made; only Codex's log records, which carry no time, are too old."""
    signal, encoding = Signal(path.name.split(".")[1]), Encoding.JSON if path.suffix == ".json" else Encoding.PROTOBUF
    found = read(path.read_bytes(), signal, encoding)
    times = [item.get("endTimeUnixNano") or item.get("timeUnixNano") or item["observedTimeUnixNano"] for item in found.items()]
    if signal is Signal.LOGS:
        verdict = judge_logs(found, LogLimits(), max(times), "us-west-1", None)
    elif signal is Signal.TRACES:
        verdict = judge_traces(found, TraceLimits(), max(times))
    else:
        verdict = judge_metrics(found, MetricLimits(), max(times))

    assert verdict.refusal is None
    timeless = path.parts[-3] == "codex" and signal is Signal.LOGS
    assert len(verdict.rejected) == (found.count if timeless else 0)
