"""One token bucket per key, with a short wait in the door before anybody is sent away.

A bucket is a single time (the generic cell rate algorithm), so a key at rest costs nothing to
refill. Who waits holds a place in the bucket, so no key overtakes itself.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

from upwell.errors import Throttled

LONGEST_WAIT: Final = 1.0
"""Seconds. Agents block all their signals behind one slow answer, so no longer than this."""

MOST_WAITERS: Final = 128
"""Requests waiting at once, of all keys: each holds a connection and what has been read of its body."""

_BUCKETS_SWEPT: Final = 10_000  # full buckets are forgotten when there are more than these


class Throttle:
    """`rate` requests a second per key, `burst` at once above it; a rate of 0 is no limit."""

    def __init__(
        self,
        rate: float,
        burst: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._slack = self._interval * burst
        self._clock = clock
        self._sleep = sleep
        self._full_at: dict[str, float] = {}  # key id → when its bucket will have filled up again
        self.waiting = 0
        self.waited = 0

    async def admit(self, key_id: str) -> None:
        """Let one request of a key through, after at most a second. Raises Throttled."""
        if (wait := self.place(key_id)) > 0:
            await self.wait(wait)

    def place(self, key_id: str) -> float:
        """Take the next place in a key's bucket; the seconds to `wait` for it. Raises Throttled if there is none within a second."""
        if not self._interval:
            return 0.0
        now = self._clock()
        full_at = max(self._full_at.get(key_id, 0.0), now) + self._interval
        wait = full_at - self._slack - now
        if wait > 0:
            self._check_wait(wait)
        self._full_at[key_id] = full_at
        if len(self._full_at) > _BUCKETS_SWEPT:
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}
        return wait

    def is_free(self, key_id: str) -> bool:
        """Whether `place` would let a request of this key through at once. Takes no place."""
        if not self._interval:
            return True
        now = self._clock()
        return max(self._full_at.get(key_id, 0.0), now) + self._interval - self._slack <= now

    def _check_wait(self, wait: float) -> None:
        if wait > LONGEST_WAIT or self.waiting >= MOST_WAITERS:
            raise Throttled("this key sends faster than it may", retry_after=math.ceil(wait))

    async def wait(self, seconds: float) -> None:
        """Wait for a place."""
        self.waiting += 1
        self.waited += 1
        try:
            await self._sleep(seconds)
        finally:
            self.waiting -= 1
