"""What the command line can do to the worker's books, and what it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.relay.world import START_NS, World, batch, ids_in
from tests.service.conftest import MakeWorld
from tests.service.places import desk, settings
from upwell.errors import ConfigError, NoSuchEntry
from upwell.otlp.model import Signal
from upwell.relay import LaneStatus
from upwell.service import operations
from upwell.service.desk import Desk
from upwell.service.worker import usage_lanes
from upwell.sinks.base import Delivered, Outcome, Refused


def _refuse_bad(ids: list[str]) -> Outcome:
    bad = [name for name in ids if name.startswith("bad")]
    return Refused("invalid", f"item {bad[0]} is wrong") if bad else Delivered()


def _with_quarantine(world: MakeWorld) -> World:
    made = world(_refuse_bad)
    for name in ("bad-1", "bad-2"):  # one at a time: two halves that fail alike would hold the lane instead
        made.write(batch(["a", "b", "c", name]))
        made.turns()
    return made


def test_the_ledger_tells_every_sum(world: MakeWorld) -> None:
    """Accepted, offered and what became of it, per signal and lane, in items."""
    made = world()
    made.write(batch(["a", "b", "c"]))
    made.turns()
    made.write(batch(["d"]))

    found = operations.ledger(desk(made))

    logs = next(row for row in found["signals"] if row["signal"] == "logs")
    (lane,) = found["lanes"]
    assert (logs["accepted"], logs["journaled"], logs["dropped"], logs["missing"]) == (4, 4, {}, 0)
    assert (lane["lane"], lane["offered"], lane["delivered"], lane["pending"]) == ("test/logs", 4, 3, {"batches": 1, "items": 1})
    assert (found["holds"], found["problems"], found["losses"]) == (True, [], [])


def test_the_ledger_is_json(world: MakeWorld) -> None:
    """Everything in it can be written as JSON as it is."""
    made = _with_quarantine(world)

    assert json.loads(json.dumps(operations.ledger(desk(made))))["lanes"][0]["quarantined"] == {"invalid": 2}


def test_without_a_worker_lanes_are_stopped(world: MakeWorld) -> None:
    """Nobody works on a lane while the command line reads the books itself."""
    (lane,) = operations.ledger(desk(world()))["lanes"]

    assert (lane["state"], lane["since"]) == ("stopped", None)


def test_a_held_lane_says_why(world: MakeWorld) -> None:
    """With a worker running the ledger carries each lane's state, since when, and the next step."""
    made = world()

    class Running:
        """All that is asked of a relay."""

        usage = ()

        def usage_status(self) -> list[LaneStatus]:
            return []

        def status(self) -> list[LaneStatus]:
            return [LaneStatus("test/logs", "test", Signal.LOGS, "held", "expired-token", "expired", "renew it", START_NS, 0, 0, 0, 0)]

    at_work = Desk(desk(made).settings, made.book, made.segments, desk(made).shelf, Running())  # type: ignore[arg-type]

    (lane,) = operations.ledger(at_work)["lanes"]

    assert (lane["state"], lane["code"], lane["hint"]) == ("held", "expired-token", "renew it")
    assert lane["since"] == "2026-09-21T14:13:20Z"
    assert lane["oldest_pending"] is None


def test_without_sinks_the_ledger_says_what_is_kept(world: MakeWorld, tmp_path: Path) -> None:
    """Batches with no lane to take them are counted as kept, with how long that is."""
    world().write(batch(["a", "b"]), batch(["c"]))
    (tmp_path / "data" / "relay.db").rename(tmp_path / "unused.db")

    with Desk.open(settings(tmp_path / "data", sinks=())) as at:
        found = operations.ledger(at)

    assert found["lanes"] == []
    assert found["kept"] == {"batches": 2, "items": 3, "keep_seconds": 86400}


