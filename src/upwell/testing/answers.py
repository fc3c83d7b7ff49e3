"""How the fakes say no, and yes: the bodies of answers, in the encoding asked for.

OTLP asks for a google.rpc.Status as the body of every error; AWS's front door, which knows nothing of
OTLP, has spellings of its own. `Spelling` names the ones a client must be able to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from xml.sax.saxutils import escape

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from upwell.otlp.model import Encoding, Signal
from upwell.testing.listener import Answer

REJECTED_FIELD = {Signal.METRICS: "rejectedDataPoints", Signal.TRACES: "rejectedSpans", Signal.LOGS: "rejectedLogRecords"}
_RPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 409: 6, 413: 3, 415: 3, 429: 8, 500: 13, 501: 12, 502: 14, 503: 14, 504: 4}
_UNKNOWN = 2


class Spelling(StrEnum):
    """Where an error's code stands, and what its body is."""

    STATUS = "status"
    """A google.rpc.Status in the request's own encoding; the code in the header `x-amzn-ErrorType`."""
    HEADER = "header"
    """`{"message": ...}`; the code in the header `x-amzn-ErrorType` alone (AWS's REST services)."""
    JSON = "json"
    """`{"__type": code, "message": ...}` and no header (AWS's JSON 1.0 and 1.1 services)."""
    XML = "xml"
    """`<ErrorResponse><Error><Code>...` (AWS's Query services)."""
    TEXT = "text"
    """The bare message as text/plain, as a load balancer would send it; the code nowhere."""


class Refused(Exception):
    """A request that a fake does not take: its HTTP status, the error's code, a sentence, and how to spell them."""

    def __init__(
        self, status: int, code: str, message: str, *, spelling: Spelling = Spelling.STATUS, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.spelling = spelling
        self.headers = dict(headers or {})

    def answer(self, encoding: Encoding) -> Answer:
        body, media_type = _BODIES[self.spelling](self, encoding)
        headers = {"Content-Type": media_type, **self.headers}
        if self.spelling in (Spelling.STATUS, Spelling.HEADER) and self.code:
            headers["x-amzn-ErrorType"] = self.code
        return Answer(self.status, body, headers)


def success(signal: Signal, encoding: Encoding, rejected: int = 0, message: str = "") -> Answer:
    """200 with an ExportXServiceResponse; with its partial success where items were rejected."""
    body = _success_json(signal, rejected, message) if encoding is Encoding.JSON else _success_protobuf(signal, rejected, message)
    return Answer(200, body, {"Content-Type": encoding.value})


def rpc_status(encoding: Encoding, code: int, message: str) -> bytes:
    """A google.rpc.Status: `code` is field 1, `message` field 2."""
    if encoding is Encoding.JSON:
        return orjson.dumps({"code": code, "message": message})
    text = message.encode()
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text


def error_xml(code: str, message: str) -> bytes:
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
    ).encode()


def _success_json(signal: Signal, rejected: int, message: str) -> bytes:
    if not rejected and not message:
        return b"{}"
    return orjson.dumps({"partialSuccess": {REJECTED_FIELD[signal]: rejected, "errorMessage": message}})


def _success_protobuf(signal: Signal, rejected: int, message: str) -> bytes:
    answer: ExportLogsServiceResponse | ExportMetricsServiceResponse | ExportTraceServiceResponse
    if signal is Signal.LOGS:
        answer = ExportLogsServiceResponse()
        answer.partial_success.rejected_log_records = rejected
    elif signal is Signal.METRICS:
        answer = ExportMetricsServiceResponse()
        answer.partial_success.rejected_data_points = rejected
    else:
        answer = ExportTraceServiceResponse()
        answer.partial_success.rejected_spans = rejected
    answer.partial_success.error_message = message
    if not rejected and not message:
        answer.ClearField("partial_success")
    return answer.SerializeToString()


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _as_status(refused: Refused, encoding: Encoding) -> tuple[bytes, str]:
    return rpc_status(encoding, _RPC_CODES.get(refused.status, _UNKNOWN), refused.message), encoding.value


def _as_header(refused: Refused, _: Encoding) -> tuple[bytes, str]:
    return orjson.dumps({"message": refused.message}), "application/json"


def _as_json(refused: Refused, _: Encoding) -> tuple[bytes, str]:
    return orjson.dumps({"__type": refused.code, "message": refused.message}), "application/x-amz-json-1.1"


def _as_xml(refused: Refused, _: Encoding) -> tuple[bytes, str]:
    return error_xml(refused.code, refused.message), "text/xml"


def _as_text(refused: Refused, _: Encoding) -> tuple[bytes, str]:
    return refused.message.encode(), "text/plain"


_BODIES = {
    Spelling.STATUS: _as_status,
    Spelling.HEADER: _as_header,
    Spelling.JSON: _as_json,
    Spelling.XML: _as_xml,
    Spelling.TEXT: _as_text,
}
