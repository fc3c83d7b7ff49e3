"""From a body to its items: both encodings, gzip, and what cannot be read."""

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from tests.testing.wire import JSON, NOW, PROTOBUF, encoded, logs, metrics, point, record, span, traces
from upwell.otlp.model import Encoding, Signal
from upwell.testing.plain import Unreadable
from upwell.testing.reading import Inflated, inflate, read

AGENTS = Path(__file__).parents[1] / "fixtures" / "agents"
RECORDED = [path for path in sorted(AGENTS.glob("*/*/[0-9]*")) if path.name.count(".") == 2]
BATCHES = {
    Signal.LOGS: logs(record(body="one", a=1), record(body="two"), team="t"),
    Signal.TRACES: traces(span(NOW, NOW + 5, a=1.5), span(name="second"), team="t"),
    Signal.METRICS: metrics(point(a="x"), point(a="y", b=True), team="t"),
}


@pytest.mark.parametrize("signal", list(Signal))
def test_both_encodings_read_alike(signal: Signal) -> None:
    """The same request as JSON and as protobuf gives the same items."""
    as_json = read(encoded(signal, BATCHES[signal], JSON), signal, Encoding.JSON)
    as_protobuf = read(encoded(signal, BATCHES[signal], PROTOBUF), signal, Encoding.PROTOBUF)

    assert as_json.count == as_protobuf.count == 2
    assert list(as_json.items()) == list(as_protobuf.items())


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
def test_items_can_be_left_out(media_type: str) -> None:
    """Rejected items are skipped by their number in document order."""
    export = read(encoded("logs", BATCHES[Signal.LOGS], media_type), Signal.LOGS, Encoding(media_type))

    assert [item["body"] for item in export.items({0})] == ["two"]


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@pytest.mark.parametrize("signal", list(Signal))
def test_attribute_is_found_without_reading_items(signal: Signal, media_type: str) -> None:
    """attributes lists one attribute of the items that carry it."""
    export = read(encoded(signal, BATCHES[signal], media_type), signal, Encoding(media_type))

    expected = {Signal.LOGS: ["1"], Signal.TRACES: ["1.5"], Signal.METRICS: ["x", "y"]}[signal]
    assert list(export.attributes("a")) == expected
    assert list(export.attributes("a", {0})) == expected[1:]
    assert list(export.attributes("absent")) == []


def test_every_kind_of_metric_has_its_points() -> None:
    """All five kinds are read, and each point knows its metric."""
    kinds = {
        "gauge": {"dataPoints": [{"asInt": "4"}]},
        "sum": {"dataPoints": [{"asDouble": 1.5}], "isMonotonic": True, "aggregationTemporality": 2},
        "histogram": {"dataPoints": [{"count": "1", "bucketCounts": ["1"]}], "aggregationTemporality": 1},
        "exponentialHistogram": {"dataPoints": [{"count": "1", "positive": {"offset": -2, "bucketCounts": ["1"]}}]},
        "summary": {"dataPoints": [{"count": "1", "quantileValues": [{"quantile": 0.5, "value": 2.0}]}]},
    }
    batch = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": kind, kind: data} for kind, data in kinds.items()]}]}]}
    batch["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].append({"name": "none"})

    found = {}
    for media_type in (JSON, PROTOBUF):
        export = read(encoded("metrics", batch, media_type), Signal.METRICS, Encoding(media_type))
        found[media_type] = list(export.items())

    assert [item["metric"]["kind"] for item in found[JSON]] == list(kinds)
    assert found[JSON] == found[PROTOBUF]
    assert found[JSON][1]["metric"] == {
        "name": "sum",
        "unit": "",
        "kind": "sum",
        "aggregationTemporality": 2,
        "isMonotonic": True,
    }


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: str(path.relative_to(AGENTS)))
def test_recorded_payload_is_read(path: Path) -> None:
    """Every payload that a real agent sent is read to its last item."""
    signal, encoding = Signal(path.name.split(".")[1]), Encoding.JSON if path.suffix == ".json" else Encoding.PROTOBUF
    export = read(path.read_bytes(), signal, encoding)
    export.check()

    assert export.count == len(list(export.items())) > 0


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b'{"resourceLogs": 5}', b'{"resourceLogs": [5]}', b'{"resourceLogs":[{"scopeLogs":{}}]}']
)
def test_body_that_is_no_request_is_unreadable(body: bytes) -> None:
    """JSON of another shape is refused at once, before any item is looked at."""
    with pytest.raises(Unreadable):
        read(body, Signal.LOGS, Encoding.JSON)


