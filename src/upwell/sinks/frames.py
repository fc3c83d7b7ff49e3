"""A row's items, each encoded once, and the wrappers around them: what is needed to cut a row at any item.

A frame is a resource, a scope or a metric. Weights of runs are answered from sums, fragments
by putting encoded pieces together again; nothing is encoded twice. It knows no destination's limits.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol, TypeAlias

from msgspec import Raw

from upwell.otlp import Encoding, Signal

Piece: TypeAlias = bytes | Raw
"""Encoded bytes, or a view of them in the row's body."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A wrapper around the items [first, last), which are never none.

    It is written as `head`, what is inside, `tail`, as its encoding puts them together. `overhead` is the bytes it
    adds, at most: around fewer items it may be a byte or two less. `inner` is empty where the items follow at once.
    """

    first: int
    last: int
    head: bytes
    tail: bytes
    overhead: int
    inner: tuple[Frame, ...] = ()


class Notation(Protocol):
    """How an encoding puts a list together."""

    @property
    def separator(self) -> bytes: ...

    def wrap(self, frame: Frame, parts: Sequence[Piece]) -> bytes: ...


class Ruler:
    """What runs of items weigh, wrappers included: exact for a whole row, a few bytes over for a part of it."""

    def __init__(self, costs: Iterable[int], frames: Iterable[Frame]) -> None:
        self._upto = list(accumulate(costs, initial=0))
        items = len(self._upto) - 1
        begun, change = [0] * (items + 1), [0] * (items + 1)
        for frame in _all(frames):
            begun[frame.first] += frame.overhead
            change[frame.first] += frame.overhead
            change[frame.last] -= frame.overhead
        self._begun = list(accumulate(begun, initial=0))
        self._around = list(accumulate(change))

    def weight(self, first: int, last: int) -> int:
        """Bytes of the items [first, last) and of every wrapper they need."""
        if last <= first:
            return 0
        return self._upto[last] - self._upto[first] + self._around[first] + self._begun[last] - self._begun[first + 1]


class Pieces:
    """Encoded items under their frames."""

    def __init__(self, items: Sequence[Piece], frames: Sequence[Frame], notation: Notation) -> None:
        self.items = items
        self.frames = frames
        self._notation = notation

    def ruler(self) -> Ruler:
        """Weights in the bytes of this encoding."""
        extra = len(self._notation.separator)
        return Ruler((len(item) + extra for item in self.items), self.frames)

    def fragment(self, first: int, last: int) -> bytes:
        """The items [first, last) in their wrappers, as a part of a request's one list."""
        if last <= first:
            return b""
        return self._notation.separator.join([self._cut(frame, first, last) for frame in _touching(self.frames, first, last)])

    def _cut(self, frame: Frame, first: int, last: int) -> bytes:
        parts: Sequence[Piece]
        if frame.inner:
            parts = [self._cut(inner, first, last) for inner in _touching(frame.inner, first, last)]
        else:
            parts = self.items[max(first, frame.first) : min(last, frame.last)]
        return self._notation.wrap(frame, parts)


def joined(fragments: Iterable[bytes], signal: Signal, encoding: Encoding) -> bytes:
    """A request's body from fragments, of one row or of many."""
    if encoding is Encoding.PROTOBUF:
        return b"".join(fragments)
    return b'{"%b":[%b]}' % (signal.resource_field.encode(), b",".join(filter(None, fragments)))


def _all(frames: Iterable[Frame]) -> Iterator[Frame]:
    for frame in frames:
        yield frame
        yield from _all(frame.inner)


def _touching(frames: Sequence[Frame], first: int, last: int) -> Iterator[Frame]:
    for index in range(bisect_right(frames, first, key=lambda frame: frame.last), len(frames)):
        if frames[index].first >= last:
            return
        yield frames[index]
