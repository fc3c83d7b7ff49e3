"""OTLP protobuf as real clients write it, and what is refused of it."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from tests.otlp.bodies import delimited, logs, metrics, nested
from upwell.errors import Malformed, TooLarge
from upwell.otlp import Encoding, Signal, decode, encode, to_message
from upwell.otlp.limits import MAX_ITEMS, MAX_NESTING, MAX_OBJECTS
from upwell.otlp.messages import REQUESTS

RESOURCE, SCOPE, ITEM = 1, 2, 2


def in_record(content: bytes) -> bytes:
    """The body of one log record with this content."""
    return delimited(RESOURCE, delimited(SCOPE, delimited(ITEM, content)))


def record(content: bytes) -> dict[str, Any]:
    """The one log record of such a body, decoded."""
    batch = decode(in_record(content), Signal.LOGS, Encoding.PROTOBUF).batch
    found: dict[str, Any] = batch["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    return found


def test_an_empty_body_is_an_empty_export() -> None:
    """Protobuf writes an export of nothing as nothing."""
    assert decode(b"", Signal.LOGS, Encoding.PROTOBUF).batch == {"resourceLogs": []}


def test_fields_are_spelled_as_in_otlp_json() -> None:
    """64-bit integers as texts, ids in hex, bytes in base64, enums as numbers, doubles that JSON lacks as texts."""
    sent = LogRecord(time_unix_nano=2**64 - 1, severity_number=9, trace_id=b"\x0a\xbc", flags=1)  # type: ignore[arg-type]
    sent.body.bytes_value = b"\xff"
    sent.attributes.add(key="low").value.int_value = -(2**63)
    sent.attributes.add(key="nan").value.double_value = float("nan")
    sent.attributes.add(key="less").value.double_value = float("-inf")
    assert record(sent.SerializeToString()) == {
        "timeUnixNano": "18446744073709551615",
        "severityNumber": 9,
        "body": {"bytesValue": "/w=="},
        "attributes": [
            {"key": "low", "value": {"intValue": "-9223372036854775808"}},
            {"key": "nan", "value": {"doubleValue": "NaN"}},
            {"key": "less", "value": {"doubleValue": "-Infinity"}},
        ],
        "flags": 1,
        "traceId": "0abc",
    }


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (AnyValue(), {}),
        (AnyValue(string_value=""), {"stringValue": ""}),
        (AnyValue(int_value=0), {"intValue": "0"}),
        (AnyValue(bool_value=False), {"boolValue": False}),
        (AnyValue(double_value=0.0), {"doubleValue": 0.0}),
        (AnyValue(bytes_value=b""), {"bytesValue": ""}),
    ],
)
def test_a_value_at_its_default_is_still_a_value(value: AnyValue, found: dict[str, Any]) -> None:
    """Nothing, an empty text, 0 and false are five different things."""
    sent = LogRecord(body=value)
    sent.attributes.add(key="a").value.CopyFrom(value)
    sent.attributes.add(key="none")
    assert record(sent.SerializeToString()) == {"body": found, "attributes": [{"key": "a", "value": found}, {"key": "none"}]}


def test_a_data_point_of_zero_keeps_its_kind() -> None:
    """Presence is kept where protobuf has it: a point's value, a histogram's sum, minimum and maximum."""
    batch = metrics(
        {"gauge": {"dataPoints": [{"asInt": "0"}, {"asDouble": 0.0}, {}]}},
        {"histogram": {"dataPoints": [{"sum": 0.0, "min": 0.0}, {"max": 0.0}, {}]}},
    )
    body = to_message(batch, Signal.METRICS).SerializeToString()
    assert decode(body, Signal.METRICS, Encoding.PROTOBUF).batch == batch


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"\x0a", "cut short - at byte 0 in `$`"),
        (b"\x0a\x00\x0a\x05\x12", "cut short - at byte 2 in `$`"),
        (in_record(b"\x09\x01"), "cut short - at byte 6 in `$.resourceLogs[0].scopeLogs[0].logRecords[0]`"),
        (
            in_record(delimited(3, b"\xff")),
            "text that is not UTF-8 - at byte 8 in `$.resourceLogs[0].scopeLogs[0].logRecords[0].severityText`",
        ),
        (in_record(b"") + in_record(delimited(6, b"\x0a\x09")), "in `$.resourceLogs[1].scopeLogs[0].logRecords[0].attributes[0]`"),
        (b"\x00\x01", "field number 0"),
        (b"\x08" + b"\xff" * 10 + b"\x01", "more than ten bytes"),
        (b"{}", "a group"),
        (b'{"resourceLogs":[]}', "a group"),
        (b"\x1f\x8b\x08\x00", "a group"),
    ],
)
def test_a_broken_body_is_refused_by_place(body: bytes, place: str) -> None:
    """What is cut short, is no text or is no protobuf is refused; the answer names the place."""
    with pytest.raises(Malformed, match="not an OTLP protobuf logs request") as refusal:
        decode(body, Signal.LOGS, Encoding.PROTOBUF)
    assert place in refusal.value.message


@pytest.mark.parametrize("kind", ["arrayValue", "kvlistValue"])
def test_values_nest_to_the_limit_and_no_further(kind: str) -> None:
    """The limit of nesting is the same as for JSON."""
    body = encode(logs({"body": nested(MAX_NESTING, kind)}), Signal.LOGS, Encoding.PROTOBUF)
    if kind == "arrayValue":
        assert decode(body, Signal.LOGS, Encoding.PROTOBUF).batch
    with pytest.raises(Malformed):
        decode(encode(logs({"body": nested(MAX_NESTING + 1, kind)}), Signal.LOGS, Encoding.PROTOBUF), Signal.LOGS, Encoding.PROTOBUF)


@pytest.mark.parametrize("levels", [60, 400, 10_000])
def test_nesting_bombs_are_refused(levels: int) -> None:
    """Deeper than any parser follows is refused, not followed."""
    content = b""
    for _ in range(levels):
        content = delimited(5, delimited(1, content))
    with pytest.raises(Malformed):
        decode(in_record(delimited(5, content)), Signal.LOGS, Encoding.PROTOBUF)


def test_unknown_fields_are_counted_and_dropped() -> None:
    """Fields of a later OTLP, at every depth, and known numbers in another wire type, are counted; the rest is read."""
    value = delimited(1, b"text") + delimited(99, b"new")
    attribute = delimited(1, b"key") + delimited(2, value) + b"\x98\x06\x01"
    body = in_record(delimited(6, attribute) + b"\x18\x07") + delimited(77, b"")
    decoded = decode(body, Signal.LOGS, Encoding.PROTOBUF)
    assert decoded.unknown_fields == 4
    assert record(delimited(6, attribute)) == {"attributes": [{"key": "key", "value": {"stringValue": "text"}}]}
    assert to_message(decoded.batch, Signal.LOGS).ByteSize() < len(body)


def test_packed_and_single_numbers_are_known() -> None:
    """Numbers may be packed or not; neither way is unknown."""
    packed, single = delimited(6, b"\x01" + b"\x00" * 7), b"\x31\x01" + b"\x00" * 7
    for counts in (packed, single, packed + single):
        body = delimited(1, delimited(2, delimited(2, delimited(9, delimited(1, counts)))))
        decoded = decode(body + delimited(77, b""), Signal.METRICS, Encoding.PROTOBUF)
        assert decoded.unknown_fields == 1


def test_an_unknown_group_is_refused() -> None:
    """Groups are older than OTLP; a body that has one was not written for it."""
    with pytest.raises(Malformed, match="group"):
        decode(b"\x9b\x06\x9c\x06", Signal.LOGS, Encoding.PROTOBUF)


class Explosive:
    """A message class that must not be reached."""

    def FromString(self, body: bytes) -> None:  # noqa: N802
        raise AssertionError("parsed before it was refused")


@pytest.fixture
def no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails the test where a body is parsed."""
    monkeypatch.setattr("upwell.otlp.protobuf_door.REQUESTS", dict.fromkeys(Signal, Explosive()))


