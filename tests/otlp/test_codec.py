"""The front: encodings by name, bodies fit for splicing, loading what was written."""

from __future__ import annotations

import pytest

from tests.otlp.bodies import log_body, logs, metrics, spans
from upwell.otlp import Batch, Encoding, Signal, decode, encode, from_message, load, media_type, splice, to_message

BATCHES = [(Signal.LOGS, logs({"timeUnixNano": "5"})), (Signal.TRACES, spans({"name": "a"})), (Signal.METRICS, metrics({"name": "m"}))]


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/json", Encoding.JSON),
        ("application/json; charset=utf-8", Encoding.JSON),
        ("Application/JSON", Encoding.JSON),
        (b"application/x-protobuf", Encoding.PROTOBUF),
        (b" application/x-protobuf ;v=1", Encoding.PROTOBUF),
        ("application/protobuf", None),
        ("text/plain", None),
        ("", None),
        (b"\xff\xfe", None),
    ],
)
def test_media_types(content_type: str | bytes, encoding: Encoding | None) -> None:
    """OTLP has two media types; parameters and case do not matter, and there is no third."""
    assert media_type(content_type) is encoding


@pytest.mark.parametrize(("signal", "batch"), BATCHES)
def test_json_is_written_tight(signal: Signal, batch: Batch) -> None:
    """JSON bodies are the one field and nothing around it, which is what splice() relies on."""
    body = encode(batch, signal, Encoding.JSON)
    assert body.startswith(b'{"%s":[' % signal.resource_field.encode())
    assert body.endswith(b"]}")
    assert b" " not in body


@pytest.mark.parametrize(("signal", "batch"), BATCHES)
def test_both_encodings_hold_the_same(signal: Signal, batch: Batch) -> None:
    """A batch decodes to itself from either of its encodings."""
    assert load(encode(batch, signal, Encoding.JSON)) == batch
    assert decode(encode(batch, signal, Encoding.JSON), signal, Encoding.JSON).batch == batch
    assert decode(encode(batch, signal, Encoding.PROTOBUF), signal, Encoding.PROTOBUF).batch == batch


def test_a_pretty_printed_body_splices_after_encoding() -> None:
    """However a client spaced its JSON, what encode() writes can be joined."""
    decoded = decode(b'{\n "resourceLogs" : [ { "schemaUrl" : "a" } ]\n}\n', Signal.LOGS, Encoding.JSON)
    body = encode(decoded.batch, Signal.LOGS, Encoding.JSON)
    assert splice([body, body], Signal.LOGS, Encoding.JSON) == b'{"resourceLogs":[{"schemaUrl":"a"},{"schemaUrl":"a"}]}'


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("signal", list(Signal))
def test_splicing_nothing(signal: Signal, encoding: Encoding) -> None:
    """No bodies, and bodies of empty batches, splice to an empty batch."""
    empty = encode({signal.resource_field: []}, signal, encoding)
    for bodies in ([], [empty], [empty, empty]):
        assert decode(splice(bodies, signal, encoding), signal, encoding).batch == {signal.resource_field: []}


def test_load_holds_to_no_limit() -> None:
    """What has passed the door is read back even where JSON spells it longer than the door's limits for JSON."""
    body = log_body(",".join(["{}"] * 100_001))
    assert len(load(body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"]) == 100_001


def test_messages_of_every_signal() -> None:
    """to_message() gives the signal's own request message, from_message() its batch."""
    for signal, batch in BATCHES:
        message = to_message(batch, signal)
        assert (
            message.DESCRIPTOR.name
            == {"logs": "ExportLogsServiceRequest", "traces": "ExportTraceServiceRequest", "metrics": "ExportMetricsServiceRequest"}[signal]
        )
        assert from_message(message) == batch
