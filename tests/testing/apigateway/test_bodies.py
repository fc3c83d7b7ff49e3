"""What becomes of bodies: every row of AWS's tables."""

from __future__ import annotations

import base64
import gzip
import zlib

import pytest

from upwell.testing.apigateway.bodies import (
    MAX_BODY,
    NotConvertible,
    NotInflatable,
    TooLong,
    inflated,
    is_binary,
    request_body,
    response_body,
)

BINARY = gzip.compress(b"some bytes that are no text", mtime=0)
MANGLED = BINARY.decode("utf-8", "replace").encode()
BASE64 = base64.b64encode(BINARY)


@pytest.mark.parametrize(
    ("binary", "handling", "expected"),
    [
        (False, None, MANGLED),
        (False, "CONVERT_TO_TEXT", MANGLED),
        (False, "CONVERT_TO_BINARY", None),
        (True, None, BINARY),
        (True, "CONVERT_TO_BINARY", BINARY),
        (True, "CONVERT_TO_TEXT", BASE64),
    ],
)
def test_a_binary_request(binary: bool, handling: str | None, expected: bytes | None) -> None:
    """It survives only as a binary media type and without conversion to text."""
    if expected is None:
        with pytest.raises(NotConvertible):
            request_body(BINARY, binary=binary, handling=handling)
    else:
        assert request_body(BINARY, binary=binary, handling=handling) == expected


def test_mangling_makes_it_longer() -> None:
    """Each byte that is no UTF-8 becomes three."""
    assert len(MANGLED) > len(BINARY)
    assert b"\xef\xbf\xbd" in MANGLED


def test_text_is_unpacked_where_binary_is_asked_for() -> None:
    """CONVERT_TO_BINARY takes a text for base64."""
    assert request_body(BASE64, binary=False, handling="CONVERT_TO_BINARY") == BINARY


@pytest.mark.parametrize(
    ("binary", "wanted", "expected"),
    [(True, True, BINARY), (True, False, BASE64), (False, True, None), (False, False, MANGLED)],
)
def test_an_answer_without_content_handling(binary: bool, wanted: bool, expected: bytes | None) -> None:
    """It depends on both the answer's type and what the client accepts: only both together leave it alone."""
    if expected is None:
        with pytest.raises(NotConvertible):
            response_body(BINARY, binary=binary, wanted=wanted, handling=None)
    else:
        assert response_body(BINARY, binary=binary, wanted=wanted, handling=None) == expected


def test_an_answer_with_content_handling() -> None:
    """What is asked for outweighs what the client accepts."""
    assert response_body(BINARY, binary=True, wanted=False, handling="CONVERT_TO_BINARY") == BINARY
    assert response_body(BINARY, binary=True, wanted=True, handling="CONVERT_TO_TEXT") == BASE64


@pytest.mark.parametrize(
    ("media_type", "kinds", "expected"),
    [
        ("application/x-protobuf", ["*/*"], True),
        ("", ["*/*"], True),
        ("application/x-protobuf; v=1", ["application/x-protobuf"], True),
        ("APPLICATION/X-PROTOBUF", ["application/*"], True),
        ("application/x-protobuf", ["application~1x-protobuf"], True),
        ("application/json, application/x-protobuf", ["application/x-protobuf"], False),
        ("*/*", ["application/x-protobuf"], False),
        ("", ["application/x-protobuf"], False),
        ("application/json", [], False),
    ],
)
def test_which_media_types_are_binary(media_type: str, kinds: list[str], expected: bool) -> None:
    """Of an Accept only the first type counts, and a client's wildcard matches nothing but ours."""
    assert is_binary(media_type, kinds) is expected


def test_gzip_and_deflate_are_inflated() -> None:
    """API Gateway does that by itself; other codings and broken bodies it refuses."""
    assert inflated(b"plain", "") == b"plain"
    assert inflated(b"plain", "identity") == b"plain"
    assert inflated(gzip.compress(b"packed"), "GZIP") == b"packed"
    assert inflated(zlib.compress(b"packed"), "deflate") == b"packed"
    for body, coding in [(b"plain", "gzip"), (gzip.compress(b"cut short")[:-4], "gzip"), (b"x", "br")]:
        with pytest.raises(NotInflatable):
            inflated(body, coding)


def test_the_quota_counts_before_and_after() -> None:
    """10 MB fit, one byte more does not, packed or not."""
    full = bytes(MAX_BODY)

    assert inflated(full, "") == inflated(gzip.compress(full), "gzip") == full
    for body, coding in [(full + b"x", ""), (gzip.compress(full + b"x"), "gzip")]:
        with pytest.raises(TooLong):
            inflated(body, coding)