@pytest.mark.usefixtures("no_parsing")
@pytest.mark.parametrize(
    ("signal", "body"),
    [
        (Signal.LOGS, delimited(1, delimited(2, b"\x12\x00" * (MAX_ITEMS + 1)))),
        (Signal.TRACES, delimited(1, delimited(2, b"\x12\x00" * (MAX_ITEMS + 1)))),
        (Signal.METRICS, delimited(1, delimited(2, delimited(2, delimited(7, b"\x0a\x00" * (MAX_ITEMS + 1)))))),
    ],
)
def test_too_many_items_are_refused_before_parsing(signal: Signal, body: bytes) -> None:
    """Two bytes make an item; the 100,001st is refused."""
    with pytest.raises(TooLarge, match="100,000 items"):
        decode(body, signal, Encoding.PROTOBUF)


def test_as_many_items_as_allowed_pass() -> None:
    """100,000 items are taken."""
    body = delimited(1, delimited(2, b"\x12\x00" * MAX_ITEMS))
    assert len(decode(body, Signal.LOGS, Encoding.PROTOBUF).batch["resourceLogs"][0]["scopeLogs"][0]["logRecords"]) == MAX_ITEMS


@pytest.mark.usefixtures("no_parsing")
@pytest.mark.parametrize(
    ("signal", "body"),
    [
        (Signal.LOGS, b"\x0a\x00" * 5_000_000),
        (Signal.LOGS, delimited(1, delimited(1, b"\x0a\x00" * 5_000_000))),
        (Signal.LOGS, in_record(delimited(5, delimited(5, b"\x0a\x00" * (MAX_OBJECTS + 1))))),
        (Signal.LOGS, in_record(delimited(6, b"\x12\x00" * (MAX_OBJECTS + 1)))),
        (Signal.LOGS, delimited(1, delimited(1, delimited(3, b"\x1a\x00" * (4 * MAX_OBJECTS))))),
        (Signal.LOGS, b"\x10\x01" * (MAX_OBJECTS + 1)),
        (
            Signal.METRICS,
            delimited(1, delimited(2, delimited(2, delimited(10, delimited(1, delimited(8, delimited(2, b"\x20" * 9_000_000))))))),
        ),
    ],
    ids=["resources", "attributes", "values", "empty values", "texts", "unknown fields", "packed numbers"],
)
def test_structure_bombs_are_refused_before_parsing(signal: Signal, body: bytes) -> None:
    """Millions of messages, texts, numbers or unknown fields in ten MB are refused by walking over them."""
    with pytest.raises(TooLarge, match="1,000,000 messages"):
        decode(body, signal, Encoding.PROTOBUF)


