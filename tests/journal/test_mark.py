"""The high-water mark."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.journal import mark
from upwell.journal.mark import Mark, MarkFile
from upwell.otlp.model import Signal

counts = st.fixed_dictionaries({signal: st.integers(0, 2**63) for signal in Signal})
SOME = Mark(7, dict.fromkeys(Signal, 5), dict.fromkeys(Signal, 4), dict.fromkeys(Signal, 3))


@given(st.builds(Mark, st.integers(0, 2**63), counts, counts, counts, st.booleans()))
def test_a_mark_reads_back(written: Mark) -> None:
    """Every figure comes back as it was written."""
    assert mark.decode(mark.encode(written)) == written


@given(st.data())
def test_any_changed_byte_is_seen(data: st.DataObject) -> None:
    """A mark with one byte changed is no mark."""
    good = bytearray(mark.encode(SOME))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))

    assert mark.decode(bytes(good)) is None


@pytest.mark.parametrize("content", [b"", b"\0" * len(mark.encode(SOME)), mark.encode(SOME)[:-1], mark.encode(SOME) + b"\0"])
def test_a_damaged_file_is_not_valid(tmp_path: Path, content: bytes) -> None:
    """Empty, zeroed, cut and grown files give a mark that says so, with all figures 0."""
    path = tmp_path / "x.mark"
    path.write_bytes(content)

    found = mark.read(path)

    assert (found.valid, found.seq, found.journaled[Signal.LOGS]) == (False, 0, 0)


def test_a_missing_file_is_not_valid(tmp_path: Path) -> None:
    """No mark is not the same as a mark of nothing."""
    assert not mark.read(tmp_path / "x.mark").valid


def test_a_new_mark_counts_nothing_and_is_private(tmp_path: Path) -> None:
    """From its first moment the file is valid, and only its owner's."""
    path = tmp_path / "x.mark"

    MarkFile(path).close()

    assert mark.read(path) == Mark()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_mark_is_replaced_in_place(tmp_path: Path) -> None:
    """The last mark written is the one that is read, and the file does not grow."""
    path = tmp_path / "x.mark"
    file = MarkFile(path)
    size = path.stat().st_size
    for seq in range(5):
        file.write(mark.encode(Mark(seq)))
    file.write(mark.encode(SOME))
    file.close()

    assert mark.read(path) == SOME
    assert path.stat().st_size == size


def test_an_existing_mark_is_never_taken_over(tmp_path: Path) -> None:
    """A mark belongs to one segment of one start."""
    path = tmp_path / "x.mark"
    MarkFile(path).close()

    with pytest.raises(FileExistsError):
        MarkFile(path)


def test_a_mark_read_while_it_is_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One torn look is not called damage."""
    path = tmp_path / "x.mark"
    path.write_bytes(mark.encode(SOME))
    looks = iter([mark.encode(SOME)[:20]])
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: next(looks, None) or real(self))

    assert mark.read(path) == SOME


def test_marks_add_up() -> None:
    """The sum of two marks counts what both count."""
    total = SOME + SOME

    assert (total.seq, total.accepted[Signal.LOGS], total.journaled[Signal.LOGS], total.batches[Signal.LOGS]) == (14, 10, 8, 6)
