"""Bounds the bytes of bodies that all requests hold together."""

from __future__ import annotations

from typing import Final

from upwell.errors import Unavailable

BYTES_IN_HAND: Final = 64 * 2**20
"""Of all requests together. One body may be 10 MiB, so a handful of the largest, or 16,000 of the usual 4 KB."""


class Hand:
    """The bytes in hand, all requests together; `bytes` never passes the limit."""

    def __init__(self, limit: int = BYTES_IN_HAND) -> None:
        self.limit = limit
        self.bytes = 0

    def grip(self) -> Grip:
        """One request's share: a context manager that lets go at its end."""
        return Grip(self)


class Grip:
    """What one request holds."""

    __slots__ = ("_hand", "_held")

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._held = 0

    def __enter__(self) -> Grip:
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()

    def let_go(self) -> None:
        """Hold nothing any more."""
        self._hand.bytes -= self._held
        self._held = 0

    def hold(self, size: int) -> None:
        """Hold `size` bytes in all, if that is more than now. Raises Unavailable if there is no room."""
        more = size - self._held
        if more <= 0:
            return
        if self._hand.bytes + more > self._hand.limit:
            raise Unavailable("too many bytes are in hand at once", retry_after=1)
        self._hand.bytes += more
        self._held = size
