"""What an HTTP error says of itself: code, message, the wish to be asked again later.

Reads every spelling that AWS and OTLP servers use. What it means is for each sink's
`answers`. Messages are kept short and free of credentials and of values quoted from the data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from upwell.otlp.wire import read_varint
from upwell.sinks.transport import Answer

MAX_MESSAGE = 500
"""Characters of a server's message that are kept."""

MAX_RETRY_AFTER = 300.0
"""Seconds; a server that asks for more is asked again all the same."""

_ERROR_TYPE = "x-amzn-errortype"
_XML_CODE = re.compile(rb"<Code>\s*([^<]{1,200}?)\s*</Code>", re.IGNORECASE)
_XML_MESSAGE = re.compile(rb"<Message>\s*([^<]{1,4000}?)\s*</Message>", re.IGNORECASE)
_CANONICAL = re.compile(r"\s*(?:The )?(?:Canonical String|String[- ]to[- ]Sign)\b.*", re.IGNORECASE | re.DOTALL)
_QUOTED_VALUE = re.compile(r"\b(value[s]?:?\s+)('[^']*'|\"[^\"]*\"|\[[^\]]*\])", re.IGNORECASE)
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}\b")
_TOKEN = re.compile(r"\b(?:uw_|ACWL|Bearer\s+)[A-Za-z0-9._~+/=-]{8,}")
_TAG = re.compile(r"<[^>]*>")
_CODE_TAG, _MESSAGE_TAG, _DETAILS_TAG = 0x08, 0x12, 0x1A
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ufffd]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer, read. `rpc` is a google.rpc.Code, 0 where none was given; `code` the server's word for it, or ''."""

    status: int
    code: str
    message: str
    rpc: int = 0


def problem(answer: Answer) -> Problem:
    """Read an answer that is not a success."""
    fields = _json(answer.body)
    if fields is None:
        rpc, code, message = _xml(answer.body) or _status(answer.body) or (0, "", _text(answer.body))
    else:
        rpc, code, message = _of_json(fields)
    code = _bare(answer.headers.get(_ERROR_TYPE, "")) or _bare(code)
    return Problem(answer.status, code, clean(message), rpc)


def retry_after(headers: Mapping[str, str], now_ns: int) -> float | None:
    """The seconds of Retry-After, which may be a date; None where it is missing or unreadable."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        seconds = float(text)
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now_ns / 1e9
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def clean(message: str) -> str:
    """A server's message as it may be stored: one line, bounded, no signature material, keys or quoted values."""
    text = _CANONICAL.sub("", message[: 10 * MAX_MESSAGE])
    text = _QUOTED_VALUE.sub(r"\1'...'", text)
    text = _TOKEN.sub("***", _ACCESS_KEY.sub("***", text))
    text = _UNPRINTABLE.sub(" ", text).strip()
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 3] + "..."


def _bare(code: str) -> str:
    """`com.amazon#ThrottlingException:http://...` → `ThrottlingException`."""
    return code.rpartition("#")[2].partition(":")[0].strip()[:100]


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return fields if isinstance(fields, dict) else None


def _of_json(fields: dict[str, Any]) -> tuple[int, str, str]:
    for name in ("error", "Error"):
        if isinstance(fields.get(name), dict):
            fields = fields[name]
    code = next((fields[name] for name in ("__type", "code", "Code", "type") if fields.get(name)), "")
    message = next((fields[name] for name in ("message", "Message", "errorMessage", "msg") if fields.get(name)), "")
    rpc = code if isinstance(code, int) and not isinstance(code, bool) else 0
    return rpc, code if isinstance(code, str) else "", str(message)


def _xml(body: bytes) -> tuple[int, str, str] | None:
    code, message = _XML_CODE.search(body), _XML_MESSAGE.search(body)
    if code is None:
        return None
    return 0, code[1].decode("utf-8", "replace"), message[1].decode("utf-8", "replace") if message else ""


def _status(body: bytes) -> tuple[int, str, str] | None:
    """A protobuf google.rpc.Status: 1 is the code, 2 the message, 3 details. None for anything else."""
    code, text, place = 0, b"", 0
    try:
        while place < len(body):
            tag, place = read_varint(body, place)
            value, place = read_varint(body, place)
            if tag == _CODE_TAG:
                code = value
            elif tag in (_MESSAGE_TAG, _DETAILS_TAG):
                text = body[place : place + value] if tag == _MESSAGE_TAG else text
                place += value
            else:
                return None
        return (code, "", text.decode()) if body and place == len(body) else None
    except (IndexError, ValueError):  # cut short, or no text
        return None


def _text(body: bytes) -> str:
    """What a load balancer or proxy wrote, as text or as a page."""
    return _TAG.sub(" ", body.decode("utf-8", "replace")).strip()
