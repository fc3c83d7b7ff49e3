"""OTLP/JSON as real clients spell it, and as nobody may."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from tests.otlp.bodies import log_body, logs, metrics, nested
from upwell.errors import Malformed, TooLarge
from upwell.otlp import Encoding, Signal, count, decode, encode, survey, to_message
from upwell.otlp.limits import MAX_ITEMS, MAX_NESTING, MAX_OBJECTS


def record(body: bytes) -> dict[str, Any]:
    """The one log record of a body that the door lets in."""
    batch = decode(body, Signal.LOGS, Encoding.JSON).batch
    found: dict[str, Any] = batch["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    return found


def converted(text: str) -> Any:
    """The one log record of a body as a protobuf message."""
    message: Any = to_message(decode(log_body(text), Signal.LOGS, Encoding.JSON).batch, Signal.LOGS)
    return message.resource_logs[0].scope_logs[0].log_records[0]


@pytest.mark.parametrize("body", [b"{}", b'{"resourceLogs":[]}', b'{"resourceLogs":null}', b" {\n}\n", b"\xef\xbb\xbf{}"])
def test_empty_exports_hold_nothing(body: bytes) -> None:
    """An export of nothing is no error."""
    decoded = decode(body, Signal.LOGS, Encoding.JSON)
    assert decoded.batch == {"resourceLogs": []}
    assert survey(decoded.batch, Signal.LOGS).items == 0


@pytest.mark.parametrize(
    "text",
    [
        '{"body":null}',
        '{"traceId":"","spanId":""}',
        '{"attributes":[{"key":"a","value":{}}]}',
        '{"attributes":[{"key":"a","value":null}]}',
        '{"attributes":[{"key":"a"}]}',
        '{"attributes":null,"severityText":null,"timeUnixNano":null}',
        '{"body":{"arrayValue":{"values":[null,{"stringValue":"a"}]}}}',
        '{"body":{"arrayValue":{}}}',
        '{"body":{"kvlistValue":{"values":null}}}',
        '{"body":{"stringValue":null,"intValue":"7"}}',
        '{"traceId":"00112233445566778899AABBCCDDEEFF"}',
        '{"heardOf":"never","body":{"newValue":1}}',
    ],
)
def test_what_real_clients_send_is_taken_as_it_is(text: str) -> None:
    """Nulls, empty ids, values that hold nothing and unknown fields pass, stay as they are, and can be written as protobuf."""
    body = log_body(text)
    assert record(body) == json.loads(text)
    assert encode(decode(body, Signal.LOGS, Encoding.JSON).batch, Signal.LOGS, Encoding.JSON) == body
    converted(text)


@pytest.mark.parametrize("spelling", ["7", '"7"', "7.0", '"7.0"', "7e0", '"7e0"', '"0.07e2"'])
def test_integers_in_every_spelling(spelling: str) -> None:
    """64-bit integers come as numbers or texts, with or without a fraction of zero."""
    found = converted(f'{{"timeUnixNano":{spelling},"body":{{"intValue":{spelling}}},"severityNumber":{spelling}}}')
    assert (found.time_unix_nano, found.body.int_value, found.severity_number) == (7, 7, 7)


@pytest.mark.parametrize(
    ("spelling", "value"),
    [("1.5", 1.5), ('"1.5"', 1.5), ("2", 2.0), ('"-Infinity"', float("-inf")), ("-Infinity", float("-inf")), ('"Infinity"', float("inf"))],
)
def test_doubles_in_every_spelling(spelling: str, value: float) -> None:
    """Doubles come as numbers or texts; the infinities as texts or, which is not JSON, bare."""
    assert converted(f'{{"body":{{"doubleValue":{spelling}}}}}').body.double_value == value


def test_bare_nan_becomes_a_text() -> None:
    """NaN without quotes, as JavaScript and Python write it by mistake, is read as proto3 JSON's "NaN"."""
    assert record(log_body('{"body":{"doubleValue":NaN}}')) == {"body": {"doubleValue": "NaN"}}


def test_enums_by_name() -> None:
    """Enums come as numbers or as names."""
    assert converted('{"severityNumber":"SEVERITY_NUMBER_WARN"}').severity_number == 13


