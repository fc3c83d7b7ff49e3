"""What the token buckets promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.errors import Throttled
from upwell.gateway.throttle import MOST_WAITERS, Throttle


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def on_a_loop(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    """Run an asynchronous test on a loop of its own."""

    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


def throttle(rate: float, burst: int, time: Time) -> Throttle:
    return Throttle(rate, burst, clock=time, sleep=time.sleep)


@on_a_loop
async def test_a_burst_passes_at_once() -> None:
    """As many as the burst pass without waiting; the next one waits for its place."""
    time = Time()
    door = throttle(10, 5, time)
    for _ in range(5):
        await door.admit("k")
    assert time.slept == []

    await door.admit("k")
    assert time.slept == [pytest.approx(0.1)]


@on_a_loop
async def test_who_would_wait_over_a_second_is_sent_away() -> None:
    """429 with the seconds to wait, and the attempt costs the bucket nothing."""
    time = Time()
    door = Throttle(1, 2, clock=time, sleep=lambda _: asyncio.sleep(0))
    for _ in range(3):  # two at once, one waits a second
        await door.admit("k")

    for _ in range(3):
        with pytest.raises(Throttled) as caught:
            await door.admit("k")
        assert caught.value.retry_after == 2

    time.now += 2
    await door.admit("k")


@on_a_loop
async def test_keys_have_buckets_of_their_own() -> None:
    """One key's flood doesn't slow another."""
    time = Time()
    door = throttle(1, 1, time)
    await door.admit("loud")
    await door.admit("quiet")

    assert time.slept == []


@on_a_loop
async def test_a_rate_of_nought_is_no_limit() -> None:
    """0 switches the throttle off and keeps nothing."""
    time = Time()
    door = throttle(0, 1, time)
    for _ in range(1000):
        await door.admit("k")

    assert time.slept == []
    assert door._full_at == {}


@on_a_loop
async def test_waiters_are_bounded() -> None:
    """With a hundred and twenty-eight waiting, the next is sent away even if its own wait were short."""
    time = Time()
    gate = asyncio.Event()

    async def wait(_: float) -> None:
        await gate.wait()

    door = Throttle(1000, 1, clock=time, sleep=wait)
    await door.admit("k")
    waiting = [asyncio.create_task(door.admit("k")) for _ in range(MOST_WAITERS)]
    await asyncio.sleep(0)
    assert door.waiting == MOST_WAITERS

    with pytest.raises(Throttled):
        await door.admit("k")

    gate.set()
    await asyncio.gather(*waiting)
    assert (door.waiting, door.waited) == (0, MOST_WAITERS)


@on_a_loop
async def test_full_buckets_are_forgotten() -> None:
    """Ten thousand keys that have been quiet leave nothing behind."""
    time = Time()
    door = throttle(100, 10, time)
    for number in range(10_000):
        await door.admit(f"k{number}")
    time.now += 60
    await door.admit("last")

    assert list(door._full_at) == ["last"]


@given(st.floats(0.5, 500), st.integers(1, 50), st.lists(st.floats(0, 3), max_size=60))
def test_no_key_ever_exceeds_its_rate(rate: float, burst: int, pauses: list[float]) -> None:
    """Over any stretch, no more pass than burst + rate x time, and nobody waits over a second."""
    time = Time()
    door = throttle(rate, burst, time)
    passed: list[float] = []

    async def run() -> None:
        for pause in pauses:
            time.now += pause
            try:
                await door.admit("k")
            except Throttled:
                continue
            passed.append(time.now)

    asyncio.run(run())

    assert all(0 < seconds <= 1 for seconds in time.slept)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + rate * (passed[last] - passed[first]) + 1.001
