"""The worker's lanes as a whole: threads, status, sinks that come and go."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.relay.world import ScriptedSink, World, batch
from upwell import config
from upwell.errors import ConfigError
from upwell.journal.rows import Tally
from upwell.journal.segment import Segment
from upwell.otlp import Signal
from upwell.relay import Relay, close_sink
from upwell.sinks.base import Delivered, Hold, Outcome


class NamedSink(ScriptedSink):
    def __init__(self, name: str, answer: Callable[[list[str]], Outcome] | None = None) -> None:
        super().__init__(answer)
        self.name = name


def settings(folder: Path, *names: str) -> config.Settings:
    sinks = [config.OtlpSink(name=name, endpoint="http://127.0.0.1:1", linger=0.0) for name in names]
    return config.Settings(data_dir=folder, sinks=list(sinks))


def eventually(check: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def world(tmp_path: Path) -> World:
    w = World(tmp_path)
    w.lane.intake.close()
    with w.book.db.transaction() as db:
        db.execute("DELETE FROM lanes")
    return w


def test_every_lane_delivers_and_a_held_one_delays_no_other(world: World, tmp_path: Path) -> None:
    """Two sinks have cursors of their own; one that is held leaves the other alone."""
    good, bad = NamedSink("good"), NamedSink("bad", lambda ids: Hold("AccessDenied", "no", "allow it"))
    relay = Relay(settings(tmp_path, "good", "bad"), [good, bad], world.segments, world.book, clock_ns=world.clock)
    world.write(batch(["a"]), batch(["b"]))

    relay.start()
    eventually(lambda: [name for ids in good.sent for name in ids] == ["a", "b"])
    eventually(lambda: relay.status()[1].state == "held")
    relay.stop()

    good_status, bad_status = relay.status()
    assert (good_status.state, good_status.pending_items, good_status.delivered) == ("flowing", 0, 2)
    assert (bad_status.code, bad_status.hint, bad_status.pending_items) == ("AccessDenied", "allow it", 2)
    assert bad_status.oldest_pending_ns == world.clock()
    assert world.ledger().problems() == []


def test_stopping_books_the_request_in_flight(world: World, tmp_path: Path) -> None:
    """A stop waits for the answer that is on its way, and books it."""
    asked, go_on = threading.Event(), threading.Event()

    def slow(ids: list[str]) -> Outcome:
        asked.set()
        go_on.wait(20)
        return Delivered()

    sink = NamedSink("slow", slow)
    relay = Relay(settings(tmp_path, "slow"), [sink], world.segments, world.book, clock_ns=world.clock)
    world.write(batch(["a"]))
    relay.start()
    assert asked.wait(20)
    stopper = threading.Thread(target=relay.stop)
    stopper.start()
    go_on.set()
    stopper.join(20)

    assert not stopper.is_alive()
    assert world.ledger().lanes[0].delivered == 1
    assert world.book.parcels.waiting("slow/logs").items == 0


def test_a_lane_that_fails_says_so_and_the_others_go_on(world: World, tmp_path: Path) -> None:
    """A mistake in one lane is held, shown, and leaves the others alone."""

    def mistake(ids: list[str]) -> Outcome:
        raise ValueError("a mistake of ours")

    broken, good = NamedSink("broken", mistake), NamedSink("good")
    relay = Relay(settings(tmp_path, "broken", "good"), [broken, good], world.segments, world.book, clock_ns=world.clock)
    world.write(batch(["a"]))

    relay.start()
    eventually(lambda: good.sent == [["a"]])
    eventually(lambda: relay.status()[0].state == "failed")
    relay.stop()

    assert relay.status()[0].code == "ValueError"
    assert world.ledger().problems() == []


def test_a_removed_sink_with_items_refuses_to_start_until_it_is_closed(world: World, tmp_path: Path) -> None:
    """Items are not given up by an edit of the configuration, only by saying so."""
    old = NamedSink("old", lambda ids: Hold("AccessDenied", "no", "allow it"))
    relay = Relay(settings(tmp_path, "old"), [old], world.segments, world.book, clock_ns=world.clock)
    world.write(batch(["a"]), batch(["b"]))
    relay.lanes[0].turn()
    relay.stop()

    with pytest.raises(ConfigError, match="2 items of logs wait for it") as refused:
        Relay(settings(tmp_path, "new"), [NamedSink("new")], world.segments, world.book, clock_ns=world.clock)
    given_up = close_sink(world.book, world.segments, "old")
    Relay(settings(tmp_path, "new"), [NamedSink("new")], world.segments, world.book, clock_ns=world.clock).stop()

    assert "upwell ledger close old" in refused.value.hint
    assert given_up == 2


def test_a_removed_sink_without_items_is_closed_by_itself(world: World, tmp_path: Path) -> None:
    """Nothing waits, so nothing has to be said."""
    relay = Relay(settings(tmp_path, "old"), [NamedSink("old")], world.segments, world.book, clock_ns=world.clock)
    world.write(batch(["a"]))
    while relay.lanes[0].turn() == 0:
        pass
    relay.stop()

    Relay(settings(tmp_path, "new"), [NamedSink("new")], world.segments, world.book, clock_ns=world.clock).stop()

    assert [(lane.lane, lane.closed_ns is not None) for lane in world.book.lanes.all()] == [("new/logs", False), ("old/logs", True)]
    assert world.ledger().problems() == []


def test_signals_without_a_lane_are_kept(world: World) -> None:
    """A sink for logs leaves metrics where they are, and a closed lane takes nothing either."""
    world.start_lane()
    world.write(batch(["a", "b"]))
    world.turns()
    assert world.ledger().kept == Tally()

    close_sink(world.book, world.segments, "test")

    assert world.ledger().kept == Tally(1, 2)


def test_a_segment_let_go_meanwhile_is_counted_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The janitor archives and unlinks a segment while the ledger reads: the sums are taken again, and hold."""
    world.start_lane()
    world.write(batch(["a", "b"]))
    world.write(batch(["c"]))
    world.turns()
    world.clock.forward(2 * 86400)
    real, turns = world.segments.open, iter([world.janitor().turn])

    def open_after_the_janitor(name: str) -> Segment:
        for turn in turns:
            turn()
        return real(name)

    monkeypatch.setattr(world.segments, "open", open_after_the_janitor)
    found = world.ledger()

    assert len(world.segments.names()) == 1
    assert found.problems() == []
    assert (found.signals[2].accepted, found.lanes[0].delivered) == (3, 3)


def test_with_no_sink_batches_are_kept_and_the_ledger_says_so(world: World) -> None:
    """Without a lane everything journaled counts as kept; a sink added later gets what is still there."""
    world.write(batch(["a", "b"]))
    kept = world.ledger().kept
    world.start_lane()
    world.turns()

    assert (kept.batches, kept.items) == (1, 2)
    assert world.ledger().kept == Tally()
    assert world.sink.sent == [["a", "b"]]
    assert world.ledger().signals[2].signal is Signal.LOGS
    assert world.ledger().signals[2].accepted == 2