@pytest.mark.parametrize("text", ['"YWI="', '"YWI"', '"YWI=" '])
def test_bytes_with_and_without_padding(text: str) -> None:
    """Bytes are base64, padded or not."""
    assert converted(f'{{"body":{{"bytesValue":{text}}}}}').body.bytes_value == b"ab"


def test_bytes_in_url_safe_base64() -> None:
    """proto3 JSON takes both alphabets of base64."""
    assert converted('{"body":{"bytesValue":"-_8="}}').body.bytes_value == converted('{"body":{"bytesValue":"+/8="}}').body.bytes_value


@pytest.mark.parametrize("spelling", ['"null"', '"NULL"'])
def test_the_text_null_is_no_number(spelling: str) -> None:
    """A number field that holds the text "null" holds no number, and above all not 0."""
    found = converted(
        f'{{"timeUnixNano":{spelling},"body":{{"intValue":{spelling}}},"attributes":[{{"key":"a","value":{{"intValue":{spelling}}}}}]}}'
    )
    assert found.body.WhichOneof("value") is None
    assert found.attributes[0].value.WhichOneof("value") is None
    assert survey(logs({"timeUnixNano": spelling.strip('"')}), Signal.LOGS).oldest_ns == 0


def test_times_beyond_64_bits_are_the_latest() -> None:
    """A time that no clock shows is read as the largest there is, and does not cost the batch."""
    text = '{"timeUnixNano":"99999999999999999999999"}'
    assert converted(text).time_unix_nano == 2**64 - 1
    assert survey(decode(log_body(text), Signal.LOGS, Encoding.JSON).batch, Signal.LOGS).newest_ns == 2**63 - 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'"\\ud83d"', "\ufffd"),
        (b'"a\\udc00b"', "a\ufffdb"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\xff"', "\ufffd"),
        (b'"caf\xe9 \\ud800"', "caf\ufffd \ufffd"),
    ],
)
def test_text_that_is_not_unicode_is_mended(text: bytes, found: str) -> None:
    """A text cut in the middle of a character loses that character, not the batch."""
    assert record(log_body("{}").replace(b"[{}]", b'[{"body":{"stringValue":' + text + b"}}]")) == {"body": {"stringValue": found}}


def test_a_mended_body_is_checked_like_any_other() -> None:
    """What was mended still has to be of OTLP's shape."""
    with pytest.raises(Malformed, match="schemaUrl"):
        decode(b'{"resourceLogs":[{"schemaUrl":["\\ud800"]}]}', Signal.LOGS, Encoding.JSON)


def test_unknown_fields_beside_the_one_are_counted_and_left() -> None:
    """The encoded body has exactly one top-level field; the others are counted."""
    decoded = decode(b'{"a":1,"resourceLogs":[{"b":2}],"c":3}', Signal.LOGS, Encoding.JSON)
    assert decoded.batch == {"resourceLogs": [{"b": 2}]}
    assert decoded.unknown_fields == 2


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ('{"timeUnixNano":"abc"}', "timeUnixNano", "Expected `int | null`, got `str`"),
        ('{"timeUnixNano":-1}', "timeUnixNano", ">= 0"),
        ('{"timeUnixNano":1.5}', "timeUnixNano", "got `float`"),
        ('{"timeUnixNano":true}', "timeUnixNano", "got `bool`"),
        ('{"body":{"intValue":"9223372036854775808"}}', "body.intValue", "<= 9223372036854775807"),
        ('{"body":{"intValue":9223372036854775808}}', "body.intValue", "<= 9223372036854775807"),
        ('{"body":{"intValue":""}}', "body.intValue", "got `str`"),
        ('{"droppedAttributesCount":4294967296}', "droppedAttributesCount", "<= 4294967295"),
        ('{"body":{"doubleValue":"much"}}', "body.doubleValue", "got `str`"),
        ('{"body":{"stringValue":7}}', "body.stringValue", "Expected `str | null`, got `int`"),
        ('{"body":{"boolValue":"true"}}', "body.boolValue", "got `str`"),
        ('{"body":"text"}', "body", "Expected `object | array | bool | null`, got `str`"),
        ('{"body":"null"}', "body", "got `str`"),
        ('{"body":{"bytesValue":"A"}}', "body.bytesValue", "Expected base64"),
        ('{"traceId":"xyz0"}', "traceId", "Expected pairs of hex digits"),
        ('{"traceId":"abc"}', "traceId", "Expected pairs of hex digits"),
        ('{"severityNumber":"LOUD"}', "severityNumber", "Expected a number or a name of the enum"),
        ('{"severityNumber":2147483648}', "severityNumber", "<= 2147483647"),
        ('{"attributes":{}}', "attributes", "Expected `array | null`, got `object`"),
        ('{"attributes":"null"}', "attributes", "got `str`"),
        ('{"attributes":[null]}', "attributes[0]", "got `null`"),
        ('{"attributes":[{"key":1}]}', "attributes[0].key", "got `int`"),
        ("7", "", "Expected `object`, got `int`"),
    ],
)
def test_wrong_types_are_refused_by_place(text: str, place: str, reason: str) -> None:
    """A wrong type is refused; the answer names the place and the reason."""
    with pytest.raises(Malformed) as refusal:
        decode(log_body(text), Signal.LOGS, Encoding.JSON)
    assert reason in refusal.value.message
    assert refusal.value.message.endswith(f"`$.resourceLogs[0].scopeLogs[0].logRecords[0]{'.' if place else ''}{place}`")


