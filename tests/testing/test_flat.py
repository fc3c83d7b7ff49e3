"""The flattened form: what a test and a log event see of an item."""

from tests.testing.wire import JSON, NOW, encoded, logs, metrics, point, record, span, traces
from upwell.otlp.model import Encoding, Signal
from upwell.testing.plain import Plain
from upwell.testing.reading import read


def first(signal: Signal, batch: Plain) -> Plain:
    return next(read(encoded(signal, batch, JSON), signal, Encoding.JSON).items())


def test_log_has_the_stored_shape() -> None:
    """A record is laid out as CloudWatch stores it, every field there, its resource and scope inside."""
    batch = logs({**record(body="hi", tool="bash"), "severityText": "INFO", "severityNumber": 9, "flags": 1}, **{"service.name": "codex"})
    batch["resourceLogs"][0]["schemaUrl"] = "https://example.org/schema"

    assert first(Signal.LOGS, batch) == {
        "resource": {"attributes": {"service.name": "codex"}, "schemaUrl": "https://example.org/schema"},
        "scope": {"name": "s", "version": "1", "schemaUrl": ""},
        "body": "hi",
        "severityNumber": 9,
        "severityText": "INFO",
        "attributes": {"tool": "bash"},
        "droppedAttributes": 0,
        "timeUnixNano": NOW,
        "observedTimeUnixNano": 0,
        "traceId": "",
        "spanId": "",
        "flags": 1,
    }


def test_event_name_and_scope_attributes_show_where_given() -> None:
    """Two fields that most records lack are there only when sent."""
    batch = logs({**record(), "eventName": "api_request"})
    batch["resourceLogs"][0]["scopeLogs"][0]["scope"]["attributes"] = [{"key": "k", "value": {"stringValue": "v"}}]
    item = first(Signal.LOGS, batch)

    assert item["eventName"] == "api_request"
    assert item["scope"]["attributes"] == {"k": "v"}


def test_span_keeps_everything_it_was_sent_with() -> None:
    """A span is laid out alike: ids, times, attributes, events, and defaults for what it lacks."""
    item = first(Signal.TRACES, traces({**span(NOW, NOW + 9, name="chat", model="m"), "events": [{"name": "retry"}]}, team="t"))

    assert item["resource"]["attributes"] == {"team": "t"}
    assert (item["name"], item["startTimeUnixNano"], item["endTimeUnixNano"]) == ("chat", NOW, NOW + 9)
    assert (item["traceId"], item["parentSpanId"]) == ("0af7651916cd43dd8448eb211c80319c", "")
    assert (item["attributes"], item["events"], item["status"]) == ({"model": "m"}, [{"name": "retry"}], {})


def test_point_carries_its_metric() -> None:
    """A data point says which metric it belongs to, and keeps its value."""
    item = first(Signal.METRICS, metrics(point(value=2.5, type="input"), name="token.usage"))

    assert item["metric"] == {"name": "token.usage", "unit": "1", "kind": "sum", "aggregationTemporality": 1, "isMonotonic": True}
    assert (item["attributes"], item["timeUnixNano"], item["asDouble"]) == ({"type": "input"}, NOW, 2.5)
