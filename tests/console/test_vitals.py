"""The figures of a glance agree with the ledger, and are not taken more often than they are worth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.figures import lane, vitals
from tests.relay.test_usage import UsageWorld, prompts
from tests.relay.world import ScriptedSink, World, batch
from tests.service.places import settings
from upwell import console
from upwell.otlp.model import Signal
from upwell.relay import Relay
from upwell.sinks.base import Delivered, Outcome
from upwell.store import Counts


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    def one_rejected(ids: list[str]) -> Outcome:
        return Delivered(rejected=1, message="one is too old")

    made = World(tmp_path, ScriptedSink(one_rejected))
    yield made
    made.close()


def _take(world: World) -> console.Vitals:
    relay = Relay(settings(world.folder), [world.sink], world.segments, world.book, clock_ns=world.clock)
    try:
        return console.take(world.folder / "journal", world.book, world.segments, relay)
    finally:
        relay.stop()


def test_a_glance_agrees_with_the_ledger(world: World) -> None:
    """Sums and marks tell what the rows tell, while nothing is missing."""
    world.write(batch(["a", "b", "c"]))
    world.turns()
    world.write(batch(["d"]))

    found, ledger = _take(world), world.ledger()

    (one,) = found.lanes
    assert found.accepted[Signal.LOGS] == ledger.signals[2].accepted == 4
    assert (one.status.delivered, one.status.pending_items) == (ledger.lanes[0].delivered, ledger.lanes[0].pending.items)
    assert one.refused == ledger.lanes[0].rejected == 1
    assert found.journal_bytes > 0


def test_a_glance_at_the_usage_store(tmp_path: Path) -> None:
    """Its lanes are beside those of sinks; its counts are there while it is open, and it is not opened for a glance."""
    world = UsageWorld(tmp_path)
    world.write(prompts(1, 2), batch(["a"]))
    relay = Relay(settings(tmp_path), [world.sink], world.segments, world.book, usage=[world.usage], clock_ns=world.clock)
    try:
        found = console.take(tmp_path / "journal", world.book, world.segments, relay)
        assert (found.usage[0].status.pending_items, found.counted, found.store_bytes) == (3, {}, 0)

        world.run_usage()

        found = console.take(tmp_path / "journal", world.book, world.segments, relay)
        assert [lane.status.lane for lane in found.every] == ["test/logs", "usage/logs"]
        assert found.usage[0].status.delivered == 3
        assert found.counted[Signal.LOGS] == Counts(inserted=2, unrecognised=1)
        assert found.store_bytes > 0
    finally:
        relay.stop()
        world.close()


def test_segments_that_are_gone_still_count(world: World) -> None:
    """What was accepted stays accepted when its segment has been let go."""
    world.write(batch(["a", "b"]))
    world.turns()
    world.write(batch(["c"]))
    world.turns()
    world.clock.forward(2 * 86400)
    world.janitor().turn()
    assert len(world.segments.names()) == 1

    assert _take(world).accepted[Signal.LOGS] == 3


def test_quarantine_and_losses_are_counted(world: World) -> None:
    """A glance tells that there is something to look after."""
    with world.book.db.transaction() as db:
        world.book.outcomes.lose(db, "test/logs", "x", 3, "gone")
    assert _take(world).losses == 1

    world.book.outcomes.accept_damage("known")

    assert _take(world).losses == 0


def test_waiting_is_told_in_seconds() -> None:
    """A lane with nothing waiting has no lag, and a clock set back makes none either."""
    found = vitals(lane("slow", pending=3, waited=90), lane("fast"), lane("ahead", pending=1, waited=-5))

    assert [found.oldest_pending_seconds(one) for one in found.lanes] == [90.0, 0.0, 0.0]


def test_a_look_is_kept_for_half_a_second() -> None:
    """Whoever asks again at once gets the same figures."""
    now = [0.0]
    looks = iter([vitals(), dataclasses.replace(vitals(), journal_bytes=1), dataclasses.replace(vitals(), journal_bytes=2)])
    cached = console.Cached(lambda: next(looks), monotonic=lambda: now[0])

    first = cached()
    now[0] = 0.4
    assert cached() is first
    now[0] = 0.6

    assert cached() is not first


@pytest.mark.parametrize(("cost", "good_for"), [(0.001, 0.5), (1.0, 10.0), (60.0, 15.0)])
def test_a_costly_look_is_kept_longer(cost: float, good_for: float) -> None:
    """A look that took a second of CPU is good for ten, so looking stays cheap; but none is good for ever."""
    now, cpu = [0.0], [0.0]

    def look() -> console.Vitals:
        cpu[0] += cost
        now[0] += 40.0  # it may have waited long for the disk or the books: that costs nobody anything
        return vitals()

    cached = console.Cached(look, monotonic=lambda: now[0], cpu=lambda: cpu[0])
    first = cached()
    now[0] = 40.0 + good_for - 0.01
    assert cached() is first
    now[0] = 40.0 + good_for + 0.01

    assert cached() is not first
