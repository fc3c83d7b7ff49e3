"""Patterns: Java's meaning, the default, and what is open."""

from __future__ import annotations

import pytest

from upwell.testing.apigateway.selection import compiled, doubts, select


def test_the_first_that_matches_whole_else_the_default() -> None:
    """An empty pattern takes what is left over; without one, nothing does."""
    patterns = {200: r"2\d{2}", 503: "500|503", 502: ""}

    assert [select(patterns, status) for status in (200, 299, 500, 503, 404)] == [200, 200, 503, 503, 502]
    assert select({200: "200"}, 404) is None


def test_a_pattern_is_matched_whole() -> None:
    """Java's matches() does not search."""
    assert select({400: "4"}, 400) is None


@pytest.mark.parametrize("pattern", [r"\p{Digit}+", "[0-9&&[^5]]{3}", r"\Q200\E", "(?<status>200)", r"\h", "(?x)2 00", "(?P<a>2)00"])
def test_what_java_reads_differently_is_refused(pattern: str) -> None:
    """Better no answer than a wrong one."""
    with pytest.raises(ValueError, match="not the same in Java"):
        compiled(pattern)


def test_what_is_no_pattern_is_refused() -> None:
    """As the console would."""
    with pytest.raises(ValueError, match="no regular expression"):
        compiled("4(")


def test_digits_are_the_ten_of_ascii() -> None:
    """As in Java, unless told otherwise."""
    assert compiled(r"\d").fullmatch("٣") is None


def test_anchoring_and_order_are_doubts() -> None:
    """AWS documents neither, so a template must not hang on them."""
    assert doubts({400: r"4\d{2}", 500: r"5\d{2}", 200: ""}) == []
    assert doubts({400: "4"})[0].startswith("104: [400] or []")
    assert doubts({400: r"4\d{2}", 413: "413"}) == ["413: any of [400, 413], as the order goes"]
