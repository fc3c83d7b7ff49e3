"""Which segments go, when, and what the ledger says of them afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.relay.world import ScriptedSink, World, batch
from upwell.journal import layout
from upwell.journal.rows import Row
from upwell.journal.segment import Segment
from upwell.otlp import Signal
from upwell.relay.janitor import close_lane, reopen_lane
from upwell.sinks.base import Delivered, Glance, Hold, Outcome, Refused


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(answer: Callable[[list[str]], Outcome] | None = None) -> World:
        made.append(World(tmp_path, ScriptedSink(answer)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def held(ids: list[str]) -> Outcome:
    return Hold("AccessDenied", "no", "allow it")


def test_a_settled_segment_stays_for_keep_and_then_goes(world: Callable[..., World]) -> None:
    """Delivered batches stay on disk for `keep`; the sums outlive them."""
    w = world()
    w.write(batch(["a", "b"]))
    w.clock.forward(60)
    w.write(batch(["c"]))
    w.turns()
    first, _ = w.segments.names()
    before = w.ledger()

    w.clock.forward(86_000)
    w.janitor().turn()
    kept = w.segments.names()
    w.clock.forward(500)
    w.janitor().turn()

    assert first in kept
    assert first not in w.segments.names()
    assert w.ledger().lanes == before.lanes
    assert w.ledger().signals == before.signals
    assert w.ledger().problems() == []


def test_an_unsettled_segment_stays(world: Callable[..., World]) -> None:
    """What a lane still needs is not removed, however old."""
    w = world(held)
    w.write(batch(["a"]))
    w.write(batch(["b"]))
    w.turns()
    w.clock.forward(30 * 86_400)

    w.janitor().turn()

    assert len(w.segments.names()) == 2
    assert w.ledger().lanes[0].pending.items == 2


def test_a_full_journal_waits_for_a_required_sink(world: Callable[..., World]) -> None:
    """Batches of a required sink are never let go; the door says 503 instead."""
    w = world(held)
    w.write(batch(["a"]))
    w.write(batch(["b"]))
    w.turns()
    w.settings = w.settings.model_copy(update={"max_bytes": 1})

    w.janitor(required=frozenset({"test"})).turn()

    assert len(w.segments.names()) == 2


def test_a_full_journal_lets_go_of_what_is_not_required_and_books_it(world: Callable[..., World]) -> None:
    """Batches held only by a sink that is not required expire with the reason, rows and parts alike."""
    w = world(held)
    w.write(batch(["a", "b"]), batch(["c"]))
    w.turns()
    w.write(batch(["d"]))
    w.write(batch(["e"]))
    w.settings = w.settings.model_copy(update={"max_bytes": 1})

    w.janitor(required=frozenset()).turn()

    (lane,) = w.ledger().lanes
    assert len(w.segments.names()) == 1
    assert lane.expired == {"journal_full": 4}
    assert lane.pending.items == 1
    assert w.ledger().problems() == []


def test_a_full_journal_lets_settled_segments_go_before_keep(world: Callable[..., World]) -> None:
    """What only `keep` holds goes first, and nothing expires for it."""
    w = world()
    w.write(batch(["a"]))
    w.write(batch(["b"]))
    w.turns()
    w.settings = w.settings.model_copy(update={"max_bytes": 1})

    w.janitor().turn()

    assert len(w.segments.names()) == 1
    assert w.ledger().lanes[0].expired == {}
    assert w.ledger().problems() == []


def test_a_crash_between_the_book_and_the_disk_is_finished_later(world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums are archived once, though the file's removal takes two tries; nothing is read twice."""
    w = world()
    w.write(batch(["a"]))
    w.write(batch(["b"]))
    w.turns()
    w.clock.forward(90_000)
    with monkeypatch.context() as patch:
        patch.setattr(type(w.segments), "unlink", lambda *_: (_ for _ in ()).throw(OSError("cut")))
        with pytest.raises(OSError, match="cut"):
            w.janitor().turn()
    between = w.ledger()
    w.turns()
    w.janitor().turn()

    assert between.problems() == w.ledger().problems() == []
    assert between.lanes == w.ledger().lanes
    assert len(w.segments.names()) == 1
    assert w.sink.sent == [["a", "b"]]