@pytest.mark.parametrize(
    "text", ['{"severityNumber":"hunter2"}', '{"traceId":"hunter2"}', '{"body":{"intValue":"hunter2"}}', '{"body":hunter2}']
)
def test_no_refusal_quotes_the_content(text: str) -> None:
    """What was sent stays out of the answer and out of the error's causes: it may be a prompt or a secret."""
    with pytest.raises(Malformed) as refusal:
        decode(log_body(text), Signal.LOGS, Encoding.JSON)
    assert "hunter2" not in refusal.value.message
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'{"resourceLogs":[]}x',
        b'{"resourceLogs":[',
        b"\x00",
        b"\x1f\x8b",
        b'{"resourceLogs":{}}',
        b'{"a":1e999}',
    ],
)
def test_what_is_no_export_request_is_refused(body: bytes) -> None:
    """Cut, empty, compressed or other JSON is refused."""
    with pytest.raises(Malformed, match="not an OTLP/JSON logs request"):
        decode(body, Signal.LOGS, Encoding.JSON)


@pytest.mark.parametrize("name", ["resource_logs", "resourceSpans", "resourceMetrics"])
def test_a_request_of_another_kind_is_not_taken_for_an_empty_one(name: str) -> None:
    """Another signal's request, or one in protobuf's own field names, would vanish with a 200; it is refused."""
    with pytest.raises(Malformed, match=rf"another path - at `\$\.{name}`"):
        decode(json.dumps({name: [{}]}).encode(), Signal.LOGS, Encoding.JSON)


def test_a_snake_case_list_of_items_is_refused() -> None:
    """Items under a name that OTLP/JSON does not have would not be seen; they are refused where they are."""
    with pytest.raises(Malformed, match=r"scopeLogs\[0\].log_records"):
        decode(b'{"resourceLogs":[{"scopeLogs":[{"log_records":[{}]}]}]}', Signal.LOGS, Encoding.JSON)


def test_a_metric_of_two_kinds_is_refused() -> None:
    """A metric is of one kind; whoever reads one of two would miss the other's points."""
    body = json.dumps(metrics({"gauge": {}}, {"gauge": {"dataPoints": [{}]}, "sum": {"dataPoints": [{}]}})).encode()
    with pytest.raises(Malformed, match=r"more than one kind of data - at `\$.resourceMetrics\[0\].scopeMetrics\[0\].metrics\[1\]`"):
        decode(body, Signal.METRICS, Encoding.JSON)


def test_a_kind_that_is_null_is_no_second_kind() -> None:
    """`"sum": null` says that the metric is no sum."""
    body = json.dumps(metrics({"gauge": {"dataPoints": [{}]}, "sum": None})).encode()
    assert count(decode(body, Signal.METRICS, Encoding.JSON).batch, Signal.METRICS) == 1


