"""One journal's directory with what is needed to write, break and read it, for the tests of this folder."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from upwell import config
from upwell.journal import Entry, Journal, Page, Segment, Segments, layout
from upwell.journal.current import Current
from upwell.otlp.model import Signal

T = TypeVar("T")
SECRET = b"a key of the tests"
START_NS = 1_700_000_000_000_000_000
ALL = 2**40


@dataclass
class Clock:
    """Time that moves only when told."""

    now_ns: int = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


@dataclass
class Place:
    """A directory, two clocks, and short ways to do the usual things."""

    directory: Path
    clock: Clock = field(default_factory=Clock)
    monotonic: Clock = field(default_factory=Clock)

    def journal(self, **settings: int) -> Journal:
        model = config.Journal.model_validate({"reserve": 0, **settings})
        return Journal(self.directory, model, digest_key=SECRET, clock_ns=self.clock, monotonic_ns=self.monotonic)

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
        """A batch that differs from those of other numbers; its body compresses to about half of `size`."""
        pad = random.Random(f"{number} {signal} {key_id}").randbytes(size // 2 + 1).hex()
        body = f'{{"{signal.resource_field}":[{{"number":{number},"pad":"{pad}"}}]}}'.encode()
        digest = self.journal().digest(key_id, signal, body)
        return Entry(signal, key_id, digest, self.clock(), items, START_NS, START_NS + number, body, dropped or {})

    def entries(self, count: int, signal: Signal = Signal.LOGS, *, size: int = 300) -> list[Entry]:
        return [self.entry(number, signal, size=size) for number in range(count)]

    def run(self, work: Callable[[Journal], Awaitable[T]], **settings: int) -> T:
        """Open a journal, do `work` with it on an event loop, close it."""

        async def main() -> T:
            with closing(self.journal(**settings)) as journal:
                journal.open()
                return await work(journal)

        return asyncio.run(main())

    def store(self, *entries: Entry, together: bool = True, **settings: int) -> list[bool]:
        """Open a journal, append entries, together or one after the other, close it."""

        async def work(journal: Journal) -> list[bool]:
            if together:
                return await append_all(journal, *entries)
            return [await journal.append(entry) for entry in entries]

        return self.run(work, **settings)

    def crashed(self) -> Place:
        """A copy of the files as they are now, as if the writer had been killed here."""
        copy = Place(self.directory.with_name(f"{self.directory.name}-crashed"), self.clock, self.monotonic)
        # Another process copies: closing a database file here would drop this process's locks on it.
        subprocess.run(["cp", "-r", str(self.directory), str(copy.directory)], check=True)
        for shared_memory in copy.directory.glob("*-shm"):
            shared_memory.unlink()
        return copy

    def names(self) -> list[str]:
        return Segments(self.directory).names()

    def segment(self, name: str | None = None) -> Segment:
        """A segment, the newest by default."""
        return Segments(self.directory).open(name or self.names()[-1])

    def page(self, signal: Signal = Signal.LOGS, after: int = 0, rows: int = ALL, size: int = ALL, name: str | None = None) -> Page:
        with closing(self.segment(name)) as segment:
            return segment.page(signal, after, rows, size)

    def bodies(self, signal: Signal = Signal.LOGS) -> list[bytes]:
        """All that can be read of a signal, in order."""
        return [row.body for name in self.names() for row in self.page(signal, name=name).rows]

    def database(self, name: str | None = None) -> Path:
        return layout.database(self.directory, name or self.names()[-1])

    def wal(self, name: str | None = None) -> Path:
        return layout.wal(self.directory, name or self.names()[-1])

    def mark(self, name: str | None = None) -> Path:
        return layout.mark(self.directory, name or self.names()[-1])


async def append_all(journal: Journal, *entries: Entry) -> list[bool]:
    """Append entries as if their requests had come at the same time."""
    return await asyncio.gather(*(journal.append(entry) for entry in entries))


async def outcomes(journal: Journal, *entries: Entry) -> list[bool | BaseException]:
    """The same, with the errors."""
    return await asyncio.gather(*(journal.append(entry) for entry in entries), return_exceptions=True)


def current(journal: Journal) -> Current:
    """The segment that a journal is writing."""
    found = journal._roll._current

    assert found is not None
    return found


def noise(path: Path, offset: int, length: int = 200, seed: int = 1) -> None:
    """Overwrite a part of a file, as a bad disk or a stray program would."""
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(random.Random(seed).randbytes(length))


def cut(path: Path, size: int) -> None:
    """Cut a file to `size` bytes."""
    with path.open("r+b") as file:
        file.truncate(size)
