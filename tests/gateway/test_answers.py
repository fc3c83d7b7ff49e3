"""What the door's answers look like."""

from __future__ import annotations

import json

import pytest

from upwell import errors
from upwell.errors import MethodNotAllowed, Refusal, TooLarge, Unauthenticated, Unavailable
from upwell.gateway.answers import ACCEPTED, refused
from upwell.otlp import Encoding, Signal

REFUSALS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)), key=lambda kind: kind.code
)


def test_success_is_empty_in_both_encodings() -> None:
    """{} in JSON, nothing in protobuf, under the request's own content type."""
    for signal in Signal:
        assert (ACCEPTED[signal, Encoding.JSON].status, ACCEPTED[signal, Encoding.JSON].body) == (200, b"{}")
        assert ACCEPTED[signal, Encoding.PROTOBUF].body == b""
        assert (b"content-type", b"application/x-protobuf") in ACCEPTED[signal, Encoding.PROTOBUF].headers


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_a_status_body_with_its_next_step(kind: type[Refusal]) -> None:
    """Every refusal carries its HTTP status, its RPC code, its sentence and what to do; never 500."""
    answer = refused(kind("something is wrong"), Encoding.JSON)
    body = json.loads(answer.body)

    assert answer.status == kind.status != 500
    assert body == {"code": kind.rpc, "message": f"something is wrong. {kind.hint}"}
    assert dict(answer.headers)[b"content-length"] == str(len(answer.body)).encode()


@pytest.mark.parametrize(("asked", "given"), [(None, None), (-3, b"1"), (0, b"1"), (1, b"1"), (4, b"4"), (60, b"5")])
def test_retry_after_is_one_to_five_seconds(asked: int | None, given: bytes | None) -> None:
    """Whatever an error asks for, agents are told 1 to 5 s: at 60 they drop the batch."""
    assert dict(refused(Unavailable("full", retry_after=asked), Encoding.JSON).headers).get(b"retry-after") == given


def test_a_refusal_in_protobuf() -> None:
    """The Status message's two fields on the wire: code 1, message 2."""
    answer = refused(TooLarge("big", hint="Less."), Encoding.PROTOBUF)

    assert answer.body == b"\x08\x03\x12\x0abig. Less."
    assert dict(answer.headers)[b"content-type"] == b"application/x-protobuf"


def test_some_refusals_need_a_header() -> None:
    """401 names the scheme and 405 the method, as HTTP asks."""
    assert dict(refused(Unauthenticated("no"), Encoding.JSON).headers)[b"www-authenticate"].startswith(b"Bearer")
    assert dict(refused(MethodNotAllowed("no"), Encoding.JSON).headers)[b"allow"] == b"POST"
