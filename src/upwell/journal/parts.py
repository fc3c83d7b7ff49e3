"""Parts: runs of journaled items that a lane has taken and not yet settled.

A part is a run of items in reading order: from `first_item` of row `first_seq` up to,
not including, `last_item` of row `last_seq` (None: to that row's end), rows of other
signals not counted. Parts with one `parcel` number go out in one request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

QUARANTINE = "quarantine"
"""In place of a segment's name: the part's one row is the quarantined batch `first_seq`."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Items [first, last) of one row. `order` is the row's place in reading order, gaps included."""

    segment: str
    seq: int
    first: int
    last: int
    row_items: int
    order: int

    @property
    def items(self) -> int:
        return self.last - self.first

    @property
    def whole(self) -> bool:
        return self.first == 0 and self.last == self.row_items


@dataclass(frozen=True, slots=True)
class Part:
    """One run of items; `id` is 0 until the book has stored it."""

    segment: str
    first_seq: int
    last_seq: int
    first_item: int
    last_item: int | None
    items: int
    batches: int
    not_before_ns: int = 0
    attempts: int = 0
    depth: int = 0
    refusal: str = ""
    id: int = 0
    parcel: int = 0


def parts_of(slices: Iterable[Slice], *, not_before_ns: int = 0, depth: int = 0) -> list[Part]:
    """The fewest parts that hold exactly these slices, which must be in reading order."""
    parts: list[Part] = []
    before: Slice | None = None
    for piece in slices:
        if before is not None and _follows(before, piece):
            run = parts[-1]
            parts[-1] = Part(
                run.segment, run.first_seq, piece.seq, run.first_item, _end(piece), run.items + piece.items, run.batches + 1,
                not_before_ns, depth=depth,
            )  # fmt: skip
        else:
            parts.append(Part(piece.segment, piece.seq, piece.seq, piece.first, _end(piece), piece.items, 1, not_before_ns, depth=depth))
        before = piece
    return parts


def _follows(before: Slice, piece: Slice) -> bool:
    neighbours = before.segment == piece.segment != QUARANTINE and piece.order == before.order + 1
    return neighbours and before.last == before.row_items and piece.first == 0


def _end(piece: Slice) -> int | None:
    return None if piece.last == piece.row_items else piece.last


def halve(slices: Sequence[Slice]) -> tuple[list[Slice], list[Slice]]:
    """Two runs with the items shared as evenly as whole items allow. There must be two items at least."""
    middle = sum(piece.items for piece in slices) // 2
    left: list[Slice] = []
    right: list[Slice] = []
    for piece in slices:
        room = max(0, min(piece.items, middle))
        middle -= room
        cut = piece.first + room
        if room:
            left.append(Slice(piece.segment, piece.seq, piece.first, cut, piece.row_items, piece.order))
        if room < piece.items:
            right.append(Slice(piece.segment, piece.seq, cut, piece.last, piece.row_items, piece.order))
    return left, right