def test_a_row_read_just_before_its_segment_was_let_go_is_not_taken(world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane that meets the janitor between reading and taking leaves what has been booked as expired."""
    w = world()
    w.write(batch(["a"]))
    w.write(batch(["b"]))
    w.settings = w.settings.model_copy(update={"max_bytes": 1})
    take = w.book.parcels.take

    def late(*arguments: Any) -> Any:
        monkeypatch.undo()
        w.janitor(required=frozenset()).turn()
        return take(*arguments)

    monkeypatch.setattr(w.book.parcels, "take", late)
    w.turns()

    assert w.sink.sent == [["b"]]
    assert w.ledger().lanes[0].expired == {"journal_full": 1}
    assert w.ledger().problems() == []


def test_a_segment_that_a_quarantined_replay_needs_is_not_needed(world: Callable[..., World]) -> None:
    """Quarantine keeps its own copy, so a refused item does not hold a segment."""
    w = world(lambda ids: Refused("Bad", "no") if "bad" in ids else Delivered())
    w.write(batch(["bad"]))
    w.write(batch(["b"]))
    w.clock.forward(1)
    w.turns()
    w.clock.forward(90_000)
    w.janitor().turn()
    w.sink.answer = lambda ids: Delivered()

    w.book.quarantine.replay(w.book.quarantine.list()[0].id)
    w.turns()

    assert w.sink.sent[-1] == ["bad"]
    assert w.ledger().problems() == []


def test_a_closed_lane_keeps_its_sums_and_a_reopened_one_starts_from_now(world: Callable[..., World]) -> None:
    """Closing books what waited as expired; opening again sends nothing of before, and the sums go on."""
    w = world(held)
    w.write(batch(["a"]), batch(["b"]))
    w.turns()

    given_up = close_lane(w.book, w.segments, w.book.lanes.all()[0])
    w.write(batch(["while closed"]))
    closed = w.ledger()
    reopen_lane(w.book, w.segments, w.book.lanes.all()[0])
    w.sink.answer = lambda ids: Delivered()
    w.start_lane()
    w.write(batch(["after"]))
    w.turns()

    assert given_up == 2
    assert closed.lanes[0].expired == {"sink_closed": 2}
    assert closed.problems() == []
    assert w.sink.sent[-1] == ["after"]
    assert w.ledger().lanes[0].delivered == 1
    assert w.ledger().problems() == []


def damage(w: World, name: str) -> None:
    """Noise over the rows of a closed segment."""
    path = layout.database(w.folder / "journal", name)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(bytes(content))


def test_what_damage_took_is_booked_lost_and_said_aloud(world: Callable[..., World]) -> None:
    """Rows that cannot be read are lost, the others delivered, and the check fails until somebody accepts it."""
    w = world()
    w.write(*[batch([f"a{number}", f"b{number}"]) for number in range(50)])
    w.write(batch(["fine"]))
    damage(w, w.segments.names()[0])

    w.turns()
    found = w.ledger()
    w.book.outcomes.accept_damage("disk replaced")

    assert w.sink.sent[-1][-1] == "fine"
    assert found.lanes[0].lost == 100 - (found.lanes[0].delivered - 1)
    assert found.lanes[0].lost > 0
    assert len(found.problems()) == 1
    assert "cannot be read" in found.problems()[0]
    assert w.ledger().problems() == []


def test_a_missing_mark_is_said_aloud(world: Callable[..., World]) -> None:
    """Without its mark a segment cannot prove that it is whole: the check fails until that is accepted."""
    w = world()
    w.write(batch(["a"]))
    w.write(batch(["b"]))
    layout.mark(w.folder / "journal", w.segments.names()[0]).unlink()

    w.turns()

    assert w.sink.sent == [["a", "b"]]
    assert any("mark" in problem for problem in w.ledger().problems())
    w.book.outcomes.accept_damage("known")
    assert w.ledger().problems() == []


def test_damage_to_rows_already_taken_is_booked_lost(world: Callable[..., World]) -> None:
    """A parcel that waits for its sink and becomes unreadable meanwhile is lost, not forgotten."""
    w = world(held)
    w.write(*[batch([f"a{number}"]) for number in range(30)])
    w.write(batch(["fine"]))
    w.turns()
    w.start_lane()
    damage(w, w.segments.names()[0])
    w.sink.answer = lambda ids: Delivered()

    w.turns()

    lane = w.ledger().lanes[0]
    assert lane.lost > 0
    assert lane.delivered + lane.lost == 31
    assert lane.missing == 0


def test_a_segment_that_is_let_go_while_a_lane_packs_it_stays_gone(tmp_path: Path) -> None:
    """What the janitor has booked as expired and deleted is not taken by a lane that had just read it."""

    class Slow(ScriptedSink):
        """Packs so slowly that the janitor comes in between."""

        def glance(self, row: Row) -> Glance | None:
            if row.segment == second:
                janitor.turn()
            return super().glance(row)

    world = World(tmp_path, Slow(held))
    world.write(batch(["a"]))
    world.write(batch(["b", "c"]))
    world.write(batch(["d"]))
    second = world.segments.names()[1]
    world.settings = world.settings.model_copy(update={"max_bytes": 1})
    janitor = world.janitor(required=frozenset())

    world.turns()

    (lane,) = world.ledger().lanes
    assert (lane.offered, lane.expired, lane.pending.items, lane.lost) == (4, {"journal_full": 3}, 1, 0)
    assert world.ledger().problems() == []
    world.close()


def test_a_segment_that_is_let_go_while_a_lane_comes_to_its_end_is_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane that finds nothing more in a segment, and the segment gone, books no damage."""
    world = World(tmp_path)
    world.write({"resourceMetrics": []}, signal=Signal.METRICS)
    world.write(batch(["b"]))
    world.settings = world.settings.model_copy(update={"max_bytes": 1})
    janitor = world.janitor(required=frozenset())
    finish = world.lane.intake._finish

    def late(segment: Segment, upto: int) -> None:
        janitor.turn()
        finish(segment, upto)

    monkeypatch.setattr(world.lane.intake, "_finish", late)
    world.turns()

    assert len(world.segments.names()) == 1
    assert world.ledger().problems() == []
    world.close()


def test_a_part_that_is_let_go_while_a_lane_looks_for_its_rows_is_no_loss(world: Callable[..., World]) -> None:
    """Rows that are gone because they were let go are expired, not lost as well."""
    w = world(held)
    w.write(batch(["a", "b"]))
    w.write(batch(["c"]))
    w.turns()
    (part,) = w.book.parcels.first("test/logs")
    w.settings = w.settings.model_copy(update={"max_bytes": 1})
    w.janitor(required=frozenset()).turn()

    w.book.parcels.lose("test/logs", part, 2)

    assert w.ledger().lanes[0].lost == 0
    assert w.ledger().problems() == []
