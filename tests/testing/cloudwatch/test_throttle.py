"""The documented rates."""

from tests.testing.wire import SECOND
from upwell.testing.cloudwatch.throttle import NewNames, Rate


def test_rate_counts_within_a_second() -> None:
    """So many requests pass in one second of the clock, and as many in the next."""
    rate = Rate(3)

    assert [rate.take(100 * SECOND + n) for n in range(4)] == [True, True, True, False]
    assert rate.take(101 * SECOND)


def test_new_names_are_counted_once() -> None:
    """A name that is known costs nothing, however often it comes."""
    names = NewNames(2, 600 * SECOND)

    assert names.refused(["a", "b", "a"], 0) == frozenset()
    assert names.refused(["a", "c", "b", "d"], 1) == {"c", "d"}


def test_refused_name_is_still_new_later() -> None:
    """In the next ten minutes new names fit again, and the old ones are still known."""
    names = NewNames(1, 600 * SECOND)
    names.refused(["a", "b"], 0)

    assert names.refused(["a", "b"], 600 * SECOND) == frozenset()
    assert names.refused(["c"], 601 * SECOND) == {"c"}
