"""Numbers are short, have their unit, and never pretend to a value that is not there."""

from __future__ import annotations

import pytest

from upwell.console import numbers


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "count", "–"),
        ("", "", "–"),
        ("Bash", "", "Bash"),
        (True, "", "yes"),
        (0, "count", "0"),
        (1234567, "count", "1,234,567"),
        (0, "usd", "$0.00"),
        (99.999, "usd", "$100.00"),
        (1234.4, "usd", "$1,234"),
        (54321, "usd", "$54 k"),
        (0.4, "ms", "0 ms"),
        (999, "ms", "999 ms"),
        (4500, "ms", "4.5 s"),
        (720_000, "ms", "12 min"),
        (7_200_000, "ms", "2.0 h"),
        (90, "s", "90 s"),
        (0.345, "share", "34 %"),
        (0.012, "share", "1.2 %"),
        (0, "share", "0 %"),
        (2048, "bytes", "2 kB"),
    ],
)
def test_a_value_is_written_with_its_unit(value: object, unit: str, text: str) -> None:
    """What is unknown or withheld is a dash, never a zero."""
    assert numbers.written(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"), [(9999, "9,999"), (10_400, "10.4 k"), (123_456, "123 k"), (1_500_000, "1.5 M"), (2e9, "2 G"), (7.25, "7.25")]
)
def test_a_number_that_stands_alone_has_three_digits(value: float, text: str) -> None:
    """Below ten thousand it is whole."""
    assert numbers.figure(value) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [(112, 100, "+12 %"), (88, 100, "−12 %"), (100.2, 100, "±0 %"), (5, 0, None), (5, None, None), (None, 5, None), (3000, 100, "× 30")],
)
def test_a_change_needs_something_to_compare_with(now: float | None, before: float | None, text: str | None) -> None:
    """Nothing before is no growth; much growth is a factor."""
    assert numbers.change(now, before) == text
