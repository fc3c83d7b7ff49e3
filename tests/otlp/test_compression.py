"""What inflating promises."""

from __future__ import annotations

import gzip

import pytest

from upwell.errors import Malformed, TooLarge
from upwell.otlp import inflate


def test_members_are_joined() -> None:
    """A body of several gzip members is their contents, one after the other."""
    assert inflate(gzip.compress(b"ab") + gzip.compress(b"") + gzip.compress(b"c"), 3) == b"abc"


def test_the_limit_is_over_all_members() -> None:
    """It is the sum that counts."""
    with pytest.raises(TooLarge):
        inflate(gzip.compress(b"ab") + gzip.compress(b"cd"), 3)


def test_a_crowd_of_members_is_refused() -> None:
    """A hundred pass; more are nothing an exporter sends, and each would cost a copy of the rest."""
    assert inflate(gzip.compress(b"a") * 100, 1000) == b"a" * 100
    with pytest.raises(Malformed, match="more than 100 members"):
        inflate(gzip.compress(b"") * 101, 1000)


@pytest.mark.parametrize("body", [b"", b"abc", gzip.compress(b"abc")[:-1], gzip.compress(b"abc") + b"x", b"\x1f\x8b" + bytes(20)])
def test_what_is_not_gzip_is_malformed(body: bytes) -> None:
    """Nothing, plain text, a cut or damaged body, and rubbish behind it."""
    with pytest.raises(Malformed):
        inflate(body, 1000)
