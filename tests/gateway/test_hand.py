"""What bounds the bytes in hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.errors import Unavailable
from upwell.gateway.hand import Hand


def test_a_grip_lets_go_at_its_end() -> None:
    """What was held is free again, also after a refusal."""
    hand = Hand(100)
    with hand.grip() as grip:
        grip.hold(60)
        assert hand.bytes == 60
    with hand.grip() as grip:
        grip.hold(90)
        with pytest.raises(Unavailable):
            grip.hold(101)

    assert hand.bytes == 0


def test_too_much_is_to_be_tried_again() -> None:
    """Over the limit is 503 with Retry-After 1, and leaves others' shares alone."""
    hand = Hand(100)
    with hand.grip() as first, hand.grip() as second:
        first.hold(80)
        with pytest.raises(Unavailable) as caught:
            second.hold(21)
        second.hold(20)

        assert caught.value.retry_after == 1
        assert hand.bytes == 100


@given(st.lists(st.lists(st.integers(0, 40), max_size=5), max_size=8))
def test_the_limit_holds_whatever_is_asked(requests: list[list[int]]) -> None:
    """Held bytes are the sum of each grip's most, never over the limit, and nought at the end."""
    hand = Hand(100)
    grips = []
    for sizes in requests:
        grip, held = hand.grip(), 0
        grips.append(grip)
        before = hand.bytes
        for size in sizes:
            try:
                grip.hold(size)
            except Unavailable:
                assert before + size > 100
            else:
                held = max(held, size)
        assert hand.bytes == before + held <= 100
    for grip in grips:
        with grip:
            pass

    assert hand.bytes == 0