def test_a_loss_is_accepted_with_a_reason(world: MakeWorld) -> None:
    """The ledger holds again when somebody has said what happened, and goes on telling of it."""
    made = world()
    with made.book.db.transaction() as db:
        made.book.outcomes.lose(db, "test/logs", "0000000000001-00000000", 0, "rows 3 to 7 are gone")
    at = desk(made)
    assert operations.ledger(at)["problems"] == ["test/logs: rows 3 to 7 are gone"]

    assert operations.accept_loss(at, " the disk of 3 May ") == {"losses": 1}

    found = operations.ledger(at)
    assert found["holds"]
    assert found["losses"][0]["reason"] == "the disk of 3 May"
    assert found["losses"][0]["accepted"] is not None
    assert operations.accept_loss(at, "again") == {"losses": 0}


def test_a_loss_is_not_accepted_in_silence(world: MakeWorld) -> None:
    """A blank is no reason."""
    with pytest.raises(ConfigError, match="with a reason"):
        operations.accept_loss(desk(world()), "  ")


def test_a_removed_sink_is_closed_with_what_it_held(world: MakeWorld) -> None:
    """Pending items of a sink that is gone are booked as expired, and the sums hold."""
    made = world()
    made.write(batch(["a", "b", "c"]))
    at = desk(made, sinks=())

    assert operations.close(at, "test") == {"items": 3}

    (lane,) = operations.ledger(at)["lanes"]
    assert (lane["closed"], lane["expired"], lane["missing"]) == (True, {"sink_closed": 3}, 0)


def test_a_configured_sink_is_not_closed(world: MakeWorld) -> None:
    """What is still in the settings would come back at the next start."""
    made = world()
    made.write(batch(["a"]))

    with pytest.raises(ConfigError, match="still configured"):
        operations.close(desk(made), "test")


def test_a_signal_that_a_sink_no_longer_gets_is_closed(world: MakeWorld) -> None:
    """Taking one signal from a sink leaves a lane behind like removing the sink does; the others go on."""
    made = world()
    made.write(batch(["a"]))
    made.book.lanes.ensure("test/metrics", "test", "metrics")
    before = settings(made.folder)
    narrowed = before.model_copy(update={"sinks": [before.sinks[0].model_copy(update={"signals": ["metrics"]})]})

    assert operations.close(Desk(narrowed, made.book, made.segments, desk(made).shelf), "test") == {"items": 1}

    assert [lane.lane for lane in made.book.lanes.all() if lane.closed_ns is None] == ["test/metrics"]


def test_closing_an_unknown_sink_is_said(world: MakeWorld) -> None:
    """A misspelt name closes nothing, and neither does a second time."""
    at = desk(world(), sinks=())
    operations.close(at, "test")

    for name in ("tset", "test"):
        with pytest.raises(NoSuchEntry, match=name):
            operations.close(at, name)


def test_quarantined_batches_are_listed_without_content(world: MakeWorld) -> None:
    """A list tells why and since when; what agents sent is shown one by one."""
    at = desk(_with_quarantine(world))

    first, second = operations.quarantine_list(at)

    assert (first["lane"], first["code"], first["items"], first["key"]) == ("test/logs", "invalid", 1, "key")
    assert "bad-1" in first["message"] + second["message"]
    assert "body" not in first


def test_a_quarantined_batch_is_shown_with_its_content(world: MakeWorld) -> None:
    """The refused item is there as OTLP/JSON."""
    at = desk(_with_quarantine(world))
    ids = sorted(
        ids_in(json.dumps(operations.quarantine_show(at, entry["id"])["body"]).encode())[0] for entry in operations.quarantine_list(at)
    )

    assert ids == ["bad-1", "bad-2"]


def test_replayed_batches_are_sent_again(world: MakeWorld) -> None:
    """When the destination takes them at last, they are delivered and leave the quarantine."""
    made = _with_quarantine(world)
    made.sink.answer = lambda ids: Delivered()
    at = desk(made)

    assert operations.quarantine_replay(at, None) == {"batches": 2}
    made.turns()

    found = operations.ledger(at)
    assert found["lanes"][0]["delivered"] == 8
    assert found["holds"]
    assert operations.quarantine_list(at) == []


