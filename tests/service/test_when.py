"""Moments as people write and read them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from upwell.errors import ConfigError
from upwell.service.when import format_ns, parse_moment

NOW = datetime(2026, 11, 21, 18, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", "2026-12-21T18:40:00Z"),
        ("2w", "2026-12-05T18:40:00Z"),
        ("12h", "2026-11-22T06:40:00Z"),
        ("5m", "2026-11-21T18:45:00Z"),
        ("2027-01-31", "2027-01-31T00:00:00Z"),
        ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
        ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
    ],
)
def test_a_moment_is_read(text: str, expected: str) -> None:
    """Times from now and dates, in UTC where nothing else is said."""
    assert format_ns(parse_moment(text, NOW)) == expected


@pytest.mark.parametrize("text", ["", "d", "tomorrow", "30", "30y", "-3d", "2027-13-01", "2263-01-01", "9" * 40 + "d", "٣d x"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """With a hint of how to write one."""
    with pytest.raises(ConfigError, match="is no moment") as caught:
        parse_moment(text, NOW)

    assert "30d" in caught.value.hint


def test_no_moment_is_nothing() -> None:
    """What has not happened has no time."""
    assert format_ns(None) is None
