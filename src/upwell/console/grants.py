"""Leave to see single sessions: one's own, proven by one's key, or everybody's for a reason that is written down. It ends by itself.

Leave is kept in memory alone, by visit; a restart ends all of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

LASTS_SECONDS: Final = 1800.0
_KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave: `words` say what for, `arguments` are what a report is asked with."""

    words: str
    arguments: Mapping[str, str] = field(repr=False)
    until: float


class Grants:
    """The leave that visits have. May be used by several threads."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._grants: dict[str, Grant] = {}

    def own(self, visit: str, key: str) -> None:
        """Leave to see what the holder of a key did."""
        self._give(visit, Grant("your own", {"key": key}, self._monotonic() + LASTS_SECONDS))

    def reveal(self, visit: str, asker: str, reason: str) -> None:
        """Leave to see everybody's, without names, for a reason. Each question is written down with it."""
        self._give(visit, Grant(f"everybody's, because: {reason}", {"reason": reason, "asker": asker}, self._monotonic() + LASTS_SECONDS))

    def of(self, visit: str) -> Grant | None:
        """The leave that a visit still has."""
        with self._lock:
            found = self._grants.get(visit)
            return found if found is not None and self._monotonic() < found.until else None

    def end(self, visit: str) -> None:
        """Take it back."""
        with self._lock:
            self._grants.pop(visit, None)

    def _give(self, visit: str, grant: Grant) -> None:
        with self._lock:
            self._grants[visit] = grant
            for old in list(self._grants)[:-_KEPT]:
                del self._grants[old]