def test_dropped_batches_stay_in_the_sums(world: MakeWorld) -> None:
    """What was thrown away by hand is counted as such for good."""
    at = desk(_with_quarantine(world))
    first = operations.quarantine_list(at)[0]["id"]

    assert operations.quarantine_drop(at, [first]) == {"batches": 1}

    assert len(operations.quarantine_list(at)) == 1
    assert operations.ledger(at)["lanes"][0]["quarantined"] == {"invalid": 1, "dropped_by_hand": 1}
    assert operations.ledger(at)["holds"]


def test_an_unknown_number_changes_nothing(world: MakeWorld) -> None:
    """Of several numbers one is wrong: none is touched, and the wrong one is named."""
    at = desk(_with_quarantine(world))
    known = operations.quarantine_list(at)[0]["id"]

    with pytest.raises(NoSuchEntry, match="999"):
        operations.quarantine_drop(at, [known, 999])

    assert len(operations.quarantine_list(at)) == 2
    with pytest.raises(NoSuchEntry, match="999"):
        operations.quarantine_show(at, 999)


def test_operations_go_by_name(world: MakeWorld) -> None:
    """The API is a table of names; an unknown one is an error that suggests why."""
    at = desk(world())

    assert operations.perform(at, "quarantine_list", {}) == []
    with pytest.raises(NoSuchEntry, match="format_disk"):
        operations.perform(at, "format_disk", {})


def _with_usage(made: World) -> Desk:
    """A desk on books that have the usage store's lanes, one of them with two items in the store."""
    at = desk(made)
    made.write(batch(["a", "b"]))
    for lane in usage_lanes(at):
        lane.turn()
        lane.intake.close()
    return at


def test_the_ledger_says_what_the_store_made_of_its_items(world: MakeWorld) -> None:
    """Beside the sinks' lanes stand the store's, with counts that add up to what it was given."""
    at = _with_usage(world())

    found = json.loads(json.dumps(operations.ledger(at)))

    logs = next(lane for lane in found["usage"] if lane["lane"] == "usage/logs")
    assert (logs["delivered"], logs["inserted"], logs["duplicate"], logs["not_usage"], logs["unrecognised"]) == (2, 0, 0, 0, 2)
    assert sum(logs["unrecognised_names"].values()) == 2
    assert found["holds"]
    at.shelf.close()


@pytest.mark.parametrize(("change", "said"), [("unrecognised - 1", "1 items less"), ("unrecognised + 1", "1 items more")])
def test_a_store_that_counted_wrong_is_a_problem(world: MakeWorld, change: str, said: str) -> None:
    """The check fails where inserted, duplicate, not usage and unrecognised do not add up to what was delivered."""
    at = _with_usage(world())
    with at.shelf.store().connection() as connection:
        connection.execute(f"UPDATE counts SET unrecognised = {change} WHERE signal = 'logs'")

    found = operations.ledger(at)

    assert not found["holds"]
    assert any(said in problem for problem in found["problems"])
    at.shelf.close()


def test_a_store_that_does_not_open_proves_nothing(world: MakeWorld) -> None:
    """Counts that cannot be read are null, and the check fails with the reason."""
    made = world()
    at = _with_usage(made)
    at.shelf.close()
    (made.folder / "usage.duckdb").write_bytes(b"no database" * 1000)

    found = operations.ledger(at)

    assert found["usage"][0]["inserted"] is None
    assert any("cannot be read" in problem for problem in found["problems"])


def test_the_store_s_lanes_cannot_be_closed(world: MakeWorld) -> None:
    """`ledger close` is for sinks."""
    at = _with_usage(world())

    with pytest.raises(NoSuchEntry, match="usage"):
        operations.close(at, "usage")
    at.shelf.close()


def test_a_backup_has_the_store(world: MakeWorld, tmp_path: Path) -> None:
    """A copy's books and store agree."""
    made = world()
    at = _with_usage(made)

    operations.back_up(at, str(tmp_path / "copy"))
    at.shelf.close()

    with Desk.open(at.settings.model_copy(update={"data_dir": tmp_path / "copy"})) as copy:
        assert operations.ledger(copy)["problems"] == []
        assert copy.shelf.store().counts(Signal.LOGS).items == 2