def test_broken_protobuf_is_unreadable() -> None:
    """A cut message is refused."""
    whole = encoded("logs", BATCHES[Signal.LOGS], PROTOBUF)
    with pytest.raises(Unreadable):
        read(whole[:-3], Signal.LOGS, Encoding.PROTOBUF)


@pytest.mark.parametrize(
    ("signal", "batch"),
    [
        (Signal.LOGS, logs({"timeUnixNano": "x"})),
        (Signal.TRACES, traces({"startTimeUnixNano": "x"})),
        (Signal.METRICS, metrics({"timeUnixNano": "x"})),
        (Signal.LOGS, {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"attributes": [5]}]}]}]}),
    ],
)
def test_json_items_are_checked_on_demand(signal: Signal, batch: dict[str, Any]) -> None:
    """A wrong type inside a JSON item is found by check."""
    export = read(json.dumps(batch).encode(), signal, Encoding.JSON)
    with pytest.raises(Unreadable):
        export.check()


def test_attributes_of_a_wrong_shape_are_unreadable() -> None:
    """Even where only one of them was asked for."""
    export = read(json.dumps(logs({"attributes": {"key": "a"}})).encode(), Signal.LOGS, Encoding.JSON)
    with pytest.raises(Unreadable):
        list(export.attributes("a"))


def test_empty_request_has_no_items() -> None:
    """An export of nothing can be read."""
    assert read(b"{}", Signal.LOGS, Encoding.JSON).count == 0
    assert read(b"", Signal.TRACES, Encoding.PROTOBUF).count == 0


def test_inflate_undoes_gzip_up_to_its_limit() -> None:
    """What fits comes out; one byte more does not."""
    packed = gzip.compress(b"x" * 1000)

    assert inflate(packed, 1000) == b"x" * 1000
    with pytest.raises(Inflated):
        inflate(packed, 999)


@pytest.mark.parametrize("body", [b"plain", gzip.compress(b"abc")[:-4], gzip.compress(b"abc") + b"more", zlib.compress(b"abc"), b""])
def test_inflate_takes_nothing_but_one_whole_gzip_stream(body: bytes) -> None:
    """Other codings, cut streams and trailing bytes are unreadable."""
    with pytest.raises(Unreadable):
        inflate(body, 1000)


# -- the two readers against protobuf's own JSON ---------------------------------------------------------------------------------

texts = st.text(st.characters(codec="utf-8"), max_size=8)
scalars = st.one_of(
    st.builds(lambda value: AnyValue(string_value=value), texts),
    st.builds(lambda value: AnyValue(bool_value=value), st.booleans()),
    st.builds(lambda value: AnyValue(int_value=value), st.integers(-(2**63), 2**63 - 1)),
    st.builds(lambda value: AnyValue(double_value=value), st.floats(width=64)),
    st.builds(lambda value: AnyValue(bytes_value=value), st.binary(max_size=6)),
    st.just(AnyValue()),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.builds(lambda held: AnyValue(array_value=ArrayValue(values=held)), st.lists(inner, max_size=3)),
        st.builds(
            lambda held: AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key=key, value=value) for key, value in held.items()])),
            st.dictionaries(texts, inner, max_size=3),
        ),
    ),
    max_leaves=6,
)
records = st.builds(
    lambda time, body, pairs, trace, severity: LogRecord(
        time_unix_nano=time,
        body=body,
        attributes=[KeyValue(key=key, value=value) for key, value in pairs.items()],
        trace_id=trace,
        severity_number=severity,
    ),
    st.integers(0, 2**64 - 1),
    values,
    st.dictionaries(texts, values, max_size=4),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 24),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(records, max_size=4))
def test_protobuf_and_its_json_are_read_alike(found: list[LogRecord]) -> None:
    """Whatever protobuf can hold reads the same from its own bytes and from the JSON that Google's library writes of it."""
    request = ExportLogsServiceRequest(resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=found)])])
    as_json = MessageToDict(request, use_integers_for_enums=True)

    from_protobuf = read(request.SerializeToString(), Signal.LOGS, Encoding.PROTOBUF)
    from_json = read(json.dumps(_ids_as_hex(as_json)).encode(), Signal.LOGS, Encoding.JSON)
    assert list(from_json.items()) == list(from_protobuf.items())


def _ids_as_hex(value: Any) -> Any:
    if isinstance(value, list):
        return [_ids_as_hex(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64decode(each).hex() if key in ("traceId", "spanId", "parentSpanId") and isinstance(each, str) else _ids_as_hex(each)
        for key, each in value.items()
    }
