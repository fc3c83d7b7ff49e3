"""The high-water mark beside a segment: how many rows and items it must hold.

The gateway writes it after each commit and before any acknowledgement, so a segment that comes back
with less has lost acknowledged rows. It is not fsynced by itself: it survives a killed process; after
a power cut it may be up to some seconds older than the segment, whose rows beyond it are then valid
rows, but the loss of just those would go unseen. It is fsynced when the segment is made, at checkpoints and when it is closed.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from upwell.journal.rows import Entry
from upwell.otlp.model import Signal

_MAGIC = b"upwmark1"
_SIGNALS = tuple(Signal)
_PLACES = {signal: 3 * place for place, signal in enumerate(_SIGNALS)}
_BODY = struct.Struct(f">8s?Q{3 * len(_SIGNALS)}Q")
_CRC = struct.Struct(">I")
_SIZE = _BODY.size + _CRC.size
_READS = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """What a segment held at its last acknowledgement.

    `seq` is its last row; `accepted` counts items before policy, `journaled` items in rows,
    `batches` rows, each per signal. `sealed`: rows beyond `seq` are void, since a commit ended in an error and its batches were
    refused. Not `valid`: the file is missing or damaged and all figures are 0.
    """

    seq: int = 0
    accepted: Mapping[Signal, int] = field(default_factory=lambda: dict.fromkeys(_SIGNALS, 0))
    journaled: Mapping[Signal, int] = field(default_factory=lambda: dict.fromkeys(_SIGNALS, 0))
    batches: Mapping[Signal, int] = field(default_factory=lambda: dict.fromkeys(_SIGNALS, 0))
    sealed: bool = False
    valid: bool = True

    def __add__(self, other: Mark) -> Mark:
        """What both count."""
        pairs = ((self.accepted, other.accepted), (self.journaled, other.journaled), (self.batches, other.batches))
        accepted, journaled, batches = ({signal: mine[signal] + theirs[signal] for signal in _SIGNALS} for mine, theirs in pairs)
        return Mark(self.seq + other.seq, accepted, journaled, batches)


class Running:
    """A mark that grows commit by commit: bare integers, because it is added to and written with each of them."""

    __slots__ = ("_figures", "seq")

    def __init__(self) -> None:
        self.seq = 0
        self._figures = [0] * (3 * len(_SIGNALS))

    def add(self, entry: Entry) -> None:
        """Count one more row."""
        figures, place = self._figures, _PLACES[entry.signal]
        self.seq += 1
        figures[place] += entry.items + (sum(entry.dropped.values()) if entry.dropped else 0)
        figures[place + 1] += entry.items
        figures[place + 2] += 1

    def encoded(self) -> bytes:
        """The mark as its file holds it."""
        return _encoded(False, self.seq, self._figures)

    def mark(self) -> Mark:
        """The mark as it stands now."""
        return _mark(self.seq, self._figures, sealed=False)


def encode(mark: Mark) -> bytes:
    """The mark as its file holds it."""
    figures = [counts[signal] for signal in _SIGNALS for counts in (mark.accepted, mark.journaled, mark.batches)]
    return _encoded(mark.sealed, mark.seq, figures)


def _encoded(sealed: bool, seq: int, figures: Sequence[int]) -> bytes:
    body = _BODY.pack(_MAGIC, sealed, seq, *figures)
    return body + _CRC.pack(zlib.crc32(body))


def _mark(seq: int, figures: Sequence[int], *, sealed: bool) -> Mark:
    accepted, journaled, batches = (dict(zip(_SIGNALS, figures[part::3], strict=True)) for part in range(3))
    return Mark(seq, accepted, journaled, batches, sealed)


def decode(data: bytes) -> Mark | None:
    """The mark in `data`, or None where that is not one."""
    if len(data) != _SIZE or _CRC.unpack_from(data, _BODY.size)[0] != zlib.crc32(data[: _BODY.size]):
        return None
    magic, sealed, seq, *figures = _BODY.unpack_from(data)
    if magic != _MAGIC:
        return None
    return _mark(seq, figures, sealed=sealed)


def read(path: Path) -> Mark:
    """The mark at `path`; one that is missing or damaged is not `valid`."""
    for attempt in range(_READS):
        try:
            data = path.read_bytes()
        except OSError:
            break
        if found := decode(data):
            return found
        if attempt + 1 < _READS:
            time.sleep(0.001)  # it may have been read while it was written
    return Mark(valid=False)


class MarkFile:
    """The mark of the segment being written."""

    def __init__(self, path: Path) -> None:
        """Create the file, all counts 0, fsynced (its name is not); raises OSError, also where it exists."""
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self.write(encode(Mark()))
            self.sync()
        except OSError:
            self.close()
            raise

    def write(self, data: bytes) -> None:
        """Replace the mark, as `encode` gives it, in one write; raises OSError."""
        if os.pwrite(self._handle, data, 0) != len(data):
            raise OSError("the mark was written in part")

    def sync(self) -> None:
        os.fsync(self._handle)

    def close(self) -> None:
        os.close(self._handle)
