"""Journal rows read for the usage store: decoded, shown to the dialects, and cut down to the item that nobody can read.

Used by the usage lanes and by a rebuild. It writes nothing; what becomes of an item that could not be read is for them to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from upwell.journal.quarantine import Quarantined
from upwell.journal.rows import Row
from upwell.otlp import Batch, Encoding, Signal, encode, load, select, survey
from upwell.relay.lane import describe
from upwell.store import LeftOut, ReadBatch
from upwell.usage import Prices, read

_RAISED, _UNREADABLE = "dialect-raised", "unreadable"


@dataclass(frozen=True, slots=True)
class Fault:
    """Items of one row that could not be read, as quarantined, and where they stand in it."""

    batch: Quarantined
    place: LeftOut


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of some rows, and what could not be."""

    batches: list[ReadBatch] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def quarantined(self) -> list[Quarantined]:
        return [fault.batch for fault in self.faults]

    @property
    def faulty(self) -> int:
        return sum(fault.batch.items for fault in self.faults)


class Reader:
    """Reads rows of one signal, in one thread: what prices remember is not made for more."""

    def __init__(self, signal: Signal, prices: Prices) -> None:
        self.signal = signal
        self._prices = prices

    def read(self, rows: Iterable[Row], left_out: Sequence[LeftOut] = ()) -> Found:
        """Read these rows, but for the items that are to be left out."""
        found = Found()
        for row in rows:
            gaps = [gap for gap in left_out if gap.seq == row.seq]
            try:
                batch = load(row.body)
            except ValueError:
                if not gaps:
                    found.faults.append(_unreadable(row, "the body is no JSON"))
                continue
            for first, last in _between(gaps, row.items):
                self._read_items(row, batch if last - first == row.items else select(batch, self.signal, first, last), first, last, found)
        return found

    def _read_items(self, row: Row, batch: Batch, first: int, last: int, found: Found) -> None:
        """Read items [first, last) of a row; where that raises, their halves, down to the item that nobody can read."""
        try:
            reading = read(batch, self.signal, key_id=row.key_id, received_ns=row.received_ns, prices=self._prices)
        except Exception as error:  # noqa: BLE001 - dialects read what clients made up, and one item must not stop the lane
            if last - first <= 1:
                found.faults.append(self._fault(row, batch, first, last, f"reading it raised {describe(error)}"))
                return
            middle = (first + last) // 2
            self._read_items(row, select(batch, self.signal, 0, middle - first), first, middle, found)
            self._read_items(row, select(batch, self.signal, middle - first, last - first), middle, last, found)
            return
        found.batches.append(ReadBatch(row.segment, row.seq, self.signal, row.key_id, row.received_ns, reading))

    def _fault(self, row: Row, batch: Batch, first: int, last: int, message: str) -> Fault:
        survived = survey(batch, self.signal)
        body = encode(batch, self.signal, Encoding.JSON)
        times = survived.oldest_ns, survived.newest_ns
        quarantined = Quarantined(_RAISED, message, row.key_id, row.received_ns, last - first, *times, body)
        return Fault(quarantined, LeftOut(row.segment, row.seq, first, last))


def _unreadable(row: Row, message: str) -> Fault:
    times = row.oldest_ns, row.newest_ns
    quarantined = Quarantined(_UNREADABLE, message, row.key_id, row.received_ns, row.items, *times, row.body)
    return Fault(quarantined, LeftOut(row.segment, row.seq, 0, row.items))


def _between(gaps: Sequence[LeftOut], items: int) -> list[tuple[int, int]]:
    """The runs of items that are in no gap; of a row without items, the empty run."""
    if not gaps:
        return [(0, items)]
    edges = [0, *(edge for gap in sorted(gaps, key=lambda gap: gap.first) for edge in (gap.first, gap.last)), items]
    return [(first, last) for first, last in zip(edges[::2], edges[1::2], strict=True) if first < last]
