"""The usage lanes: every item counted once, whatever fails between journal, store and book."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.relay.world import World, batch
from upwell import config
from upwell.errors import DataDirError
from upwell.identity import Forgotten
from upwell.journal.ledger import LaneSum
from upwell.journal.quarantine import Quarantined
from upwell.otlp import Signal
from upwell.relay import Retention, Shelf, UsageLane
from upwell.relay.janitor import Janitor
from upwell.store import FILE, Counts, Store
from upwell.usage import Prices, Reading, read


def prompts(*numbers: int) -> dict[str, Any]:
    """A logs batch of one Claude Code prompt per number."""
    told = batch([str(number) for number in numbers], time_ns=lambda at: 1_790_000_000 * 10**9 + numbers[at])
    for record in told["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
        number = record["attributes"][0]["value"]["stringValue"]
        record["body"] = {"stringValue": "claude_code.user_prompt"}
        named = {"event.name": "user_prompt", "session.id": "s", "prompt.id": number, "event.sequence": number, "prompt_length": "5"}
        record["attributes"] = [{"key": key, "value": {"stringValue": value}} for key, value in named.items()]
    told["resourceLogs"][0]["scopeLogs"][0]["scope"] = {"name": "com.anthropic.claude_code.events"}
    return told


class UsageWorld(World):
    """A world whose lane under test is the store's, for logs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.memory = partial(Store, folder / FILE, memory_limit=128 * 10**6)
        self.start_usage()

    def start_usage(self) -> None:
        """As a worker that starts anew."""
        self.shelf = Shelf(self.memory)
        self.usage = UsageLane(Signal.LOGS, self.segments, self.book, self.shelf, Prices(), clock_ns=self.clock)

    def restart_usage(self) -> None:
        self.shelf.close()
        self.usage.intake.close()
        self.start_usage()

    def run_usage(self) -> None:
        """Turns until there is nothing to do at once."""
        for _ in range(50):
            if self.usage.turn() > 0:
                return
        raise AssertionError("the lane does not come to rest")

    def events(self) -> int:
        with self.shelf.store().connection() as connection:
            (found,) = connection.execute("SELECT count(*) FROM usage").fetchall()
        return int(found[0])

    @property
    def counts(self) -> Counts:
        return self.shelf.store().counts(Signal.LOGS)

    def booked(self) -> LaneSum:
        (found,) = self.ledger().usage
        return found

    def assert_settled(self) -> None:
        """Both sums hold: the ledger's, and the store's beside it."""
        assert self.booked().missing == 0
        assert self.booked().pending.items == 0
        assert self.usage.sum().missing == 0

    def close(self) -> None:
        self.shelf.close()
        self.usage.intake.close()
        super().close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[UsageWorld]:
    made = UsageWorld(tmp_path)
    yield made
    made.close()


def test_rows_go_from_the_journal_to_the_store(world: UsageWorld) -> None:
    """Each item is inserted, a duplicate, no usage or unrecognised, and booked as delivered."""
    world.write(prompts(1, 2), prompts(2, 3), batch(["a", "b"]))

    world.run_usage()

    assert (world.events(), world.counts) == (3, Counts(inserted=3, duplicate=1, unrecognised=2))
    assert world.booked().delivered == 6
    assert sum(world.usage.sum().unrecognised.values()) == 2
    world.assert_settled()


