"""OTLP messages written as JSON."""

from typing import Any

import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import HistogramDataPoint, NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from upwell.testing.jsonform import from_json, from_json_value
from upwell.testing.plain import MAX_DEPTH, Unreadable


def test_message_becomes_plain() -> None:
    """Ids stay hex, integers become integers, attributes one dict, and null is as good as absent."""
    raw = {
        "timeUnixNano": "1800000000000000000",
        "observedTimeUnixNano": 5,
        "severityNumber": 9,
        "severityText": None,
        "body": {"stringValue": "hi"},
        "traceId": "0AF7651916CD43DD8448EB211C80319C",
        "attributes": [{"key": "n", "value": {"intValue": "7"}}, {"key": "e", "value": {}}, {"key": "z"}],
    }

    assert from_json(raw, LogRecord.DESCRIPTOR) == {
        "timeUnixNano": 1800000000000000000,
        "observedTimeUnixNano": 5,
        "severityNumber": 9,
        "body": "hi",
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "attributes": {"n": 7, "e": None, "z": None},
    }


def test_unknown_fields_are_left_out() -> None:
    """The protocol asks receivers to ignore what they don't know; snake_case is such a thing."""
    assert from_json({"later": 1, "time_unix_nano": "1"}, LogRecord.DESCRIPTOR) == {}


def test_nested_messages_are_read() -> None:
    """Events, links and status of a span, and the lists of a histogram, are read to the bottom."""
    span = {"events": [{"name": "e", "attributes": [{"key": "a", "value": {"boolValue": True}}]}], "status": {"code": 2}}
    histogram = {"count": "3", "bucketCounts": ["1", 2], "explicitBounds": [0.5], "sum": "NaN"}

    assert from_json(span, Span.DESCRIPTOR) == {"events": [{"name": "e", "attributes": {"a": True}}], "status": {"code": 2}}
    assert from_json(histogram, HistogramDataPoint.DESCRIPTOR) == {
        "count": 3,
        "bucketCounts": [1, 2],
        "explicitBounds": [0.5],
        "sum": "NaN",
    }


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ({"stringValue": ""}, ""),
        ({"boolValue": False}, False),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"intValue": 3.0}, 3),
        ({"doubleValue": 1}, 1.0),
        ({"doubleValue": "-Infinity"}, "-Infinity"),
        ({"bytesValue": "AAE="}, "AAE="),
        ({"arrayValue": {"values": [{"intValue": 1}, {}]}}, [1, None]),
        ({"arrayValue": {}}, []),
        ({"kvlistValue": {"values": [{"key": "k", "value": {"stringValue": "v"}}]}}, {"k": "v"}),
        ({}, None),
        (None, None),
        ({"stringValue": None, "intValue": 4}, 4),
    ],
)
def test_value_is_what_it_holds(raw: Any, plain: Any) -> None:
    """Each kind of AnyValue becomes its Python counterpart."""
    found = from_json_value(raw)

    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        ([], "is not an object"),
        ({"timeUnixNano": "x"}, "timeUnixNano.is not an integer"),
        ({"timeUnixNano": "1_0"}, "timeUnixNano"),
        ({"timeUnixNano": -1}, "timeUnixNano"),
        ({"timeUnixNano": 2**64}, "timeUnixNano"),
        ({"timeUnixNano": 1.5}, "timeUnixNano"),
        ({"timeUnixNano": True}, "timeUnixNano"),
        ({"severityNumber": "SEVERITY_NUMBER_INFO"}, "severityNumber"),
        ({"severityText": 5}, "severityText.is not a text"),
        ({"traceId": "xyz"}, "traceId.is not hex digits"),
        ({"body": "text"}, "body.is not a value object"),
        ({"body": {"stringValue": "a", "intValue": 1}}, "body.holds more than one value"),
        ({"body": {"boolValue": "true"}}, "body.is not true or false"),
        ({"body": {"doubleValue": "much"}}, "body.is not a number"),
        ({"body": {"doubleValue": []}}, "body.is not a number"),
        ({"body": {"bytesValue": "?"}}, "body.is not base64"),
        ({"body": {"arrayValue": []}}, "body.is not an object with values"),
        ({"body": {"arrayValue": {"values": {}}}}, "body.is not a list"),
        ({"attributes": {"key": "a"}}, "attributes.is not a list"),
        ({"attributes": ["a"]}, "attributes.holds a text"),
        ({"attributes": [{"key": 3}]}, "attributes.is not a text"),
    ],
)
def test_contradiction_names_its_place(raw: Any, place: str) -> None:
    """What the schema forbids is unreadable, and the sentence says where."""
    with pytest.raises(Unreadable) as caught:
        from_json(raw, LogRecord.DESCRIPTOR)

    assert str(caught.value).startswith(place)


def test_place_goes_all_the_way_down() -> None:
    """A mistake deep inside is named from the top."""
    with pytest.raises(Unreadable, match=r"^exemplars\.spanId\.is not hex digits but a text$"):
        from_json({"exemplars": [{"spanId": "zz"}]}, NumberDataPoint.DESCRIPTOR)


def test_sentence_never_holds_the_content() -> None:
    """An error may travel; what it is about may not."""
    with pytest.raises(Unreadable) as caught:
        from_json({"severityText": {"secret": "s3cr3t"}}, LogRecord.DESCRIPTOR)

    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("kind", ["arrayValue", "kvlistValue"])
def test_nesting_is_bounded(kind: str) -> None:
    """Values may nest to the bound, and not one level further."""

    def nested(levels: int) -> Any:
        value: Any = {"intValue": 1}
        for _ in range(levels):
            value = {kind: {"values": [value if kind == "arrayValue" else {"key": "k", "value": value}]}}
        return value

    from_json_value(nested(MAX_DEPTH))
    with pytest.raises(Unreadable, match="nested deeper"):
        from_json_value(nested(MAX_DEPTH + 1))
