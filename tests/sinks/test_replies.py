"""Error answers in every spelling, and what is kept of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.otlp import Encoding, status
from upwell.sinks.replies import MAX_MESSAGE, MAX_RETRY_AFTER, clean, problem, retry_after
from upwell.sinks.transport import Answer

XML = b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amzn-errortype": "Throttling"}, b'{"message":"Rate exceeded"}'),
        ({"x-amzn-errortype": "Throttling:http://internal.amazon.com/coral/"}, b'{"Message":"Rate exceeded"}'),
        ({"x-amzn-errortype": "Throttling"}, status(Encoding.PROTOBUF, 8, "Rate exceeded")),
        ({"x-amzn-errortype": "Throttling"}, status(Encoding.JSON, 8, "Rate exceeded")),
        ({}, b'{"__type":"com.amazon.coral.availability#Throttling","message":"Rate exceeded"}'),
        ({}, b'{"__type":"Throttling:","message":"Rate exceeded"}'),
        ({}, b'{"code":"Throttling","message":"Rate exceeded"}'),
        ({}, b'{"Error":{"Code":"Throttling","Message":"Rate exceeded"}}'),
        ({}, b'{"error":{"code":"Throttling","message":"Rate exceeded"}}'),
        ({}, XML),
        ({}, b"<?xml version='1.0'?>\n" + XML.replace(b"<Code>", b"<Code>\n  ")),
    ],
)
def test_code_and_message_are_found_in_every_spelling(headers: dict[str, str], body: bytes) -> None:
    """Header, `__type` with name space, JSON with or without a wrapper, XML, google.rpc.Status."""
    found = problem(Answer(400, headers, body))

    assert (found.status, found.code, found.message) == (400, "Throttling", "Rate exceeded")


@pytest.mark.parametrize("encoding", Encoding)
def test_status_bodies_give_their_rpc_code(encoding: Encoding) -> None:
    """google.rpc.Status in JSON and in protobuf."""
    found = problem(Answer(400, {}, status(encoding, 16, "who are you?")))

    assert (found.rpc, found.code, found.message) == (16, "", "who are you?")


def test_status_details_are_passed_over() -> None:
    """A protobuf Status may carry details; only its message is kept."""
    body = status(Encoding.PROTOBUF, 3, "bad") + b"\x1a\x04what"

    assert problem(Answer(400, {}, body)).message == "bad"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", ""),
        (b"Bad Gateway", "Bad Gateway"),
        (b"<html><head><title>502</title></head><body>Bad\nGateway</body></html>", "502   Bad Gateway"),
        (b"[]", "[]"),
        (b"\xff\xfe\x00", ""),
        (b'{"message":null}', ""),
        (b'{"message":{"a":1}}', "{'a': 1}"),
    ],
)
def test_other_bodies_are_text(body: bytes, message: str) -> None:
    """What a proxy or load balancer wrote is kept as a line of text."""
    found = problem(Answer(502, {}, body))

    assert (found.code, found.message) == ("", message)


@given(st.binary(max_size=200), st.text(max_size=30))
def test_any_answer_can_be_read(body: bytes, header: str) -> None:
    """Nothing that a server sends raises."""
    found = problem(Answer(400, {"x-amzn-errortype": header}, body))

    assert len(found.message) <= MAX_MESSAGE
    assert len(found.code) <= 100


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("86400", MAX_RETRY_AFTER),
        ("Sat, 21 Nov 2026 10:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0.0),
        ("Sat, 28 Nov 2026 10:00:00 GMT", MAX_RETRY_AFTER),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    """Both are honoured up to five minutes; a past date is now; anything else is no wish."""
    now_ns = 1_795_255_200 * 10**9  # 21 Nov 2026, 10:00:00 UTC

    assert retry_after({"retry-after": text}, now_ns) == seconds


def test_no_retry_after_is_no_wish() -> None:
    """Most answers have none."""
    assert retry_after({}, 0) is None


def test_messages_are_bounded() -> None:
    """A page of HTML does not fill the ledger."""
    assert clean("x" * 10_000) == "x" * 497 + "..."


def test_messages_are_one_line() -> None:
    """Nothing in them can write to a terminal."""
    assert clean("a\r\nb\x1b[31mc\x00") == "a b [31mc"


def test_messages_keep_no_signature_material() -> None:
    """AWS repeats the canonical request, session token and all, when a signature does not match."""
    message = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key.\n\n"
        "The Canonical String for this request should have been\n'POST\n/v1/logs\n\nx-amz-security-token:IQoJb3JpZ2luX2VjEXAMPLE\n'"
    )

    assert clean(message).endswith("Check your AWS Secret Access Key.")
    assert "IQoJ" not in clean(message)


@pytest.mark.parametrize("secret", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "uw_ab12_0123456789abcdef", "Bearer abc.def-012345"])
def test_messages_keep_no_keys(secret: str) -> None:
    """Access keys, ingest keys and bearer tokens are masked."""
    assert secret not in clean(f"The key {secret} is not known")


@pytest.mark.parametrize("quoted", ["'my prompt'", '"my prompt"', "[my prompt, and more]"])
def test_messages_keep_no_quoted_values(quoted: str) -> None:
    """AWS's validation quotes the value that failed; it may be content."""
    found = clean(f"1 validation error detected: Value {quoted} at 'spans.1.name' failed to satisfy constraint")

    assert found == "1 validation error detected: Value '...' at 'spans.1.name' failed to satisfy constraint"
