"""The clock that tests move."""

from upwell.testing.clock import Clock


def test_clock_shows_its_source() -> None:
    """An untouched clock shows the time it was given."""
    assert Clock(lambda: 41).now_ns() == 41


def test_clock_moves_by_seconds_and_back() -> None:
    """advance adds up, takes parts of a second and goes back."""
    clock = Clock(lambda: 0)
    clock.advance(3600)
    clock.advance(0.5)
    clock.advance(-1)

    assert clock.now_ns() == 3_599_500_000_000


def test_clock_forgets_what_was_added() -> None:
    """reset shows the source again."""
    clock = Clock(lambda: 7)
    clock.advance(10)
    clock.reset()

    assert clock.now_ns() == 7
