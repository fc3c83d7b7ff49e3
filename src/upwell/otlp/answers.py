"""The bodies of answers: OTLP's export responses and google.rpc.Status, in the encoding asked for."""

from __future__ import annotations

import orjson
from google.protobuf.message import DecodeError

from upwell.otlp.codec import media_type
from upwell.otlp.messages import RESPONSES
from upwell.otlp.model import Encoding, Signal
from upwell.otlp.scalars import from_integer
from upwell.otlp.wire import varint

_REJECTED = {Signal.METRICS: "rejected_data_points", Signal.TRACES: "rejected_spans", Signal.LOGS: "rejected_log_records"}
_REJECTED_JSON = {Signal.METRICS: "rejectedDataPoints", Signal.TRACES: "rejectedSpans", Signal.LOGS: "rejectedLogRecords"}


def success(encoding: Encoding, signal: Signal, rejected: int = 0, message: str = "") -> bytes:
    """An ExportXServiceResponse: empty for full success, with `partialSuccess` where there is something to say."""
    if encoding is Encoding.JSON:
        return orjson.dumps(_success_json(signal, rejected, message))
    response = RESPONSES[signal]()
    if rejected or message:
        setattr(response.partial_success, _REJECTED[signal], rejected)
        response.partial_success.error_message = message
    body: bytes = response.SerializeToString()
    return body


def _success_json(signal: Signal, rejected: int, message: str) -> dict[str, dict[str, str]]:
    partial = {}
    if rejected:
        partial[_REJECTED_JSON[signal]] = str(rejected)
    if message:
        partial["errorMessage"] = message
    return {"partialSuccess": partial} if partial else {}


def status(encoding: Encoding, code: int, message: str) -> bytes:
    """A google.rpc.Status; `code` is a google.rpc.Code.

    Its two fields are written by hand: the package that has the message would be a dependency for this line alone.
    """
    if encoding is Encoding.JSON:
        return orjson.dumps({"code": code, "message": message})
    text = message.encode()
    return b"\x08" + varint(code) + b"\x12" + varint(len(text)) + text


def read_success(body: bytes, content_type: str | None, signal: Signal) -> tuple[int, str]:
    """How many items a 2xx answer says were rejected, and its message; (0, "") for a body that cannot be read.

    Without a Content-Type that OTLP knows, a body that starts as a JSON object is taken for one.
    """
    encoding = media_type(content_type or "") or (Encoding.JSON if body.lstrip().startswith(b"{") else Encoding.PROTOBUF)
    try:
        if encoding is Encoding.JSON:
            partial = orjson.loads(body).get("partialSuccess") or {}
            rejected, message = from_integer(partial.get(_REJECTED_JSON[signal]) or 0), partial.get("errorMessage")
        else:
            found = RESPONSES[signal].FromString(body).partial_success
            rejected, message = getattr(found, _REJECTED[signal]), found.error_message
    except (ValueError, ArithmeticError, AttributeError, TypeError, DecodeError):
        return 0, ""
    return max(rejected, 0), str(message or "")
