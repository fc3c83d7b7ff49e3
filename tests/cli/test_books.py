"""Ledger, quarantine and backup as a person meets them, with no worker running."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.relay.world import ScriptedSink, World, batch
from upwell.otlp.model import Signal
from upwell.sinks.base import Delivered, Outcome, Refused

DIR = ("--data-dir", "data")
SINK = '[[sinks]]\ntype = "otlp"\nname = "test"\nendpoint = "http://127.0.0.1:9"\nsignals = ["logs"]\n'


def _refuse_bad(ids: list[str]) -> Outcome:
    return Refused("invalid", "the record is wrong") if any(name.startswith("bad") for name in ids) else Delivered()


@pytest.fixture
def world(run: Run) -> Iterator[World]:
    """Books of a worker that has stopped: three items delivered, one in quarantine, two pending."""
    Path("upwell.toml").write_text(SINK)
    Path("data").mkdir()
    made = World(Path("data"), ScriptedSink(_refuse_bad))
    made.write(batch(["a", "b", "c", "bad"]))
    made.turns()
    made.write(batch(["d", "e"]))
    yield made
    made.close()


def test_the_ledger_as_tables(run: Run, world: World) -> None:
    """Signals, then lanes, in items; what is to be said beside them on stderr."""
    found = run("ledger", *DIR)

    assert found.code == 0
    lines = [line.split() for line in found.out.splitlines()]
    assert lines[0] == ["signal", "accepted", "dropped", "journaled"]
    assert lines[3] == ["logs", "6", "0", "6"]
    assert lines[5] == ["lane", "offered", "delivered", "rejected", "quarantined", "expired", "lost", "pending", "state"]
    assert lines[6] == ["test/logs", "6", "3", "0", "1", "0", "0", "2", "stopped"]
    assert "test/logs: 1 items invalid" in found.err
    assert found.err.endswith("Every sum holds.\n")


def test_the_ledger_as_json(run: Run, world: World) -> None:
    """The document of docs/cli.md."""
    found = run("ledger", "--json", *DIR).json

    assert set(found) == {"holds", "problems", "signals", "lanes", "usage", "losses", "kept"}
    assert found["lanes"][0]["pending"] == {"batches": 1, "items": 2}


def test_signals_that_no_sink_gets_are_told(run: Run, world: World) -> None:
    """Batches that wait for nobody are kept for a while, and the ledger says for how long."""
    assert "no sink gets" not in run("ledger", *DIR).out

    world.write(
        {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": [{}]}}]}]}]}, signal=Signal.METRICS
    )

    assert "Of signals that no sink gets, 1 items in 1 batches are kept, each for 24 hours." in run("ledger", *DIR).out


def test_the_check_fails_until_a_loss_is_accepted(run: Run, world: World) -> None:
    """Exit code 1 and a sentence; then somebody says what happened, and it is 0 again."""
    assert run("ledger", "--check", *DIR).code == 0
    with world.book.db.transaction() as db:
        world.book.outcomes.lose(db, "test/logs", "0000000000001-00000000", 0, "a segment is gone")

    failed = run("ledger", "--check", *DIR)
    assert failed.code == 1
    assert "does not hold: test/logs: a segment is gone" in failed.err
    assert run("ledger", "--check", "--json", *DIR).code == 1
    assert run("ledger", *DIR).code == 0

    accepted = run("ledger", "accept-loss", "--reason", "coffee", *DIR)

    assert (accepted.code, accepted.err) == (0, "Accepted: 1 entries.\n")
    assert run("ledger", "--check", *DIR).code == 0
    assert "no loss" in run("ledger", "accept-loss", "--reason", "coffee", *DIR).err


def test_a_loss_needs_its_reason(run: Run, world: World) -> None:
    """Without --reason it is wrong usage; with a blank one an error."""
    assert run("ledger", "accept-loss", *DIR).code == 2
    assert "with a reason" in run("ledger", "accept-loss", "--reason", " ", *DIR).err


def test_a_removed_sink_is_closed(run: Run, world: World) -> None:
    """While it is configured it stays; once removed, what it held is let go, and counted."""
    kept = run("ledger", "close", "test", *DIR)
    assert kept.code == 1
    assert "still configured" in kept.err

    Path("upwell.toml").write_text("")
    closed = run("ledger", "close", "test", *DIR)

    assert (closed.code, closed.err) == (0, "Sink test is closed; 2 pending items were let go.\n")
    found = run("ledger", *DIR)
    assert "closed" in found.out
    assert "There are no sinks" in found.out


def test_quarantine_from_list_to_replay(run: Run, world: World) -> None:
    """List, look, send again."""
    (listed,) = run("quarantine", "list", "--json", *DIR).json["batches"]
    assert (listed["lane"], listed["code"], listed["items"]) == ("test/logs", "invalid", 1)
    number = str(listed["id"])
    assert run("quarantine", "list", *DIR).out.splitlines()[1].split()[:2] == [number, "test/logs"]

    shown = run("quarantine", "show", number, *DIR)
    assert shown.json["resourceLogs"]
    assert "the record is wrong" in shown.err
    assert run("quarantine", "show", number, "--json", *DIR).json["body"]["resourceLogs"]

    assert run("quarantine", "replay", number, *DIR).err == "1 batch will be sent again.\n"
    assert run("quarantine", "list", "--json", *DIR).json["batches"][0]["replaying"] is True


def test_dropping_all_is_asked_about(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Throwing everything away wants a yes, by hand or with --yes."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    refused = run("quarantine", "drop", "--all", *DIR)
    assert refused.code != 0
    assert len(run("quarantine", "list", "--json", *DIR).json["batches"]) == 1

    assert run("quarantine", "drop", "--all", "--yes", *DIR).err == "1 batch dropped.\n"
    assert run("quarantine", "list", *DIR).err == "Nothing is in quarantine.\n"


@pytest.mark.parametrize("verb", ["replay", "drop"])
def test_what_to_act_on_is_said_exactly(run: Run, world: World, verb: str) -> None:
    """Neither nothing nor both: ids, or --all."""
    assert run("quarantine", verb, *DIR).code == 2
    assert run("quarantine", verb, "1", "--all", *DIR).code == 2


def test_a_backup_is_counted(run: Run, world: World, tmp_path: Path) -> None:
    """How much was copied, and where it is; the copy has the same sums."""
    found = run("backup", str(tmp_path / "copy"), "--json", *DIR)
    assert found.code == 0
    assert found.json["files"] == len([path for path in (tmp_path / "copy").rglob("*") if path.is_file()])

    assert run("ledger", "--data-dir", str(tmp_path / "copy"), "--json").json["signals"] == run("ledger", "--json", *DIR).json["signals"]
    assert "is not empty" in run("backup", str(tmp_path / "copy"), *DIR).err


def test_books_of_nobody_are_an_error(run: Run) -> None:
    """A data directory that was never used is named, not made."""
    for arguments in (["ledger"], ["quarantine", "list"], ["backup", "copy"]):
        found = run(*arguments, *DIR)
        assert found.code == 1
        assert "does not exist" in found.err
    assert not Path("data").exists()
