"""A small world for lanes: a real journal and book in a folder, a clock that a test moves, a sink that a test scripts."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from upwell import config
from upwell.journal.book import Book
from upwell.journal.ledger import Ledger, compute
from upwell.journal.rows import Entry, Row
from upwell.journal.segment import Segments
from upwell.journal.writer import Journal
from upwell.otlp import Encoding, Signal, decode, encode, select, splice, survey
from upwell.relay.intake import Intake
from upwell.relay.janitor import Janitor
from upwell.relay.lane import Lane
from upwell.sinks.base import Delivered, Glance, Hold, Limits, Outcome

START_NS = 1_790_000_000 * 10**9


class Clock:
    """Unix nanoseconds that only a test moves."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def forward(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)


def batch(ids: Sequence[str], *, time_ns: int | Callable[[int], int] = START_NS, size: int = 0) -> dict[str, Any]:
    """A logs batch of one record per id."""
    at = time_ns if callable(time_ns) else lambda _: time_ns
    records = [
        {
            "timeUnixNano": str(at(number)),
            "body": {"stringValue": "x" * size},
            "attributes": [{"key": "test.id", "value": {"stringValue": name}}],
        }
        for number, name in enumerate(ids)
    ]
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": records}]}]}


def ids_in(body: bytes) -> list[str]:
    """The ids in a request, in order."""
    return [
        record["attributes"][0]["value"]["stringValue"]
        for resource in json.loads(body)["resourceLogs"]
        for scope in resource["scopeLogs"]
        for record in scope["logRecords"]
    ]


class OpenedBatch:
    """A decoded row whose items weigh 100 bytes each; a record with the body `bad-limit` breaks a limit."""

    def __init__(self, row: Row) -> None:
        self._batch = decode(row.body, row.signal, Encoding.JSON).batch
        self._records = [
            record for resource in self._batch["resourceLogs"] for scope in resource["scopeLogs"] for record in scope["logRecords"]
        ]
        self.items = len(self._records)

    def time_ns(self, item: int) -> int:
        return int(self._records[item]["timeUnixNano"])

    def fault(self, item: int) -> str | None:
        return "too many labels" if self._records[item]["body"].get("stringValue") == "bad-limit" else None

    def weight(self, first: int, last: int) -> int:
        return 100 * (last - first)

    def fragment(self, first: int, last: int) -> bytes:
        return encode(select(self._batch, Signal.LOGS, first, last), Signal.LOGS, Encoding.JSON)


class ScriptedSink:
    """A sink for logs that answers what `answer` says, and remembers every request it got."""

    name = "test"
    required = True
    signals = frozenset({Signal.LOGS})

    def __init__(self, answer: Callable[[list[str]], Outcome] | None = None, *, limits: Limits | None = None, glances: bool = True) -> None:
        self.answer = answer or (lambda ids: Delivered())
        self.sent: list[list[str]] = []
        self.repairs: list[Hold] = []
        self.can_repair = False
        self.glances = glances
        self._limits = limits or Limits(items=1000, bytes=100_000)

    def limits(self, signal: Signal) -> Limits:
        return self._limits

    def glance(self, row: Row) -> Glance | None:
        return Glance(110 * row.items, row.body) if self.glances and row.items < 10 else None

    def open(self, row: Row) -> OpenedBatch:
        return OpenedBatch(row)

    def join(self, signal: Signal, fragments: Sequence[bytes]) -> bytes:
        return splice(fragments, signal, Encoding.JSON)

    def send(self, signal: Signal, body: bytes) -> Outcome:
        ids = ids_in(body)
        self.sent.append(ids)
        return self.answer(ids)

    def repair(self, signal: Signal, hold: Hold) -> bool:
        self.repairs.append(hold)
        return self.can_repair

    def close(self) -> None:
        """Nothing is open."""

    @property
    def delivered(self) -> list[str]:
        """All ids of requests that were answered with Delivered."""
        return [name for ids in self.sent for name in ids if isinstance(self.answer(ids), Delivered)]


class World:
    """Journal, book, one lane, and helpers to fill and run them."""

    def __init__(self, folder: Path, sink: ScriptedSink | None = None, **lane: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.settings = config.Journal(segment_bytes=2**20, max_bytes=2**30, reserve=0)
        self.sink = sink or ScriptedSink()
        self.book = Book(folder / "relay.db", clock_ns=self.clock)
        self.segments = Segments(folder / "journal")
        self._lane_options = lane
        self.lane = self.start_lane()

    def start_lane(self) -> Lane:
        """As a worker that starts anew: everything it knows comes from the files."""
        intake = Intake("test/logs", Signal.LOGS, self.segments, self.book)
        self.lane = Lane(self.sink, Signal.LOGS, intake, self.book, clock_ns=self.clock, **{"linger": 0.0, **self._lane_options})
        return self.lane

    def write(self, *batches: dict[str, Any], signal: Signal = Signal.LOGS) -> None:
        """One gateway's life: open a segment, append, close."""

        async def run() -> None:
            journal = Journal(self.folder / "journal", self.settings, digest_key=b"k" * 32, clock_ns=self.clock)
            journal.open()
            for content in batches:
                body = encode(content, signal, Encoding.JSON)
                found = survey(content, signal)
                entry = Entry(signal, "key", os.urandom(16), self.clock(), found.items, found.oldest_ns, found.newest_ns, body)
                assert await journal.append(entry)
            journal.close()

        asyncio.run(run())

    def turns(self, limit: int = 200) -> float:
        """Turns until the lane has nothing to do at once; returns the wait it asks for."""
        for _ in range(limit):
            wait = self.lane.turn()
            if wait > 0:
                return wait
        raise AssertionError(f"the lane still wants to go on after {limit} turns")

    def janitor(self, required: frozenset[str] = frozenset({"test"})) -> Janitor:
        return Janitor(self.segments, self.book, self.settings, required, self.clock)

    def ledger(self) -> Ledger:
        return compute(self.book, self.segments)

    def close(self) -> None:
        self.lane.intake.close()
        self.book.close()
