"""Slices, parts and halves: no item is ever gained or lost by putting runs together or cutting them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from upwell.journal.parts import QUARANTINE, Part, Slice, halve, parts_of


@st.composite
def reading(draw: st.DrawFn) -> list[Slice]:
    """Slices in reading order, as a lane may leave them: some rows cut, some passed over."""
    slices: list[Slice] = []
    order = 0
    for segment in ("1-a", "2-b"):
        for seq in range(1, draw(st.integers(0, 8)) + 1):
            order += draw(st.integers(1, 2))
            items = draw(st.integers(1, 5))
            first = draw(st.integers(0, items - 1))
            last = draw(st.integers(first + 1, items))
            slices.append(Slice(segment, seq, first, last, items, order))
    return slices


def items_of(slices: list[Slice]) -> list[tuple[str, int, int]]:
    return [(piece.segment, piece.seq, item) for piece in slices for item in range(piece.first, piece.last)]


def read_back(part: Part, rows: list[Slice]) -> list[tuple[str, int, int]]:
    """What an intake finds under a part, given each row's number of items."""
    found = []
    for row in rows:
        if row.segment == part.segment and part.first_seq <= row.seq <= part.last_seq:
            first = part.first_item if row.seq == part.first_seq else 0
            last = row.row_items if row.seq != part.last_seq or part.last_item is None else part.last_item
            found += [(row.segment, row.seq, item) for item in range(first, last)]
    return found


@given(reading())
def test_parts_hold_exactly_the_slices_they_were_made_of(slices: list[Slice]) -> None:
    """Reading the parts back gives the same items in the same order."""
    parts = parts_of(slices)

    assert [item for part in parts for item in read_back(part, slices)] == items_of(slices)
    assert [part.items for part in parts] == [len(read_back(part, slices)) for part in parts]
    assert sum(part.batches for part in parts) == len(slices)


def test_whole_neighbours_become_one_part() -> None:
    """A parcel of many whole rows is one run in the book, not many."""
    slices = [Slice("1-a", 2 * number, 0, 3, 3, number) for number in range(1, 100)]

    assert parts_of(slices) == [Part("1-a", 2, 198, 0, None, 297, 99)]


def test_a_row_that_was_passed_over_splits_the_run() -> None:
    """A gap in the order means that an item in between went elsewhere."""
    slices = [Slice("1-a", 1, 0, 3, 3, 1), Slice("1-a", 3, 0, 3, 3, 3)]

    assert len(parts_of(slices)) == 2


def test_quarantined_batches_never_run_together() -> None:
    """Their numbers are not a segment's: each is a part by itself."""
    slices = [Slice(QUARANTINE, 1, 0, 3, 3, 1), Slice(QUARANTINE, 2, 0, 3, 3, 2)]

    assert len(parts_of(slices)) == 2


@given(reading().filter(lambda slices: sum(piece.items for piece in slices) > 1))
def test_halves_share_the_items_evenly(slices: list[Slice]) -> None:
    """Both halves together are the whole, in order, and differ by one item at most."""
    left, right = halve(slices)

    assert items_of(left) + items_of(right) == items_of(slices)
    assert abs(len(items_of(left)) - len(items_of(right))) <= 1
    assert all(piece.items > 0 for piece in left + right)
