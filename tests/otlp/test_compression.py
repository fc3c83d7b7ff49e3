"""Inflating: what gzip allows, and never past the limit."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from upwell.errors import Malformed, TooLarge
from upwell.otlp import inflate

BODY = b'{"resourceLogs":[]}' * 50


def test_a_gzip_body_is_inflated() -> None:
    """What was compressed comes back."""
    assert inflate(gzip.compress(BODY), 1_000_000) == BODY


def test_members_follow_each_other() -> None:
    """A gzip body may be of several members, some of them empty."""
    assert inflate(gzip.compress(BODY) + gzip.compress(b"") + gzip.compress(BODY), 1_000_000) == BODY + BODY


def test_the_limit_is_of_the_content() -> None:
    """A body as large as the limit passes; one byte more does not, over all members together."""
    packed = gzip.compress(BODY)
    assert inflate(packed, len(BODY)) == BODY
    assert inflate(packed + packed, 2 * len(BODY)) == BODY + BODY
    for body, limit in ((packed, len(BODY) - 1), (packed + packed, 2 * len(BODY) - 1), (packed, 0)):
        with pytest.raises(TooLarge, match="once inflated"):
            inflate(body, limit)


def test_a_bomb_is_inflated_no_further_than_the_limit() -> None:
    """A hundred MB in a hundred kB are refused at the limit's cost."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            inflate(bomb, 1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_a_crowd_of_members_is_refused() -> None:
    """A hundred pass; more are nothing an exporter sends, and each would cost a copy of the rest."""
    assert inflate(gzip.compress(b"a") * 100, 1000) == b"a" * 100
    with pytest.raises(Malformed, match="more than 100 members"):
        inflate(gzip.compress(b"") * 101, 1000)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1f",
        b"plain text",
        gzip.compress(BODY)[:-1],
        gzip.compress(BODY)[:20],
        gzip.compress(BODY)[:-8] + b"\x00" * 8,
        gzip.compress(BODY) + b"rest",
        zlib.compress(BODY),
    ],
    ids=["empty", "one byte", "plain", "cut at the end", "cut", "wrong checksum", "something behind it", "zlib"],
)
def test_what_is_not_whole_gzip_is_refused(body: bytes) -> None:
    """Anything but whole gzip members with right checksums is refused."""
    with pytest.raises(Malformed, match="not a gzip body"):
        inflate(body, 1_000_000)
