"""Hours and days in moments: the real journal, lanes and CloudWatch sink in this process, under a clock that the test moves.

The fake judges items by the same clock. Requests are signed with the real time, as the fake expects it.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.crash.batches import batch
from tests.crash.destination import Destination
from tests.crash.house import cloudwatch
from upwell import config
from upwell.journal.book import Book
from upwell.journal.ledger import Ledger, compute
from upwell.journal.rows import Entry
from upwell.journal.segment import Segments
from upwell.journal.writer import Journal
from upwell.otlp import Encoding, Signal, encode, survey
from upwell.relay.janitor import Janitor
from upwell.relay.relay import Relay
from upwell.sinks import build

START_NS = 1_790_000_000 * 10**9
HOUR = 3600.0
DAY = 24 * HOUR


class Clock:
    """Unix nanoseconds that only a test moves."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def forward(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


class Days:
    """One worker's life in a folder; `fake` must go by `clock`."""

    def __init__(self, folder: Path, fake: Destination, clock: Clock, **sink: object) -> None:
        self._folder = folder
        self._clock = clock
        self._settings = config.Settings.model_validate(
            {"data_dir": folder, "journal": {"reserve": 0}, "sinks": [cloudwatch(fake, **sink)]}
        )
        self._sinks = [build(one, clock_ns=clock) for one in self._settings.sinks]
        self.book = Book(folder / "relay.db", clock_ns=clock)
        self.segments = Segments(folder / "journal")
        self.relay = Relay(self._settings, self._sinks, self.segments, self.book, clock_ns=clock)
        self.janitor: Janitor = self.relay.janitor

    def write(self, signal: Signal, ids: Sequence[str]) -> list[str]:
        """One batch of items dated now, in a segment of its own; its ids."""

        async def run() -> None:
            journal = Journal(self._folder / "journal", self._settings.journal, digest_key=b"k" * 32, clock_ns=self._clock)
            journal.open()
            content = batch(signal, ids, time_ns=self._clock())
            found = survey(content, signal)
            body = encode(content, signal, Encoding.JSON)
            assert await journal.append(
                Entry(signal, "key", os.urandom(16), self._clock(), found.items, found.oldest_ns, found.newest_ns, body)
            )
            journal.close()

        asyncio.run(run())
        return list(ids)

    def pass_time(self, seconds: float) -> Counter[str]:
        """Let the lanes take their turns, each when it wants to, until the time is over; how many turns each took."""
        end_ns = self._clock.now_ns + int(seconds * 1e9)
        due = {lane.name: self._clock.now_ns for lane in self.relay.lanes}
        turns: Counter[str] = Counter()
        while (now_ns := min(due.values())) <= end_ns:
            self._clock.now_ns = max(self._clock.now_ns, now_ns)
            for lane in self.relay.lanes:
                if due[lane.name] <= now_ns:
                    wait = lane.turn()
                    turns[lane.name] += 1
                    # A lane with nothing to do looks every 0.25 s; for days of that nothing is learned.
                    due[lane.name] = now_ns + int(max(wait, 0.001 if wait == 0 else 5.0) * 1e9)
        self._clock.now_ns = end_ns
        return turns

    def states(self) -> dict[Signal, str]:
        return {lane.signal: lane.trouble.state if lane.trouble else "flowing" for lane in self.relay.lanes}

    def codes(self) -> dict[Signal, str]:
        return {lane.signal: lane.trouble.code for lane in self.relay.lanes if lane.trouble}

    def ledger(self) -> Ledger:
        return compute(self.book, self.segments)

    def close(self) -> None:
        for lane in self.relay.lanes:
            lane.intake.close()
        self.book.close()
        for sink in self._sinks:
            sink.close()
