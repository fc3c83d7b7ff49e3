"""What a request's head may be."""

from __future__ import annotations

import pytest

from upwell.errors import HeadersTooLarge, Malformed, MethodNotAllowed, Refusal
from upwell.gateway import heads


@pytest.mark.parametrize(
    ("version", "method", "lines", "refusal"),
    [
        ("2.0", b"POST", [], Malformed),
        ("0.9", b"GET", [], Malformed),
        ("1.1", b"CONNECT", [], MethodNotAllowed),
        ("1.0", b"POST", [(b"transfer-encoding", b"chunked")], Malformed),
        ("1.1", b"POST", [(b"a", b"b")] * 4, HeadersTooLarge),
    ],
)
def test_what_is_not_for_here_is_refused(version: str, method: bytes, lines: heads.Lines, refusal: type[Refusal]) -> None:
    """Other versions, proxying, chunks in HTTP/1.0 and too many lines."""
    with pytest.raises(refusal):
        heads.check(version, method, lines, 3)


def test_a_usual_head_passes() -> None:
    """HTTP/1.1 with chunks, HTTP/1.0 without, up to the most lines."""
    heads.check("1.1", b"POST", [(b"transfer-encoding", b"chunked")] * 3, 3)
    heads.check("1.0", b"POST", [(b"content-length", b"1")], 3)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/v1/logs", "/v1/logs"),
        (b"http://host:4318/v1/logs", "/v1/logs"),
        (b"https://host", "/"),
        (b"/v1%2Flogs", "/v1/logs"),
        (b"/%ff", "/\ufffd"),
        (b"*", "*"),
        (b"//host/v1/logs", "//host/v1/logs"),
        (b"/a://b/c", "/a://b/c"),
    ],
)
def test_the_path_of_a_target(target: bytes, path: str) -> None:
    """Origin form, absolute form and escapes."""
    assert heads.path(target) == path


def test_the_size_counts_colons_and_line_ends() -> None:
    """A target of 3 bytes and a line of 2 + 1 and its four signs."""
    assert heads.size(b"/ab", [(b"xy", b"z")]) == 3 + 2 + 1 + 4


def test_an_offer_to_upgrade_is_taken_out() -> None:
    """Everything else stays; a wish to close stays a wish to close."""
    lines = [(b"host", b"x"), (b"connection", b"Upgrade, HTTP2-Settings"), (b"upgrade", b"h2c")]

    assert (
        heads.without_upgrade(b"POST", b"/a", "1.1", lines)
        == b"POST /a HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\nx-declined: h2c\r\n\r\n"
    )
    assert b"connection: close\r\n" in heads.without_upgrade(b"POST", b"/a", "1.0", [(b"connection", b"close, upgrade")])