@pytest.mark.parametrize("kind", ["arrayValue", "kvlistValue"])
def test_values_nest_to_the_limit_and_no_further(kind: str) -> None:
    """Values may lie inside each other up to the limit; one more is refused, with a place of bearable length."""
    converted(json.dumps({"body": nested(MAX_NESTING, kind)}))
    with pytest.raises(Malformed, match="nested deeper than 32") as refusal:
        decode(log_body(json.dumps({"body": nested(MAX_NESTING + 1, kind)})), Signal.LOGS, Encoding.JSON)
    assert len(refusal.value.message) < 300


def test_values_nest_to_the_limit_in_every_place() -> None:
    """An attribute of a resource may nest as deep as a body."""
    batch = {"resourceLogs": [{"resource": {"attributes": [{"key": "a", "value": nested(MAX_NESTING)}]}}]}
    assert decode(orjson.dumps(batch), Signal.LOGS, Encoding.JSON).batch == batch


@pytest.mark.parametrize("opener", [b"[", b'{"a":', b'{"arrayValue":{"values":['])
def test_nesting_bombs_are_refused(opener: bytes) -> None:
    """Ten thousand levels are refused, wherever they are."""
    for field in (b'{"body":', b'{"unheardOf":'):
        with pytest.raises(Malformed):
            decode(log_body("{}").replace(b"{}", field + opener * 10_000), Signal.LOGS, Encoding.JSON)


def test_unknown_fields_too_deep_to_write_are_refused_before_the_journal() -> None:
    """orjson reads deeper than it writes; encode() refuses, so that nothing unreadable is promised."""
    decoded = decode(log_body('{"unheardOf":' + "[" * 900 + "]" * 900 + "}"), Signal.LOGS, Encoding.JSON)
    with pytest.raises(Malformed, match="cannot be written as JSON"):
        encode(decoded.batch, Signal.LOGS, Encoding.JSON)


def explode(*_: object) -> None:
    raise AssertionError("built before it was refused")


@pytest.mark.parametrize("one", [b"{}", b"[]", b'{"a":1}'])
def test_a_structure_bomb_is_refused_before_anything_is_built(one: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of empty records in 10 MB are refused by counting their brackets."""
    monkeypatch.setattr("orjson.loads", explode)
    body = log_body("{}").replace(b"{}", b",".join([one] * (3_000_000 if len(one) == 2 else 1_100_000)))
    with pytest.raises(TooLarge, match="1,000,000 JSON objects"):
        decode(body, Signal.LOGS, Encoding.JSON)


@pytest.mark.parametrize("text", ["{" * (MAX_OBJECTS + 1), '{\\"a\\": [1, 2]}\\\\' * (MAX_OBJECTS // 2 + 1)])
def test_brackets_in_texts_are_no_objects(text: str) -> None:
    """A record full of code is no structure bomb."""
    body = log_body(f'{{"body":{{"stringValue":"{text}"}}}}')
    assert record(body)["body"]["stringValue"] == json.loads(f'"{text}"')


def test_too_many_items_are_refused_before_they_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 100,000 items are refused without building the checker's objects; 100,000 pass."""
    body = log_body(",".join(["{}"] * MAX_ITEMS))
    assert count(decode(body, Signal.LOGS, Encoding.JSON).batch, Signal.LOGS) == MAX_ITEMS
    monkeypatch.setattr("msgspec.convert", explode)
    with pytest.raises(TooLarge, match="100,000 items"):
        decode(body.replace(b"[{}", b"[{},{}", 1), Signal.LOGS, Encoding.JSON)


def test_a_large_body_of_the_wrong_shape_is_malformed_all_the_same() -> None:
    """Counting items first does not hide where the shape is wrong."""
    with pytest.raises(Malformed, match="scopeLogs"):
        decode(b'{"resourceLogs":[{"scopeLogs":7,"x":"' + b"x" * 300_000 + b'"}]}', Signal.LOGS, Encoding.JSON)
