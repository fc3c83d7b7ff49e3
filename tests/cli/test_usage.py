"""`upwell usage` as a person meets it, with no worker running."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.service.test_usage import ANN, BOB, Place, drain
from upwell.service.desk import Desk

DIR = ("--data-dir", "data")


@pytest.fixture
def place(run: Run) -> Place:
    """A store with two rows of one person and one of another, whose worker has stopped."""
    made = Place(Path("data").absolute())
    made.send(ANN, 1, 2)
    made.send(BOB, 3)
    with Desk.open(made.settings) as at:
        drain(at)
    return made


def test_the_status(run: Run, place: Place) -> None:
    """How much there is, and which dialects made it."""
    found = run("usage", "status", *DIR)

    assert found.code == 0
    assert found.out.startswith("3 rows, dated 2026-09-21T14:13:20Z to 2026-09-21T14:13:20Z, in ")
    assert "3 of them can be made anew" in found.out
    assert found.out.splitlines()[-1].split() == ["claude_code/1", "3"]
    assert run("usage", "status", "--json", *DIR).json["events"] == 3


def test_the_status_of_nothing(run: Run) -> None:
    """A store that nobody has written to yet."""
    Path("data").mkdir()

    found = run("usage", "status", *DIR)

    assert (found.code, found.err) == (0, "There is nothing in the usage store yet.\n")
    assert found.out.startswith("0 rows, in ")


def test_a_rebuild_prints_its_range(run: Run, place: Place) -> None:
    """Each segment with its rows, then from when to when, then how much stays; and the ledger holds."""
    found = run("usage", "rebuild", *DIR)

    assert found.code == 0
    assert "2 rows are 2 now" in found.err
    assert "Made anew: what was received from 20" in found.err
    assert "0 rows are of other batches, and stay as they are." in found.err
    assert run("ledger", "--check", *DIR).code == 0


def test_a_rebuild_as_json(run: Run, place: Place) -> None:
    """The document of docs/cli.md."""
    found = run("usage", "rebuild", "--json", *DIR).json

    assert set(found) == {"segments", "from", "to", "other_rows"}
    assert sum(one["after"] for one in found["segments"]) == 3


def test_a_rebuild_of_nothing(run: Run) -> None:
    """An empty journal is no error."""
    Path("data").mkdir()

    assert run("usage", "rebuild", *DIR).err == "The journal holds nothing that was stored.\n"


def test_forgetting_tells_what_it_did_and_what_remains(run: Run, place: Place) -> None:
    """Keys, rows, quarantine; then where else something may be; and the ledger holds."""
    found = run("usage", "forget", ANN, "--yes", *DIR)

    assert found.code == 0
    assert "1 keys revoked, 2 rows and 0 quarantined items deleted." in found.err
    assert [line.split()[0] for line in found.out.splitlines()] == ["where", "journal", "audit", "backups"]
    assert run("ledger", "--check", *DIR).code == 0
    assert run("usage", "status", "--json", *DIR).json["events"] == 1


def test_forgetting_asks_first(run: Run, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is forgotten by a slip."""
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))

    assert run("usage", "forget", ANN, *DIR).code == 1
    assert run("usage", "status", "--json", *DIR).json["events"] == 3


def test_forgetting_nobody_is_an_error(run: Run, place: Place) -> None:
    """The sentence and the next step."""
    found = run("usage", "forget", "nobody@example.com", "--yes", *DIR)

    assert found.code == 1
    assert "error [no-such-entry]: nobody here is known as 'nobody@example.com'" in found.err
