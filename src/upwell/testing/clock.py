"""A clock that a test can move, so that hours and days need not be waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Clock:
    """Some source of Unix nanoseconds, and what `advance` added to it."""

    def __init__(self, source_ns: Callable[[], int] = time.time_ns) -> None:
        self._source_ns = source_ns
        self._ahead_ns = 0
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        return self._source_ns() + self._ahead_ns

    def advance(self, seconds: float) -> None:
        """Move on by seconds; negative ones move back."""
        with self._lock:
            self._ahead_ns += int(seconds * 1_000_000_000)

    def reset(self) -> None:
        """Show the source's own time again."""
        with self._lock:
            self._ahead_ns = 0
