"""The gateway's side of the journal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from upwell.journal import Journal
from upwell.otlp.model import Signal

if TYPE_CHECKING:
    Bench = Any


def test_appended_batches_come_back(bench: Bench) -> None:
    """What append acknowledged is read back, signal by signal, in order and to the byte."""
    logs = [bench.entry(number) for number in range(5)]
    spans = [bench.entry(number, Signal.TRACES) for number in range(3)]

    assert bench.store(*logs, *spans) == [True] * 8

    assert bench.bodies(Signal.LOGS) == [entry.body for entry in logs]
    assert bench.bodies(Signal.TRACES) == [entry.body for entry in spans]
    assert bench.bodies(Signal.METRICS) == []


def test_a_retry_is_not_stored_twice(bench: Bench) -> None:
    """The same body of the same key and signal is stored once, also when it comes while the first is being committed."""
    entry = bench.entry(1)

    async def work(journal: Journal) -> list[bool]:
        together = await asyncio.gather(journal.append(entry), journal.append(entry))
        return [*together, await journal.append(entry)]

    assert bench.run(work) == [True, False, False]
    assert bench.bodies() == [entry.body]
