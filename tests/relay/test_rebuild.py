"""A rebuild: what the journal still holds is read anew, once, and everything else stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.relay.test_usage import UsageWorld, prompts
from tests.relay.world import batch
from upwell.otlp import Signal, load
from upwell.relay import compare
from upwell.relay.rebuild import Rebuild, Rebuilt
from upwell.store import FILE, Counts, Store
from upwell.usage import Prices, Reading, read


@pytest.fixture
def world(tmp_path: Path) -> Iterator[UsageWorld]:
    made = UsageWorld(tmp_path)
    yield made
    made.close()


def rebuild(world: UsageWorld) -> list[Rebuilt]:
    """All segments, as the command does it; the logs of each."""
    again = Rebuild(world.segments, world.book, world.shelf.store(), Prices())
    found = [one for name in world.segments.names() for one in again.segment(name) if one.signal is Signal.LOGS]
    compare(world.book, world.segments, world.shelf.store(), Signal.LOGS)
    return found


def told(world: UsageWorld) -> list[tuple[object, ...]]:
    with world.shelf.store().connection() as asking:
        return asking.execute("SELECT * FROM events ORDER BY ALL").fetchall()


def test_a_rebuild_by_the_same_dialects_changes_nothing(world: UsageWorld) -> None:
    """Rows, counts and names are what they were, however often."""
    world.write(prompts(1, 2), prompts(2, 3), batch(["a"]))
    world.write(prompts(3, 4))
    world.run_usage()
    before = told(world), world.counts, world.shelf.store().unrecognised(Signal.LOGS)

    for _ in range(2):
        assert [(one.before, one.after) for one in rebuild(world)] == [(3, 3), (1, 1)]

    assert (told(world), world.counts, world.shelf.store().unrecognised(Signal.LOGS)) == before
    world.assert_settled()


def test_a_newer_dialect_makes_other_rows(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a dialect has learnt since is in the rows afterwards, and what nobody knew is known."""
    world.write(prompts(1, 2), batch(["a", "b"]))
    world.run_usage()
    assert world.counts == Counts(inserted=2, unrecognised=2)

    monkeypatch.setattr("upwell.relay.reading.read", _reads_more)
    (found,) = rebuild(world)

    assert (found.before, found.after, found.counts) == (2, 2, Counts(inserted=2, not_usage=2))
    assert world.counts == Counts(inserted=2, not_usage=2)
    assert {row[4] for row in told(world)} == {"claude_code/9"}
    assert world.shelf.store().unrecognised(Signal.LOGS) == {}
    world.assert_settled()


def _reads_more(batch: dict[str, Any], signal: Signal, **how: Any) -> Reading:
    found = read(batch, signal, **how)
    events = tuple(event._replace(dialect="claude_code/9") for event in found.events)
    return replace(found, events=events, unrecognised={}, not_usage=sum(found.unrecognised.values()))


