"""What an OTLP server's answer means for the lane. The HTTP status decides, as the specification has it.

Two differences from the specification, which writes for clients that must drop what they cannot send: 500 is
tried again, and 401, 403 and 404 hold the lane. The data is safe in the journal, and both mend without losing it.
"""

from __future__ import annotations

import re

from upwell.otlp import Encoding, Signal, read_success
from upwell.sinks.base import Delivered, Hold, Outcome, Oversize, Refused, Retry
from upwell.sinks.replies import clean, problem, retry_after
from upwell.sinks.transport import Answer

_HINTS = {
    401: "Check the token in this sink's headers.",
    403: "Check that the token in this sink's headers may write {signal}.",
    404: "Check this sink's endpoint: it should be the base URL, to which /v1/{signal} is added.",
    405: "Check this sink's endpoint: something else than OTLP answers there.",
    407: "Check the proxy's user and password in HTTPS_PROXY.",
    501: "The server does not take {signal}: leave it out of this sink's signals.",
}
_MOVED = "The server says to look elsewhere; set this sink's endpoint to the address it means."
_LATER = frozenset({408, 425, 429})
_TOO_LARGE = re.compile(r"\b(request|body|message|payload|entity)\b.{0,60}\btoo (large|big)\b", re.IGNORECASE)
"""The Collector answers a body over its limit with 400 and Go's words, "http: request body too large"."""


def outcome(answer: Answer, signal: Signal, now_ns: int) -> Outcome:
    """What to do after an answer."""
    status = answer.status
    if 200 <= status < 300:
        return _delivered(answer, signal)
    found = problem(answer)
    code, message = found.code or f"http-{status}", found.message or f"HTTP status {status} without a message"
    if status in _HINTS or status < 400:
        return Hold(code, message, _HINTS.get(status, _MOVED).format(signal=signal.value))
    if status in _LATER or status >= 500:
        return Retry(code, message, retry_after(answer.headers, now_ns))
    return Oversize(code, message) if status == 413 or _TOO_LARGE.search(message) else Refused(code, message)


def _delivered(answer: Answer, signal: Signal) -> Delivered:
    media_type = Encoding.JSON.value if answer.body[:1] == b"{" else answer.headers.get("content-type")
    rejected, message = read_success(answer.body, media_type, signal)
    return Delivered(max(0, rejected), clean(message))
