"""Waiting with a deadline: what was waited for is what the failure says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds; generous, because nothing here measures speed: a wait that ends at it is a failure."""


def until(question: Callable[[], T | None], what: str, seconds: float = PATIENCE, pause: float = 0.05) -> T:
    """Ask until the answer is true, and return it. `what` completes the sentence "waited for ..."."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() >= end:
            raise AssertionError(f"waited {seconds:.0f} s for {what}; the last answer was {answer!r}")
        time.sleep(pause)
    return answer
