"""Where a lane's rows come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay.world import ScriptedSink, World, batch
from upwell.journal.rows import Page
from upwell.journal.segment import Segment
from upwell.otlp import Signal
from upwell.sinks.base import Limits


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A lane whose requests take three small rows each."""
    made = World(tmp_path, ScriptedSink(limits=Limits(items=3, bytes=100_000)))
    yield made
    made.close()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each look into a segment gave."""
    counted: list[int] = []
    page = Segment.page

    def counting(self: Segment, signal: Signal, after_seq: int, max_rows: int, max_bytes: int) -> Page:
        found = page(self, signal, after_seq, max_rows, max_bytes)
        counted.append(len(found.rows))
        return found

    monkeypatch.setattr(Segment, "page", counting)
    return counted


def test_rows_are_read_once_however_many_requests_they_make(world: World, read: list[int]) -> None:
    """What was read ahead for one request is there for the next."""
    world.write(*[batch([f"{number}"]) for number in range(30)])

    world.turns()

    assert [len(ids) for ids in world.sink.sent] == [3] * 10
    assert sum(read) == 30


def test_rows_that_come_later_are_found(world: World) -> None:
    """Reading ahead does not end the journal: new rows and new segments follow."""
    for life in range(3):
        world.write(*[batch([f"{life}-{number}"]) for number in range(4)])
        world.turns()

    assert world.sink.delivered == [f"{life}-{number}" for life in range(3) for number in range(4)]
    assert world.ledger().problems() == []
