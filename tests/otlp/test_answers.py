"""Answers: written as OTLP's own clients read them, read as sloppy servers write them."""

from __future__ import annotations

import json

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from upwell.otlp import Encoding, Signal, read_success, status, success
from upwell.otlp.messages import RESPONSES

FIELDS = {Signal.METRICS: "rejectedDataPoints", Signal.TRACES: "rejectedSpans", Signal.LOGS: "rejectedLogRecords"}


@pytest.mark.parametrize("signal", list(Signal))
def test_full_success_says_nothing(signal: Signal) -> None:
    """The body of full success is the empty response."""
    assert success(Encoding.JSON, signal) == b"{}"
    assert success(Encoding.PROTOBUF, signal) == b""


@pytest.mark.parametrize("signal", list(Signal))
def test_partial_success_in_json(signal: Signal) -> None:
    """proto3 JSON: the signal's own field, the number as a text."""
    body = json.loads(success(Encoding.JSON, signal, 3, "too old"))
    assert body == {"partialSuccess": {FIELDS[signal]: "3", "errorMessage": "too old"}}


@pytest.mark.parametrize("signal", list(Signal))
def test_a_warning_rejects_nothing(signal: Signal) -> None:
    """OTLP's warning is a message with no items rejected."""
    assert json.loads(success(Encoding.JSON, signal, message="soon full")) == {"partialSuccess": {"errorMessage": "soon full"}}
    assert read_success(success(Encoding.PROTOBUF, signal, message="soon full"), "application/x-protobuf", signal) == (0, "soon full")


@pytest.mark.parametrize("signal", list(Signal))
@pytest.mark.parametrize("encoding", list(Encoding))
def test_what_success_writes_read_success_reads(signal: Signal, encoding: Encoding) -> None:
    """Both ends of one answer agree, in both encodings."""
    assert read_success(success(encoding, signal, 7, "sieben – 7"), encoding, signal) == (7, "sieben – 7")


@pytest.mark.parametrize("signal", list(Signal))
def test_the_response_message_is_the_signals_own(signal: Signal) -> None:
    """A client parses its own signal's response out of the body."""
    response = RESPONSES[signal].FromString(success(Encoding.PROTOBUF, signal, 2, "no"))
    assert str(response.partial_success).split(":")[0].startswith("rejected_")
    assert response.partial_success.error_message == "no"


@given(st.integers(0, 16), st.text(st.characters(codec="utf-8"), max_size=200))
def test_status_bodies(code: int, message: str) -> None:
    """google.rpc.Status as Google's own class reads it, and as JSON."""
    read = Status.FromString(status(Encoding.PROTOBUF, code, message))
    assert (read.code, read.message) == (code, message)
    assert json.loads(status(Encoding.JSON, code, message)) == {"code": code, "message": message}


@pytest.mark.parametrize(
    ("body", "content_type", "found"),
    [
        (b"", "application/json", (0, "")),
        (b"{}", "application/json; charset=utf-8", (0, "")),
        (b'{"partialSuccess":null}', "application/json", (0, "")),
        (b'{"partialSuccess":{}}', "application/json", (0, "")),
        (b'{"partialSuccess":{"rejectedLogRecords":4}}', "application/json", (4, "")),
        (b'{"partialSuccess":{"rejectedLogRecords":"4","errorMessage":null}}', "application/json", (4, "")),
        (b'{"partialSuccess":{"rejectedLogRecords":"four"}}', "application/json", (0, "")),
        (b'{"partialSuccess":{"rejectedLogRecords":[]}}', "application/json", (0, "")),
        (b'{"partialSuccess":{"rejectedLogRecords":[4]}}', "application/json", (0, "")),
        (b'{"partialSuccess":[]}', "application/json", (0, "")),
        (b'{"partialSuccess":"no"}', "application/json", (0, "")),
        (b"[]", "application/json", (0, "")),
        (b"<html>", "application/json", (0, "")),
        (b"<html>", "text/html", (0, "")),
        (b"\xff\xff", "application/x-protobuf", (0, "")),
        (b"\xff\xff", None, (0, "")),
        (b'{"partialSuccess":{"rejectedLogRecords":"4"}}', None, (4, "")),
        (b'{"partialSuccess":{"rejectedLogRecords":-4}}', "application/json", (0, "")),
    ],
)
def test_unreadable_success_is_success(body: bytes, content_type: str | None, found: tuple[int, str]) -> None:
    """The server said 2xx; a body that cannot be read does not change that."""
    assert read_success(body, content_type, Signal.LOGS) == found
