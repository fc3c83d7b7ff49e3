"""How long a lane waits before it tries again."""

from __future__ import annotations

import random

_FIRST = 0.5
_LONGEST = 30.0  # also the pace at which a held lane probes (DESIGN §4)
_LONGEST_ASKED = 300.0  # a server that asks for more is asked again all the same: it may have come back

PROBE_SECONDS = 30.0
"""A held lane tries its oldest parcel this often."""


class Backoff:
    """Exponential with jitter: 0.5 s, doubling, 30 s at most; a server's Retry-After is honoured up to 5 min."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._failures = 0

    def next(self, asked: float | None = None) -> float:
        """Seconds to wait after one more failure."""
        delay = min(_LONGEST, _FIRST * float(1 << self._failures))
        self._failures = min(self._failures + 1, 10)
        jittered = delay * self._rng.uniform(0.5, 1.0)
        return max(jittered, min(asked or 0.0, _LONGEST_ASKED))

    def reset(self) -> None:
        self._failures = 0
