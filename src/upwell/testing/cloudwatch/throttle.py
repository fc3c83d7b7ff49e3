"""The documented rates: requests per second, and new metric names in ten minutes."""

from __future__ import annotations

import threading
from collections.abc import Iterable

_SECOND = 1_000_000_000


class Rate:
    """So many requests in one second of the clock."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._second = 0
        self._taken = 0
        self._lock = threading.Lock()

    def take(self, now_ns: int) -> bool:
        """Whether one more request fits into this second."""
        with self._lock:
            if now_ns // _SECOND != self._second:
                self._second, self._taken = now_ns // _SECOND, 0
            self._taken += 1
            return self._taken <= self._per_second


class NewNames:
    """So many metric names that were never seen before, in one window of time.

    The document says that the limit "applies only to creating new metric names, not to ingesting
    data points for existing metrics", so names are counted and not label sets.
    """

    def __init__(self, most: int, window_ns: int) -> None:
        self._most = most
        self._window_ns = window_ns
        self._window = 0
        self._known: set[str] = set()
        self._new = 0
        self._lock = threading.Lock()

    def refused(self, names: Iterable[str], now_ns: int) -> frozenset[str]:
        """Those of the names that would be one new name too many; the others are known from now on."""
        with self._lock:
            if now_ns // self._window_ns != self._window:
                self._window, self._new = now_ns // self._window_ns, 0
            return frozenset(name for name in dict.fromkeys(names) if not self._admit(name))

    def _admit(self, name: str) -> bool:
        if name in self._known:
            return True
        if self._new >= self._most:
            return False
        self._new += 1
        self._known.add(name)
        return True
