"""What the stack's answers mean to whoever sends: how long to try again, and what is wrong where that does not help.

The template passes upstream answers on by meaning: 403 is the key or the address, 500 is the stack itself.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from upwell.aws.probe import Verdict
from upwell.otlp import read_success
from upwell.otlp.model import Encoding, Signal
from upwell.sinks.base import Retry
from upwell.sinks.transport import Answer

KEY_SECONDS = 300.0
"""A new key works some minutes after it joins its plan (API Gateway, usage plans)."""

_ROLE_SECONDS = 120.0  # a new role is not known everywhere at once
_LATER_SECONDS = 180.0
_SEARCH_SECONDS = 660.0
"""Transaction Search may take ten minutes from being switched on to taking spans (Enable-TransactionSearch)."""

_NOT_ON_YET = "trace segment destination"  # X-Ray's words for it, which come as AccessDenied or as a bad request

_TAKEN = Verdict(None)


def judge(answer: Answer | Retry, signal: Signal) -> Verdict:
    """What to do after an answer of the stack."""
    if isinstance(answer, Retry):
        return Verdict(_LATER_SECONDS, answer.message, "Check this machine's network and proxy; nothing was wrong with the stack.")
    if answer.status == HTTPStatus.OK:
        return _taken(answer, signal)
    words = _words(answer)
    if signal is Signal.TRACES and (_NOT_ON_YET in words.lower() or answer.status == HTTPStatus.INTERNAL_SERVER_ERROR):
        problem = f"X-Ray does not take spans yet ({answer.status}): {words}"
        return Verdict(_SEARCH_SECONDS, problem, "Run `aws xray get-trace-segment-destination`: it must say CloudWatchLogs and ACTIVE.")
    if answer.status == HTTPStatus.FORBIDDEN:
        return _forbidden(words)
    if answer.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        problem = f"the stack itself is refused by CloudWatch (500): {words}"
        return Verdict(_ROLE_SECONDS, problem, "Run `upwell status`: role, log group or stream may have been changed by hand.")
    if answer.status in (429, 502, 503, 504):
        return Verdict(_LATER_SECONDS, f"answered {answer.status}: {words}", "Try again later; `upwell doctor --send` does.")
    return Verdict(0, f"answered {answer.status}: {words}", "This is not the stack that `upwell deploy` makes; deploy again.")


def _taken(answer: Answer, signal: Signal) -> Verdict:
    rejected, message = read_success(answer.body, answer.headers.get("content-type") or Encoding.JSON.value, signal)
    if rejected:
        return Verdict(0, f"CloudWatch rejected the event: {message or 'without a word'}", "Check this machine's clock.")
    return _TAKEN


def _forbidden(words: str) -> Verdict:
    if "explicit deny" in words or "not authorized to perform" in words:
        return Verdict(
            0, "this machine's address is not let in (403)", "Add it to serverless.allow_cidrs, or run this from where agents are."
        )
    return Verdict(KEY_SECONDS, "the key is not active yet (403)", "Run `upwell status`: the key must be enabled and in the usage plan.")


def _words(answer: Answer) -> str:
    try:
        found = json.loads(answer.body)
        words = found.get("message") or found.get("Message") if isinstance(found, dict) else None
    except ValueError:
        words = None
    return " ".join(str(words or answer.body[:200].decode("utf-8", "replace")).split()) or "without a word"
