"""Helpers of the journal's tests: entries that differ, a journal to write, a directory to read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from upwell import config
from upwell.journal import Entry, Journal, Segment, Segments
from upwell.otlp.model import Signal

T = TypeVar("T")
SECRET = b"a key of the tests"
START_NS = 1_700_000_000_000_000_000


@dataclass
class Clock:
    """Time that moves only when told."""

    now_ns: int = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


@dataclass
class Bench:
    """One journal's directory, with what is needed to write and read it."""

    directory: Path
    clock: Clock = field(default_factory=Clock)
    monotonic: Clock = field(default_factory=Clock)
    segments: list[Segment] = field(default_factory=list)

    def settings(self, **changes: int) -> config.Journal:
        return config.Journal.model_validate({"reserve": 0, **changes})

    def journal(self, **changes: int) -> Journal:
        return Journal(self.directory, self.settings(**changes), digest_key=SECRET, clock_ns=self.clock, monotonic_ns=self.monotonic)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.monotonic.advance(seconds)

    def entry(
        self,
        number: int,
        signal: Signal = Signal.LOGS,
        *,
        items: int = 1,
        dropped: Mapping[str, int] | None = None,
        size: int = 300,
        key_id: str = "k1",
    ) -> Entry:
        body = f'{{"{signal.resource_field}":[{{"number":{number},"pad":"{"x" * size}"}}]}}'.encode()
        digest = self.journal().digest(key_id, signal, body)
        return Entry(signal, key_id, digest, self.clock(), items, START_NS, START_NS + number, body, dropped or {})

    def store(self, *entries: Entry, **changes: int) -> list[bool]:
        """Open a journal, append all at once, close it."""

        async def work(journal: Journal) -> list[bool]:
            return await asyncio.gather(*(journal.append(entry) for entry in entries))

        return self.run(work, **changes)

    def run(self, work: Callable[[Journal], Awaitable[T]], **changes: int) -> T:
        """Open a journal, do `work` with it on an event loop, close it."""

        async def main() -> T:
            journal = self.journal(**changes)
            journal.open()
            try:
                return await work(journal)
            finally:
                journal.close()

        return asyncio.run(main())

    def reader(self) -> Segments:
        return Segments(self.directory)

    def names(self) -> list[str]:
        return self.reader().names()

    def segment(self, name: str | None = None) -> Segment:
        """A segment, the newest by default; closed when the test ends."""
        found = self.reader().open(name or self.names()[-1])
        self.segments.append(found)
        return found

    def bodies(self, signal: Signal = Signal.LOGS) -> list[bytes]:
        """All that can be read back of a signal, in order."""
        found = []
        for name in self.names():
            segment = self.segment(name)
            found += [row.body for row in segment.page(signal, 0, 10**6, 2**40).rows]
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path / "journal")
    yield found
    for segment in found.segments:
        segment.close()