def test_large_backlogs_are_taken_in_steps(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction holds a bounded number of items, of one segment."""
    monkeypatch.setattr("upwell.relay.usage._STEP_ITEMS", 2)
    world.write(*[prompts(number) for number in range(5)])
    world.write(*[prompts(number) for number in range(5, 8)])

    world.run_usage()

    assert world.events() == 8
    world.assert_settled()


def test_a_crash_between_store_and_book_repeats_nothing(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store has already is booked by the next start, and not counted again."""
    world.write(prompts(1, 2))
    monkeypatch.setattr(world.book.parcels, "take", _crash)
    with pytest.raises(RuntimeError):
        world.usage.turn()
    monkeypatch.undo()
    assert world.booked().delivered == 0
    assert world.usage.sum().missing == 0, "what is stored and not yet booked is known"

    world.restart_usage()
    world.write(prompts(3))
    world.run_usage()

    assert (world.events(), world.counts) == (3, Counts(inserted=3))
    world.assert_settled()


def _crash(*_: object, **__: object) -> None:
    raise RuntimeError("killed")


def test_a_write_that_fails_is_tried_again(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that cannot write keeps the rows in the journal; the lane says so and goes on when it can."""
    world.write(prompts(1))
    monkeypatch.setattr(Store, "write", _crash)
    with pytest.raises(RuntimeError):
        world.usage.turn()
    world.usage.fail(RuntimeError("disk"))
    assert world.usage.trouble is not None
    assert world.usage.trouble.state == "failed"
    assert world.booked().pending.items == 1
    monkeypatch.undo()

    world.run_usage()

    assert world.usage.trouble is None
    world.assert_settled()


def test_a_store_that_does_not_open_holds_its_lane_only(world: UsageWorld) -> None:
    """The relay goes on; the lane waits, and resumes by itself."""
    world.write(prompts(1))
    (world.folder / FILE).write_bytes(b"no database" * 1000)

    assert world.usage.turn() == 30.0
    assert world.usage.trouble is not None
    assert (world.usage.trouble.state, world.usage.trouble.code) == ("held", "data-dir-unfit")
    with pytest.raises(DataDirError):
        world.usage.sum()
    world.turns()
    assert world.sink.delivered == ["user_prompt"]

    (world.folder / FILE).unlink()
    world.run_usage()
    world.assert_settled()


def test_an_item_that_nobody_can_read_is_quarantined(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dialect that raises costs the item that made it raise, with the place and without its content."""
    monkeypatch.setattr("upwell.relay.reading.read", _trips_over_three)
    world.write(prompts(1, 2, 3, 4), prompts(5))

    world.run_usage()

    (entry,) = world.book.quarantine.list()
    assert (entry.lane, entry.code, entry.items) == ("usage/logs", "dialect-raised", 1)
    assert entry.message.startswith("reading it raised ZeroDivisionError at test_usage.py")
    assert (world.events(), world.booked().quarantined) == (4, {"dialect-raised": 1})
    world.assert_settled()


def _trips_over_three(batch: dict[str, Any], signal: Signal, **how: Any) -> Reading:
    if '"stringValue": "3"' in str(batch).replace("'", '"'):
        raise ZeroDivisionError("content")
    return read(batch, signal, **how)


def test_a_quarantined_item_can_be_replayed(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the dialect mended, `quarantine replay` brings the item into the store."""
    monkeypatch.setattr("upwell.relay.reading.read", _trips_over_three)
    world.write(prompts(3, 4))
    world.run_usage()
    monkeypatch.setattr("upwell.relay.reading.read", read)

    world.book.quarantine.replay(world.book.quarantine.list()[0].id)
    world.run_usage()

    assert (world.events(), world.booked().quarantined, world.book.quarantine.list()) == (2, {}, [])
    world.assert_settled()


def test_a_replay_that_raises_again_is_quarantined_again(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost where nothing was mended."""
    monkeypatch.setattr("upwell.relay.reading.read", _trips_over_three)
    world.write(prompts(3))
    world.run_usage()

    world.book.quarantine.replay(world.book.quarantine.list()[0].id)
    world.run_usage()

    assert [entry.items for entry in world.book.quarantine.list()] == [1]
    world.assert_settled()


def test_a_crash_in_a_replay_repeats_nothing(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A replayed batch that is stored and not booked is only booked by the next start."""
    monkeypatch.setattr("upwell.relay.reading.read", _trips_over_three)
    world.write(prompts(3))
    world.run_usage()
    monkeypatch.undo()
    world.book.quarantine.replay(world.book.quarantine.list()[0].id)
    monkeypatch.setattr(world.book.parcels, "replace", _crash)
    with pytest.raises(RuntimeError):
        world.usage.turn()
    monkeypatch.undo()

    world.restart_usage()
    world.run_usage()

    assert (world.events(), world.counts) == (1, Counts(inserted=1))
    world.assert_settled()


def test_a_store_that_was_replaced_is_a_loss_that_is_told(world: UsageWorld) -> None:
    """What was booked and is not in the store any more is lost, loudly, and what comes next is stored."""
    world.write(prompts(1, 2))
    world.run_usage()
    world.shelf.close()
    (world.folder / FILE).unlink()

    world.restart_usage()
    world.write(prompts(3))
    world.run_usage()

    assert (world.booked().lost, world.booked().delivered, world.events()) == (2, 1, 1)
    assert any("usage.duckdb was replaced" in problem for problem in world.ledger().problems())
    world.assert_settled()


def test_a_settled_segment_goes_and_the_sums_stay(world: UsageWorld) -> None:
    """The janitor waits for the usage lane as for any other, and the ledger holds when the file is gone."""
    world.write(prompts(1, 2))
    world.write(prompts(3))
    world.turns()
    world.clock.forward(10 * 86_400)
    world.janitor().turn()
    assert len(world.segments.names()) == 2, "the usage lane has not settled the first"

    world.run_usage()
    world.janitor().turn()

    assert len(world.segments.names()) == 1
    assert (world.booked().offered, world.booked().delivered) == (3, 3)
    world.assert_settled()


def test_a_full_journal_does_not_wait_for_the_store(world: UsageWorld) -> None:
    """A store that is held lets its rows go when the journal needs the room, booked as expired."""
    world.write(prompts(1, 2))
    world.write(prompts(3))
    world.turns()

    full(world).turn()

    assert (len(world.segments.names()), world.booked().expired) == (1, {"journal_full": 2})
    world.run_usage()
    world.assert_settled()


def test_rows_let_go_while_they_were_stored_are_taken_back(world: UsageWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment released between store and book was stored all the same, and is booked so."""
    world.write(prompts(1, 2))
    world.write(prompts(3))
    world.turns()
    real = Store.write

    def write(store: Store, *arguments: Any) -> Counts:
        monkeypatch.undo()
        counts = real(store, *arguments)
        full(world).turn()
        return counts

    monkeypatch.setattr(Store, "write", write)
    world.run_usage()

    assert (world.booked().delivered, world.booked().expired) == (3, {})
    world.assert_settled()


def full(world: UsageWorld) -> Janitor:
    """The janitor of a journal that has no room left."""
    settings = config.Journal(segment_bytes=2**20, max_bytes=2**20, reserve=0)
    return Janitor(world.segments, world.book, settings, frozenset({"test"}), world.clock)


def test_books_that_are_made_anew_offer_again_what_the_store_has(world: UsageWorld) -> None:
    """Where cursors are lost, what comes again is counted as duplicates, and every sum holds."""
    world.write(prompts(1, 2))
    world.run_usage()
    world.restart_usage()
    with world.book.db.transaction() as db:
        db.execute("DELETE FROM cursors")
        db.execute("UPDATE lanes SET offered = offered + 2 WHERE lane = 'usage/logs'")

    world.write(prompts(3))
    world.run_usage()

    assert (world.events(), world.counts) == (3, Counts(inserted=3, duplicate=2))
    world.assert_settled()


def test_books_that_took_the_store_s_items_for_lost_are_put_right(world: UsageWorld) -> None:
    """Where sums are lost, what is in the store is booked as delivered after all."""
    world.write(prompts(1, 2))
    world.run_usage()
    world.restart_usage()
    with world.book.db.transaction() as db:
        world.book.outcomes.end(db, "usage/logs", "delivered", "", -2)
        world.book.outcomes.lose(db, "usage/logs", "", 2, "relay.db was damaged")

    world.run_usage()

    assert (world.booked().lost, world.booked().delivered) == (0, 2)
    world.assert_settled()


def test_retention_lets_old_rows_go(world: UsageWorld) -> None:
    """What is older than `[store] retention` is deleted, hourly; counts and ledger stay."""
    world.write(prompts(1, 2))
    world.run_usage()
    retention = Retention(world.shelf, world.book, 86_400, clock_ns=world.clock)
    assert retention.turn() == 3600.0
    assert world.events() == 2

    world.clock.forward(2 * 86_400)
    retention.turn()

    assert (world.events(), world.counts) == (0, Counts(inserted=2))
    world.assert_settled()


def test_retention_deletes_what_came_back_of_who_was_forgotten(world: UsageWorld) -> None:
    """A forgetting that was cut off, a refusal that came later, a store out of a backup: each hour it is made good."""
    world.write(prompts(1, 2))
    world.run_usage()
    world.shelf.close()
    world.shelf = Shelf(partial(world.memory, forgotten=lambda: Forgotten(frozenset({"key"}))))
    with world.book.db.transaction() as db:
        world.book.quarantine.add(db, "test/logs", Quarantined("invalid", "wrong", "key", 1, 3, 1, 2, b"{}"))

    Retention(world.shelf, world.book, 86_400, clock_ns=world.clock).turn()

    assert (world.events(), world.book.quarantine.list(), world.counts) == (0, [], Counts(inserted=2))
    world.assert_settled()


def test_retention_waits_for_a_store_that_does_not_open(world: UsageWorld) -> None:
    """It is no failure of its own."""
    (world.folder / FILE).write_bytes(b"no database" * 1000)

    assert Retention(world.shelf, world.book, 86_400, clock_ns=world.clock).turn() == 30.0