@pytest.mark.usefixtures("no_parsing")
@pytest.mark.parametrize("tail", [b"\x0a\x05", b"\x0b", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x09\x01"])
def test_a_large_broken_body_is_refused(tail: bytes) -> None:
    """A body large enough to be walked is refused where the walk ends at nonsense."""
    with pytest.raises(Malformed, match="not an OTLP protobuf request"):
        decode(b"\x10\x01" * 101_000 + tail, Signal.LOGS, Encoding.PROTOBUF)


def test_a_large_body_that_is_broken_inside_is_refused() -> None:
    """What the walk does not look into, the parser does; no place is looked for in so large a body."""
    body = delimited(1, delimited(2, delimited(2, b"\x0a" * 1_100_001)))
    with pytest.raises(Malformed, match="it cannot be parsed"):
        decode(body, Signal.LOGS, Encoding.PROTOBUF)


def test_a_large_body_of_real_size_passes() -> None:
    """Three MB of ordinary records are walked and taken, and nothing in them is unknown."""
    attributes = [{"key": f"attribute.{number}", "value": {"stringValue": f"value {number}"}} for number in range(20)]
    batch = logs(*[{"timeUnixNano": "1", "attributes": attributes}] * 5_000)
    body = encode(batch, Signal.LOGS, Encoding.PROTOBUF)
    assert len(body) > 2 * MAX_OBJECTS
    decoded = decode(body, Signal.LOGS, Encoding.PROTOBUF)
    assert decoded.unknown_fields == 0
    assert decoded.batch == batch


def test_the_fast_way_to_see_unknown_fields_agrees_with_the_slow() -> None:
    """A body without unknown fields is not numbered; one that spells out defaults has none either."""
    body = in_record(b"\x10\x00" + delimited(3, b""))
    assert decode(body, Signal.LOGS, Encoding.PROTOBUF).unknown_fields == 0
    assert REQUESTS[Signal.LOGS].FromString(body).ByteSize() < len(body)
