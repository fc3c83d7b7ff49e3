"""The bodies of answers."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from upwell.otlp.model import Encoding, Signal
from upwell.testing.answers import Refused, Spelling, rpc_status, success

RESPONSES: dict[Signal, Any] = {
    Signal.LOGS: ExportLogsServiceResponse,
    Signal.METRICS: ExportMetricsServiceResponse,
    Signal.TRACES: ExportTraceServiceResponse,
}


@pytest.mark.parametrize("message", ["", "no", "é" * 300])
@pytest.mark.parametrize("code", [0, 3, 200])
def test_status_is_a_google_rpc_status(code: int, message: str) -> None:
    """Google's own message reads what is written here, in both encodings."""
    as_protobuf, as_json = (
        Status.FromString(rpc_status(Encoding.PROTOBUF, code, message)),
        json.loads(rpc_status(Encoding.JSON, code, message)),
    )

    assert (as_protobuf.code, as_protobuf.message) == (as_json["code"], as_json["message"]) == (code, message)


@pytest.mark.parametrize("signal", list(Signal))
def test_full_success_is_an_empty_response(signal: Signal) -> None:
    """Without rejections there is no partial success."""
    assert success(signal, Encoding.JSON).body == b"{}"
    assert success(signal, Encoding.PROTOBUF).body == b""
    assert success(signal, Encoding.PROTOBUF).headers["Content-Type"] == "application/x-protobuf"


@pytest.mark.parametrize(
    ("signal", "field", "json_field"),
    [
        (Signal.LOGS, "rejected_log_records", "rejectedLogRecords"),
        (Signal.METRICS, "rejected_data_points", "rejectedDataPoints"),
        (Signal.TRACES, "rejected_spans", "rejectedSpans"),
    ],
)
def test_partial_success_counts_and_says_why(signal: Signal, field: str, json_field: str) -> None:
    """The rejected count has its signal's name in both encodings."""
    as_json = json.loads(success(signal, Encoding.JSON, 5, "why").body)
    partial = RESPONSES[signal].FromString(success(signal, Encoding.PROTOBUF, 5, "why").body).partial_success

    assert as_json == {"partialSuccess": {json_field: 5, "errorMessage": "why"}}
    assert (getattr(partial, field), partial.error_message) == (5, "why")


def test_each_spelling_puts_the_code_elsewhere() -> None:
    """Header, JSON field, XML element, or nowhere at all."""
    answers = {spelling: Refused(403, "Nope", "no <way>", spelling=spelling).answer(Encoding.JSON) for spelling in Spelling}

    assert {answer.status for answer in answers.values()} == {403}
    assert [spelling for spelling, answer in answers.items() if answer.headers.get("x-amzn-ErrorType") == "Nope"] == ["status", "header"]
    assert json.loads(answers[Spelling.STATUS].body) == {"code": 7, "message": "no <way>"}
    assert json.loads(answers[Spelling.HEADER].body) == {"message": "no <way>"}
    assert json.loads(answers[Spelling.JSON].body) == {"__type": "Nope", "message": "no <way>"}
    assert ElementTree.fromstring(answers[Spelling.XML].body).findtext("Error/Message") == "no <way>"
    assert answers[Spelling.TEXT].body == b"no <way>"


def test_headers_are_added() -> None:
    """A refusal may carry Retry-After and whatever else."""
    answer = Refused(429, "", "slow", headers={"Retry-After": "3"}).answer(Encoding.PROTOBUF)

    assert answer.headers == {"Content-Type": "application/x-protobuf", "Retry-After": "3"}
    assert Status.FromString(answer.body).code == 8
