"""Quarantine without somebody who was forgotten: their batches and items go, everybody else's stay, and every sum holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.relay.test_usage import UsageWorld, _trips_over_three, prompts
from tests.relay.world import ScriptedSink, World, batch
from upwell.journal.quarantine import Quarantined
from upwell.otlp import Encoding, Signal, encode
from upwell.relay.forgetting import Purged, purge_quarantine
from upwell.sinks.base import Delivered, Outcome, Refused

ANN = "p-8000000000000001"


def _refuse(ids: list[str]) -> Outcome:
    return Refused("invalid", "wrong") if any(name.startswith("bad") for name in ids) else Delivered()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, ScriptedSink(_refuse))
    yield made
    made.close()


def of(told: dict[str, Any], *people: str | None) -> dict[str, Any]:
    """The batch with a person on each record, as policy writes one that is only claimed."""
    resource = told["resourceLogs"][0]
    resource["resource"] = {"attributes": [{"key": "upwell.key.id", "value": {"stringValue": "key"}}]}
    for record, person in zip(resource["scopeLogs"][0]["logRecords"], people, strict=True):
        if person:
            record["attributes"] += [
                {"key": "user.id", "value": {"stringValue": person}},
                {"key": "upwell.user.claimed", "value": {"boolValue": True}},
            ]
    return told


def quarantined(world: World, *batches: dict[str, Any]) -> None:
    """Batches whose items the sink refuses: one at a time, since halves that fail alike would hold the lane."""
    for told in batches:
        world.write(batch(["good"]), told)
        world.turns()


def put(world: World, body: bytes, *, items: int, lane: str = "test/logs") -> None:
    """A batch in quarantine, put there by hand."""
    with world.book.db.transaction() as db:
        world.book.quarantine.add(db, lane, Quarantined("invalid", "wrong", "key", 1, items, 1, 2, body))


def test_batches_sent_with_their_keys_go(world: World) -> None:
    """Whatever is in them; another key's stay."""
    quarantined(world, batch(["bad-1"]), batch(["bad-2"]))

    assert purge_quarantine(world.book, {"other"}, ()) == Purged()
    assert purge_quarantine(world.book, {"key"}, ()) == Purged(items=2)

    assert world.book.quarantine.list() == []
    (lane,) = world.ledger().lanes
    assert (lane.quarantined, lane.missing) == ({"dropped_by_hand": 2}, 0)


def test_items_under_their_name_go(world: World) -> None:
    """A batch of several people loses theirs and keeps the rest."""
    told = of(batch(["a", "b", "c", "d"]), ANN, "p-8000000000000002", ANN, None)
    put(world, encode(told, Signal.LOGS, Encoding.JSON), items=4)

    assert purge_quarantine(world.book, (), {ANN}) == Purged(items=2)

    (entry,) = world.book.quarantine.list()
    _, body = world.book.quarantine.show(entry.id)
    assert entry.items == 2
    assert ANN.encode() not in body
    assert [name in body.decode() for name in ('"a"', '"b"', '"c"', '"d"')] == [False, True, False, True]
    assert world.book.outcomes.of("test/logs") == {("quarantined", "invalid"): 2, ("quarantined", "dropped_by_hand"): 2}
    assert purge_quarantine(world.book, (), {ANN}) == Purged()


def test_a_batch_that_nobody_can_decode_goes_whole(world: World) -> None:
    """Where the name stands in a body that cannot be cut, nothing of it stays."""
    put(world, b'{"resourceLogs":[' + ANN.encode(), items=3, lane="usage/logs")

    assert purge_quarantine(world.book, (), {ANN}) == Purged(items=3)
    assert world.book.quarantine.list() == []


def test_a_batch_on_its_way_again_goes_too(world: World) -> None:
    """It waited for its lane: then nothing of it is sent, and nothing is booked as lost."""
    quarantined(world, batch(["bad-1"]))
    world.book.quarantine.replay(world.book.quarantine.list()[0].id)

    assert purge_quarantine(world.book, {"key"}, ()) == Purged(items=1)
    world.turns()

    assert world.book.quarantine.list() == []
    (lane,) = world.ledger().lanes
    assert (lane.quarantined, lane.lost, lane.missing, lane.pending.items) == ({"dropped_by_hand": 1}, 0, 0, 0)


def test_a_batch_on_its_way_again_is_not_cut(world: World) -> None:
    """Its lane goes by the number of its items; it is told, and goes the next time."""
    put(world, encode(of(batch(["bad", "b"]), ANN, None), Signal.LOGS, Encoding.JSON), items=2)
    world.book.quarantine.replay(world.book.quarantine.list()[0].id)

    assert purge_quarantine(world.book, (), {ANN}) == Purged(busy=1)
    assert [entry.items for entry in world.book.quarantine.list()] == [2]


def test_a_part_let_go_while_it_was_looked_at_is_no_loss(world: World) -> None:
    """A lane that had just found the part of a forgotten batch books nothing for it."""
    quarantined(world, batch(["bad-1"]))
    world.book.quarantine.replay(world.book.quarantine.list()[0].id)
    ((part,),) = world.book.parcels.stored("test/logs")

    purge_quarantine(world.book, {"key"}, ())

    assert world.lane.intake.stored(part) == []
    (lane,) = world.ledger().lanes
    assert (lane.lost, lane.missing, world.ledger().damages) == (0, 0, [])


def test_a_replay_into_the_store_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that is forgotten between being read and being stored is not stored."""
    world = UsageWorld(tmp_path)
    monkeypatch.setattr("upwell.relay.reading.read", _trips_over_three)
    world.write(prompts(3))
    world.run_usage()
    monkeypatch.undo()
    world.book.quarantine.replay(world.book.quarantine.list()[0].id)
    reader = world.usage._reader
    real = reader.read

    def read(*arguments: Any) -> Any:
        found = real(*arguments)
        purge_quarantine(world.book, {"key"}, ())
        return found

    monkeypatch.setattr(reader, "read", read)
    world.run_usage()

    assert (world.events(), world.counts.items) == (0, 0)
    world.assert_settled()
    world.close()
