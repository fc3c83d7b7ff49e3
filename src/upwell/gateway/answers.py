"""What the door says: OTLP answers and refusals, in the encoding of the request.

Only here are statuses and headers put together. A refusal says its sentence and its next
step; nothing of the request is quoted but what the sentence itself names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from upwell import otlp
from upwell.errors import MethodNotAllowed, Refusal, Unauthenticated
from upwell.otlp import Encoding, Signal

RETRY_AFTER_MOST: Final = 5
"""Seconds. Agents wait up to 5 and drop the batch at 60 (measured with six agents, against every answer)."""

_EXTRA: Final[dict[type[Refusal], tuple[bytes, bytes]]] = {
    Unauthenticated: (b"www-authenticate", b'Bearer realm="upwell"'),
    MethodNotAllowed: (b"allow", b"POST"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response: its headers as ASGI wants them, and status line and headers as they go over the wire."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    head: bytes


def _answer(status: int, media_type: str, body: bytes, *extra: tuple[bytes, bytes]) -> Answer:
    headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body)), *extra]
    return Answer(status, headers, body, STATUS_LINE[status] + b"".join(b"%b: %b\r\n" % header for header in headers))


ACCEPTED: Final = {
    (signal, encoding): _answer(200, encoding.value, otlp.success(encoding, signal)) for signal in Signal for encoding in Encoding
}
"""Full success, per signal and encoding."""


def refused(refusal: Refusal, encoding: Encoding) -> Answer:
    """A google.rpc.Status under the refusal's HTTP status, with Retry-After where waiting helps (1 to 5 s)."""
    extra = [_EXTRA[type(refusal)]] if type(refusal) in _EXTRA else []
    if refusal.retry_after is not None:
        extra.append((b"retry-after", b"%d" % min(max(refusal.retry_after, 1), RETRY_AFTER_MOST)))
    sentence = refusal.message if refusal.message.endswith(".") else refusal.message + "."
    return _answer(refusal.status, encoding.value, otlp.status(encoding, refusal.rpc, f"{sentence} {refusal.hint}"), *extra)


def text(status: int, body: str, media_type: str = "text/plain; charset=utf-8", *extra: tuple[bytes, bytes]) -> Answer:
    """A page for operators and probes."""
    return _answer(status, media_type, body.encode(), (b"cache-control", b"no-store"), *extra)


def only_read() -> Answer:
    """For whoever tries to change a page."""
    return text(405, "only GET and HEAD are answered here\n", "text/plain", (b"allow", b"GET, HEAD"))


def page(value: object) -> Answer:
    """A JSON page for operators."""
    return _answer(200, "application/json", orjson.dumps(value), (b"cache-control", b"no-store"))