def test_rows_whose_source_is_gone_stay(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment that the journal has let go keeps the rows that were made of it; one still there has new ones."""
    world.write(prompts(1, 2))
    world.write(prompts(2, 3))
    world.turns()
    world.run_usage()
    world.clock.forward(10 * 86_400)
    world.janitor().turn()
    assert len(world.segments.names()) == 1

    monkeypatch.setattr("upwell.relay.reading.read", _reads_more)
    rebuild(world)

    assert sorted(str(row[4]) for row in told(world)) == ["claude_code/1", "claude_code/1", "claude_code/9"]
    assert world.counts == Counts(inserted=3, duplicate=1)
    world.assert_settled()


def test_what_is_in_quarantine_stays_there(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items that could not be read are not brought in by the way: they are booked as quarantined, and `replay` brings them."""
    monkeypatch.setattr("upwell.relay.reading.read", _trips_over_three)
    world.write(prompts(1, 2, 3, 4), prompts(3), prompts(5))
    world.run_usage()
    monkeypatch.undo()

    rebuild(world)

    assert (len(told(world)), world.counts) == (4, Counts(inserted=4))
    assert world.booked().quarantined == {"dialect-raised": 2}
    world.assert_settled()
    for entry in world.book.quarantine.list():
        world.book.quarantine.replay(entry.id)
    world.run_usage()
    rebuild(world)
    assert (len(told(world)), world.counts) == (5, Counts(inserted=5, duplicate=1))
    world.assert_settled()


def _trips_over_three(batch: dict[str, Any], signal: Signal, **how: Any) -> Reading:
    if '"stringValue": "3"' in str(batch).replace("'", '"'):
        raise ZeroDivisionError("content")
    return read(batch, signal, **how)


def test_a_body_that_could_not_be_decoded_stays_out(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole batch in quarantine is left out as a whole."""
    world.write(prompts(1, 2), prompts(3))

    def broken(body: bytes) -> Any:
        if b'"3"' in body:
            raise ValueError("it is broken")
        return load(body)

    monkeypatch.setattr("upwell.relay.reading.load", broken)
    world.run_usage()
    assert world.booked().quarantined == {"unreadable": 1}
    monkeypatch.undo()

    rebuild(world)

    assert (len(told(world)), world.counts) == (2, Counts(inserted=2))
    world.assert_settled()


def test_an_item_that_a_dialect_reads_no_more_is_shown(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was delivered, so it cannot be quarantined: it is counted by what went wrong, and a mended dialect brings it back."""
    world.write(prompts(3, 4))
    world.run_usage()

    monkeypatch.setattr("upwell.relay.reading.read", _trips_over_three)
    rebuild(world)
    (name,) = world.shelf.store().unrecognised(Signal.LOGS)
    assert name.startswith("(reading it raised ZeroDivisionError at test_rebuild.py")
    assert world.counts == Counts(inserted=1, unrecognised=1)
    world.assert_settled()

    monkeypatch.undo()
    rebuild(world)
    assert world.counts == Counts(inserted=2)
    world.assert_settled()


def test_a_crash_leaves_a_segment_as_it_was(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails in the middle of a segment, its rows and counts are the old ones, and the next try succeeds."""
    monkeypatch.setattr("upwell.relay.rebuild._PAGE_ROWS", 1)
    world.write(prompts(1, 2), prompts(3))
    world.run_usage()
    before = told(world), world.counts
    monkeypatch.setattr("upwell.store.inserting.insert", _fails_at(2))

    with pytest.raises(OSError, match="no room"):
        rebuild(world)
    assert (told(world), world.counts) == before
    monkeypatch.undo()

    rebuild(world)
    assert (told(world), world.counts) == before
    world.assert_settled()


def _fails_at(call: int) -> Any:
    from upwell.store.inserting import insert

    calls = iter(range(1, 100))

    def failing(*arguments: Any) -> Any:
        if next(calls) == call:
            raise OSError("no room")
        return insert(*arguments)

    return failing


def test_a_damaged_segment_keeps_its_rows(world: UsageWorld) -> None:
    """What can no longer be read whole was stored once, and stays."""
    world.write(prompts(1, 2))
    world.run_usage()
    before = told(world), world.counts
    database = world.folder / "journal" / f"{world.segments.names()[0]}.db"
    database.write_bytes(b"\0" * database.stat().st_size)

    (found,) = rebuild(world)

    assert "holds less than it did" in found.kept or "damaged" in found.kept
    assert (told(world), world.counts) == before


def test_a_segment_that_goes_meanwhile_keeps_its_rows(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The janitor may let a segment go while it is read: then its rows are older rows."""
    world.write(prompts(1, 2))
    world.write(prompts(3))
    world.turns()
    world.run_usage()
    before = told(world)
    world.clock.forward(10 * 86_400)
    name = world.segments.names()[0]
    again = Rebuild(world.segments, world.book, world.shelf.store(), Prices())
    real = Store.left_out

    def left_out(store: Store, *arguments: Any) -> Any:
        world.janitor().turn()
        return real(store, *arguments)

    monkeypatch.setattr(Store, "left_out", left_out)

    found = again.segment(name)

    assert all(one.kept or not one.before for one in found)
    assert told(world) == before


def test_a_store_that_was_lost_is_filled_again(world: UsageWorld) -> None:
    """What a deleted store held and the journal still holds comes back, and is booked as delivered after all."""
    world.write(prompts(1, 2))
    world.run_usage()
    world.shelf.close()
    (world.folder / FILE).unlink()
    world.restart_usage()
    world.run_usage()
    assert (world.booked().lost, world.events()) == (2, 0)

    rebuild(world)

    assert (world.booked().lost, world.booked().delivered, world.events()) == (0, 2, 2)
    world.assert_settled()


def test_what_is_not_stored_yet_is_left_to_the_lane(world: UsageWorld) -> None:
    """Rows beyond the lane's cursor are its own to take, once."""
    world.write(prompts(1, 2))
    world.run_usage()
    world.write(prompts(3))

    rebuild(world)
    assert world.events() == 2
    world.run_usage()

    assert (world.events(), world.counts) == (3, Counts(inserted=3))
    world.assert_settled()


def test_what_is_stored_and_not_booked_is_made_anew_too(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between store and book leaves rows that a rebuild replaces and the next start books, once."""
    world.write(prompts(1, 2))

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(world.book.parcels, "take", crash)
    with pytest.raises(RuntimeError):
        world.usage.turn()
    monkeypatch.undo()

    rebuild(world)
    world.restart_usage()
    world.run_usage()

    assert (world.events(), world.counts) == (2, Counts(inserted=2))
    world.assert_settled()
