"""Rows and their CRC."""

from __future__ import annotations

from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from upwell.journal import Entry, record
from upwell.otlp.model import Signal

COMPRESSOR = record.compressor()
DECOMPRESSOR = zstandard.ZstdDecompressor()
nanoseconds = st.integers(0, 2**63 - 1)
entries = st.builds(
    Entry,
    signal=st.sampled_from(Signal),
    key_id=st.text(st.characters(exclude_categories=["Cs"])),
    digest=st.binary(min_size=16, max_size=16),
    received_ns=nanoseconds,
    items=st.integers(0, 10**6),
    oldest_ns=nanoseconds,
    newest_ns=nanoseconds,
    body=st.binary(),
    dropped=st.dictionaries(st.text("abc", min_size=1), st.integers(1, 9), max_size=2),
)


def as_read(entry: Entry, seq: int = 1) -> record.Values:
    """The columns as SQLite would give them back: text as bytes."""
    written = record.record(entry, COMPRESSOR).values(seq)
    return tuple(value.encode() if isinstance(value, str) else value for value in written)


@given(entries, st.integers(1, 2**40))
def test_a_row_reads_back(entry: Entry, seq: int) -> None:
    """What went in as an entry comes out as a row, and passes its CRC."""
    values = as_read(entry, seq)

    assert record.intact(values)
    row = record.row("s", values, DECOMPRESSOR)
    assert row is not None
    assert (row.seq, row.signal, row.key_id, row.body) == (seq, entry.signal, entry.key_id, entry.body)
    assert (row.received_ns, row.items, row.oldest_ns, row.newest_ns) == (entry.received_ns, entry.items, entry.oldest_ns, entry.newest_ns)


@given(entries, st.integers(0, 11), st.one_of(st.none(), st.integers(), st.binary(max_size=40), st.floats(allow_nan=False)))
def test_any_changed_column_fails_the_crc(entry: Entry, column: int, noise: Any) -> None:
    """Noise of any type in any column makes the row unreadable, and raises nothing."""
    values = list(as_read(entry))
    if values[column] == noise or (not values[column] and not noise):  # no rules dropped: nothing, however it is spelt
        return
    values[column] = noise

    assert not record.intact(tuple(values))


@given(entries)
def test_a_row_in_another_place_fails_the_crc(entry: Entry) -> None:
    """The seq is part of the sum: a row that turns up under another number is not that row."""
    values = as_read(entry, 3)

    assert not record.intact((4, *values[1:]))


def test_columns_that_only_shift_fail_the_crc() -> None:
    """Where one text ends and the next begins is part of the sum."""
    seq, _, _, *rest = as_read(Entry(Signal.LOGS, "k1", b"d" * 16, 1, 1, 1, 1, b"{}"))

    assert record.intact((seq, b"logs", b"k1", *rest))
    assert not record.intact((seq, b"log", b"sk1", *rest))


def test_a_time_beyond_sqlites_integers_is_bounded() -> None:
    """A client's unsigned 64-bit time must not fail the commit of everybody else's batches."""
    values = as_read(Entry(Signal.LOGS, "k1", b"d" * 16, 1, 1, 2**64 - 1, 2**64 - 1, b"{}"))

    row = record.row("s", values, DECOMPRESSOR)
    assert row is not None
    assert (row.oldest_ns, row.newest_ns) == (2**63 - 1, 2**63 - 1)


def test_a_digest_of_another_length_is_refused() -> None:
    """A caller that makes digests otherwise learns it at once."""
    with pytest.raises(TypeError, match="16 bytes"):
        record.record(Entry(Signal.LOGS, "k1", b"short", 1, 1, 1, 1, b"{}"), COMPRESSOR)


def test_a_body_that_does_not_inflate_is_unreadable() -> None:
    """A body that is no frame, or of another size than its column says, is damage."""
    values = list(as_read(Entry(Signal.LOGS, "k1", b"d" * 16, 1, 1, 1, 1, b"abc")))

    assert record.row("s", (*values[:-1], b"not zstd"), DECOMPRESSOR) is None
    assert record.row("s", (*values[:6], 2, *values[7:]), DECOMPRESSOR) is None


@pytest.mark.parametrize("damaged", [None, b"", b"[1]", b"{", b'{"a": "x"}', b'{"a": null}', 7, b"\xff"])
def test_damaged_rules_are_nothing(damaged: Any) -> None:
    """What policy dropped is read from a row only where it can be."""
    assert record.rules(damaged) == {}


def test_rules_are_items_by_name() -> None:
    """The column holds what the entry said."""
    entry = Entry(Signal.LOGS, "k1", b"d" * 16, 1, 1, 1, 1, b"{}", {"prompts": 3, "own": 1})

    assert record.rules(as_read(entry)[5]) == {"prompts": 3, "own": 1}
