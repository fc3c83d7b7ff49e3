"""Reading segments, also damaged ones: what can be read is read, what cannot is counted, nothing is repaired.

Damage raises nothing; see `scan` for what does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

from upwell.journal import layout, mark, record
from upwell.journal.disk import sync_directory
from upwell.journal.mark import Mark
from upwell.journal.record import Values
from upwell.journal.rows import Page, Row, Tally
from upwell.journal.scan import Scan
from upwell.otlp.model import Signal

_WINDOW = 4096
"""Rows looked over in one read transaction: a few milliseconds, so that checkpoints are not kept waiting."""

_LEAST, _AHEAD = 256, 4
"""Rows looked over for a page: four times those asked for, since they may be of three signals, and at least 256."""

_CHECK_ROWS = 1024
_CHECK_BYTES = 16 * 2**20
_ROW_BYTES = 48
"""No row takes less of its file; a seq beyond size / this is noise."""

_TRIES = 256
_MOST_ITEMS = 2**31
_ITEMS, _BYTES = (record.COLUMNS.split(", ").index(name) for name in ("items", "bytes"))


class Segments:
    """The journal's directory, as its reader sees it."""

    def __init__(self, directory: Path) -> None:
        """Finishes deletions that a crash cut short."""
        self._directory = directory
        for name in layout.going(directory):
            with contextlib.suppress(OSError):  # it is no segment any more, deleted or not
                self._remove(name)

    def names(self) -> list[str]:
        """Segments, oldest first."""
        return layout.names(self._directory)

    def newest(self) -> str | None:
        """The one that the gateway writes, or wrote last."""
        return next(reversed(self.names()), None)

    def open(self, name: str) -> Segment:
        """A reader of one segment. Raises SchemaTooNew, or JournalError where it cannot be opened at present."""
        return Segment(self._directory, name)

    def bytes(self, name: str) -> int:
        """What its files take."""
        return _size(self._directory, name)

    def unlink(self, name: str) -> None:
        """Delete a segment for good. The newest must stay: names of later ones are made to sort after it (ValueError)."""
        if name == self.newest():
            raise ValueError(f"{name} is the newest segment")
        layout.tombstone(self._directory, name).touch(0o600)
        sync_directory(self._directory)  # else a crash could bring back the mark without its rows, which looks like loss
        self._remove(name)

    def _remove(self, name: str) -> None:
        for path in layout.files(self._directory, name):
            path.unlink(missing_ok=True)
        sync_directory(self._directory)
        layout.tombstone(self._directory, name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Choice:
    """Rows to load, found by their columns: how far was looked, what was missing on the way, whether a bound was met."""

    seqs: list[int]
    upto: int
    missing: int
    full: bool


class Segment:
    """One segment, read beside its writer. Use it in one thread at a time, and close it."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self._directory = directory
        self._final = False
        self._decompressor = zstandard.ZstdDecompressor()
        self._scan = Scan(layout.database(directory, name))

    @property
    def final(self) -> bool:
        """Whether no more rows will come: a newer segment exists."""
        if not self._final:
            self._final = any(layout.order(name) > layout.order(self.name) for name in layout.names(self._directory))
        return self._final

    def mark(self) -> Mark:
        """What it held at its last acknowledgement."""
        return mark.read(layout.mark(self._directory, self.name))

    def close(self) -> None:
        self._scan.close()

    def page(self, signal: Signal, after_seq: int, max_rows: int, max_bytes: int) -> Page:
        """The next rows of a signal: up to `max_rows`, up to `max_bytes` inflated but at least one row.

        Rows of other signals are passed over by their columns; damage of their bodies is for their own lane to count.
        """
        taken, upto, unreadable = self._take(signal, after_seq, max_rows, max_bytes)
        rows = [one for values in taken if (one := record.row(self.name, values, self._decompressor))]
        return Page(tuple(rows), upto, unreadable + len(taken) - len(rows))

    def row(self, seq: int) -> Row | None:
        """One row, or None where there is none that can be read."""
        values = self._scan.find(record.COLUMNS, [seq], record.intact, floor=_floor(seq)).get(seq)
        return record.row(self.name, values, self._decompressor) if values else None

    def tally(self, signal: Signal, after_seq: int = 0, upto: int | None = None) -> Tally:
        """Batches and items of a signal in (after_seq, upto], from the columns: their CRCs are not checked."""
        query = (
            "SELECT count(*), coalesce(sum(items), 0) FROM batches WHERE seq BETWEEN ? AND ? AND signal = ?"  # noqa: S608 # a constant
            f" AND typeof(items) = 'integer' AND items BETWEEN 0 AND {_MOST_ITEMS}"
        )
        last = self.last() if upto is None else upto
        return sum((Tally(*found) for found in self._scan.rows(query, after_seq + 1, last, signal.value)), Tally())

    def readable(self, signal: Signal) -> Tally:
        """Batches and items of a signal whose rows pass their CRC. Reads the whole segment."""
        return self._checked(signal, 0)

    def beyond(self, signal: Signal) -> int:
        """Items of a signal in intact rows after the mark: committed, but the gateway ended before it could mark and acknowledge them.

        Without a valid mark, or after a sealed one: 0.
        """
        found = self.mark()
        return self._checked(signal, found.seq).items if found.valid else 0

    def dropped(self, after_seq: int = 0, upto: int | None = None) -> Mapping[tuple[Signal, str], int]:
        """Items that policy removed in (after_seq, upto], by signal and rule."""
        totals: dict[tuple[Signal, str], int] = {}
        query = "SELECT signal, dropped FROM batches WHERE seq BETWEEN ? AND ? AND dropped IS NOT NULL"
        for name, rules in self._scan.rows(query, after_seq + 1, self.last() if upto is None else upto):
            if signal := record.SIGNALS.get(name):
                for rule, items in record.rules(rules).items():
                    totals[signal, rule] = totals.get((signal, rule), 0) + items
        return totals

    def recent(self, since_ns: int) -> list[tuple[int, bytes]]:
        """When each batch received since then came, and its digest. Looks backwards, until a window has none."""
        query = "SELECT received_ns, digest FROM batches WHERE seq BETWEEN ? AND ? AND received_ns >= ?"
        found: list[tuple[int, bytes]] = []
        for end in range(self.last(), 0, -_WINDOW):
            rows = self._scan.rows(query, max(1, end - _WINDOW + 1), end, since_ns)
            window = [(received, digest) for received, digest in rows if isinstance(received, int) and isinstance(digest, bytes)]
            if not window:
                break
            found += window
        return found

    def last(self) -> int:
        """The last seq that counts: that there is or, by the mark, must be."""
        found = self.mark()  # read before the rows: what is marked by now must be found there
        marked = found.seq
        top = 0 if found.sealed else self._top()
        for _ in range(_TRIES):  # beyond the mark only an intact row counts: noise can pass for any number
            if top <= marked or self._scan.find(record.COLUMNS, [top], record.intact, floor=top):
                break
            top = self._highest(marked + 1, top - 1, 1)
        return max(marked, top)

    def _top(self) -> int:
        """The last seq in the database, by two looks: the second, fine one matters where the first met damage."""
        most = _size(self._directory, self.name) // _ROW_BYTES
        grain = max(1, most // 1024)
        coarse = self._highest(1, most, grain)
        return self._highest(coarse + 1, min(coarse + 2 * grain, most), 1) or coarse

    def _highest(self, first: int, last: int, grain: int) -> int:
        found = self._scan.rows("SELECT max(seq) FROM batches WHERE seq BETWEEN ? AND ?", first, last, grain=grain)
        return max((top or 0 for (top,) in found), default=0)

    def _checked(self, signal: Signal, after: int) -> Tally:
        total, last = Tally(), self.last()
        while after < last:
            taken, after, _ = self._take(signal, after, _CHECK_ROWS, _CHECK_BYTES)
            total += Tally(len(taken), sum(values[_ITEMS] for values in taken))
        return total

    def _take(self, signal: Signal, after: int, max_rows: int, max_bytes: int) -> tuple[list[Values], int, int]:
        """Intact rows, at least one if there is one; the last seq looked at; how many on the way were unreadable."""
        taken: list[Values] = []
        unreadable, last = 0, self.last()
        while after < last:
            rows_left, bytes_left = max_rows - len(taken), max_bytes - sum(values[_BYTES] for values in taken)
            end = min(after + max(_LEAST, _AHEAD * rows_left), _floor(after + 1) + _WINDOW - 1, last)
            choice = self._choose(signal, after, end, rows_left, bytes_left, whatever_its_size=not taken)
            found = self._load(signal, choice.seqs)
            taken += found
            unreadable += choice.missing + len(choice.seqs) - len(found)
            after = choice.upto
            if choice.full and (taken or not choice.seqs):
                break
        return taken, after, unreadable

    def _choose(self, signal: Signal, after: int, end: int, max_rows: int, max_bytes: int, *, whatever_its_size: bool) -> _Choice:
        """Look at the columns of the rows in (after, end]."""
        columns = self._scan.find("seq, signal, bytes", range(after + 1, end + 1), _is_plausible, floor=_floor(after + 1))
        seqs: list[int] = []
        total = missing = 0
        wanted = signal.value.encode()
        for seq in range(after + 1, end + 1):
            _, name, size = columns.get(seq, (seq, None, 0))
            if name == wanted:
                if len(seqs) >= max_rows or (total + size > max_bytes and (seqs or not whatever_its_size)):
                    return _Choice(seqs, seq - 1, missing, full=True)
                seqs.append(seq)
                total += size
            elif name is None:
                missing += 1
        return _Choice(seqs, end, missing, full=False)

    def _load(self, signal: Signal, seqs: list[int]) -> list[Values]:
        floor = _floor(seqs[0]) if seqs else 1
        found = self._scan.find(record.COLUMNS, seqs, record.intact, floor=floor, signal=signal.value)
        return [found[seq] for seq in seqs if seq in found]


def _is_plausible(columns: Values) -> bool:
    """Whether `seq, signal, bytes` may be those of a row: its CRC is checked when it is loaded."""
    _, signal, size = columns
    return signal in record.SIGNALS and isinstance(size, int) and size >= 0


def _floor(seq: int) -> int:
    """The first seq of the window that `seq` is in: windows are the same however a lane cuts its pages."""
    return (seq - 1) // _WINDOW * _WINDOW + 1


def _size(directory: Path, name: str) -> int:
    total = 0
    for path in layout.files(directory, name):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
