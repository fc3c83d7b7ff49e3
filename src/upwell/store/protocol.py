"""What lanes and rebuilds need of a usage store, whatever keeps it. What reports need is SQL, and not said here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from upwell.identity import Forgotten
from upwell.otlp import Signal
from upwell.store.rows import Counts, LeftOut, ReadBatch, Replaced


class UsageStore(Protocol):
    """Rows, cursors and counts that change together. May be used by several threads."""

    path: Path

    def write(self, signal: Signal, batches: Sequence[ReadBatch], cursor: Mapping[str, int], left_out: Sequence[LeftOut] = ()) -> Counts:
        """Store what is new of batches of one signal, and the cursor as {source: seq}, in one transaction."""

    def replace(self, signal: Signal, source: str, upto: int, chunks: Iterable[Sequence[ReadBatch]]) -> Replaced:
        """Put what is read of one source now in the place of what was, in one transaction."""

    def forgotten(self) -> Forgotten:
        """Whoever is forgotten by now: no row of theirs is stored."""

    def cursor(self, signal: Signal, source: str) -> int:
        """The last seq of a source that is stored; 0 for none."""

    def counts(self, signal: Signal) -> Counts:
        """What became of all items of a signal."""

    def left_out(self, signal: Signal, source: str) -> list[LeftOut]:
        """The items of a source that were never read."""

    def unrecognised(self, signal: Signal) -> dict[str, int]:
        """Items that no dialect knows, by agent and name, the most frequent first."""
