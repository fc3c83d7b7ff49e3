"""Segment names and their order."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from upwell.journal import layout

MS = 1_000_000


@given(st.lists(st.integers(0, 10**14), min_size=1, max_size=20))
def test_names_sort_in_the_order_they_are_made(clock: list[int]) -> None:
    """Each new name sorts after all before it, whatever the clock does, back or forth."""
    made: list[str] = []
    for now_ms in clock:
        made.append(layout.fresh(made[-1] if made else None, now_ms * MS))

    assert sorted(made, key=layout.order) == made


def test_a_name_tells_when_it_was_made() -> None:
    """The milliseconds of the clock stand in the name."""
    assert layout.made_ns(layout.fresh(None, 1_700_000_000_123 * MS)) == 1_700_000_000_123 * MS


def test_a_name_has_thirteen_digits_at_least() -> None:
    """Names of machines without a clock sort as text too."""
    assert len(layout.fresh(None, 5 * MS)) == len("0000000000005-") + 8


def test_other_files_are_no_segments(tmp_path: Path) -> None:
    """Drafts, SQLite's own files, copies and strangers are passed over; a mark alone is a segment whose rows are lost."""
    one, two, three = (layout.fresh(None, number * MS) for number in (1, 2, 3))
    for name in (f"{one}.db", f"{one}.db-wal", f"{one}.db-shm", f"{one}.mark", f"{two}.mark", "next-00000000.tmp", "notes.db", "1.db"):
        (tmp_path / name).touch()
    for name in (f"{three}.db", f"{three}.gone", f"{one}.db.bak"):
        (tmp_path / name).touch()

    assert layout.names(tmp_path) == [one, two]


def test_a_missing_directory_has_no_segments(tmp_path: Path) -> None:
    """Before the first start there is nothing, and that is no error."""
    assert layout.names(tmp_path / "not there") == []


def test_drafts_are_found_with_their_siblings(tmp_path: Path) -> None:
    """What an earlier start left half made can be swept."""
    draft = layout.draft(tmp_path)
    for ending in ("", "-wal", "-shm"):
        draft.with_name(draft.name + ending).touch()
    (tmp_path / "next-year.txt").touch()

    assert len(layout.drafts(tmp_path)) == 3
