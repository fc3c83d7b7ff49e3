"""The usage store by hand: looked at, made anew, and without somebody, beside the ledger that must go on holding."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.relay.test_usage import prompts
from tests.service.places import settings
from upwell import audit, policy
from upwell.config import Policy, Settings
from upwell.errors import NoSuchEntry
from upwell.identity import Key, Keys, Pseudonyms
from upwell.journal.rows import Entry
from upwell.journal.writer import Journal
from upwell.otlp import Encoding, Signal, encode, survey
from upwell.relay import Relay
from upwell.service import operations
from upwell.service.desk import Desk
from upwell.service.worker import usage_lanes

ANN, BOB, TEAM = "ann@example.com", "bob@example.com", None
How = Literal["pseudonym", "email", "none"]


class Place:
    """A data directory with keys, whose batches go through policy as at the door."""

    def __init__(self, folder: Path, how: How = "pseudonym") -> None:
        folder.mkdir()
        self.settings: Settings = settings(folder, sinks=()).model_copy(update={"policy": Policy(person=how)})
        self.keys = Keys(folder / "keys.db")
        self.salt = self.keys.salt
        self.by: dict[str | None, Key] = {who: self.keys.add(who, "core").key for who in (ANN, BOB, TEAM)}

    def send(self, who: str | None, *numbers: int, claims: str | None = None) -> None:
        """A batch of prompts, sent with somebody's key."""
        told = prompts(*numbers)
        for record in told["resourceLogs"][0]["scopeLogs"][0]["logRecords"]:
            record["attributes"] += [{"key": "user.email", "value": {"stringValue": claims}}] if claims else []
        for step in policy.pipeline(self.settings.policy, Pseudonyms(self.salt)):
            told = step(policy.Work(told, Signal.LOGS, self.by[who])).batch
        asyncio.run(self._append(told, self.by[who]))

    async def _append(self, told: dict[str, Any], key: Key) -> None:
        journal = Journal(self.settings.data_dir / "journal", self.settings.journal, digest_key=self.salt)
        journal.open()
        found, body = survey(told, Signal.LOGS), encode(told, Signal.LOGS, Encoding.JSON)
        now = self.keys._clock_ns()
        await journal.append(Entry(Signal.LOGS, key.id, os.urandom(16), now, found.items, found.oldest_ns, found.newest_ns, body))
        journal.close()

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """The books, with lanes that have come through; as for the command line with no worker running."""
        with Desk.open(self.settings) as at:
            drain(at)
            yield at


def drain(at: Desk) -> None:
    for lane in usage_lanes(at):
        while lane.turn() == 0:
            pass
        lane.intake.close()


def people(at: Desk) -> list[tuple[str | None, str]]:
    with at.shelf.store().connection() as asking:
        return asking.execute("SELECT person, prompt FROM usage ORDER BY prompt").fetchall()


def prompts_left(at: Desk) -> list[str]:
    return [prompt for _, prompt in people(at)]


def rebuild(at: Desk) -> list[dict[str, Any]]:
    names = [source["segment"] for source in operations.perform(at, "usage_sources", {})]
    return [one for name in names for one in operations.perform(at, "usage_rebuild", {"segment": name})]


@pytest.mark.parametrize("how", ["pseudonym", "email", "none"])
def test_somebody_is_forgotten_under_every_policy(tmp_path: Path, how: How) -> None:
    """Their rows go, others' stay, a rebuild brings nothing back, and the ledger holds all the while."""
    place = Place(tmp_path / "data", how)
    place.send(ANN, 1, 2)
    place.send(BOB, 3)
    with place.desk() as at:
        assert prompts_left(at) == ["1", "2", "3"]

        done = operations.perform(at, "usage_forget", {"person": ANN})

        assert (done["keys"], done["rows"], done["busy_batches"]) == (1, 2, 0)
        (line,) = audit.read(place.settings.data_dir)
        assert (line["deed"], line["keys"]) == ("forget", [place.by[ANN].id])
        assert ANN not in str(line)
        assert prompts_left(at) == ["3"]
        assert operations.ledger(at)["holds"]
        rebuild(at)
        assert prompts_left(at) == ["3"]
        found = operations.ledger(at)
        assert found["holds"]
        (logs,) = [lane for lane in found["usage"] if lane["lane"] == "usage/logs"]
        assert (logs["inserted"], logs["not_usage"]) == (1, 2)


def test_what_was_on_its_way_is_left_out(tmp_path: Path) -> None:
    """Batches of theirs that the lane had not come to are no usage."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1)
    with place.desk() as at:
        place.send(ANN, 2)
        place.send(BOB, 3)
        operations.perform(at, "usage_forget", {"person": ANN})
        drain(at)

        assert prompts_left(at) == ["3"]
        assert operations.ledger(at)["holds"]


def test_somebody_is_forgotten_by_their_pseudonym(tmp_path: Path) -> None:
    """As reports show it; their keys end as well."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1)
    place.send(BOB, 2)
    with place.desk() as at:
        (pseudonym,) = [person for person, prompt in people(at) if prompt == "1"]

        assert operations.perform(at, "usage_forget", {"person": pseudonym})["keys"] == 1

        assert prompts_left(at) == ["2"]
    assert [key.person for key in place.keys.list()] == ["(forgotten)", BOB, None]


@pytest.mark.parametrize("by_name", [True, False])
def test_somebody_who_is_only_claimed_is_forgotten(tmp_path: Path, by_name: bool) -> None:
    """Under a team's key nobody's key ends; the rows of the name that a client claims go."""
    place = Place(tmp_path / "data")
    place.send(TEAM, 1, claims="cid@example.com")
    place.send(TEAM, 2, claims="dan@example.com")
    with place.desk() as at:
        (pseudonym,) = [person for person, prompt in people(at) if prompt == "1"]
        assert pseudonym is not None

        done = operations.perform(at, "usage_forget", {"person": "cid@example.com" if by_name else pseudonym})

        assert (done["keys"], done["rows"]) == (0, 1)
        rebuild(at)
        assert prompts_left(at) == ["2"]
        assert operations.ledger(at)["holds"]


def test_nobody_in_particular_is_an_error(tmp_path: Path) -> None:
    """A slip of the pen forgets nobody and writes no tombstone."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1)
    with place.desk() as at:
        with pytest.raises(NoSuchEntry, match="nobody here is known as 'an@"):
            operations.perform(at, "usage_forget", {"person": "an@example.com"})
        assert prompts_left(at) == ["1"]


def test_forgetting_again_finishes_what_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash after the tombstone leaves rows; the same command, under the same name, deletes them."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1)
    with place.desk() as at:

        def crash(*_: object) -> int:
            raise RuntimeError("killed")

        monkeypatch.setattr("upwell.store.Store.forget", crash)
        with pytest.raises(RuntimeError):
            operations.perform(at, "usage_forget", {"person": ANN})
        monkeypatch.undo()
        assert prompts_left(at) == ["1"]

        done = operations.perform(at, "usage_forget", {"person": ANN})

        assert (done["keys"], done["rows"], prompts_left(at)) == (0, 1, [])


def test_somebody_who_is_enrolled_anew_begins_anew(tmp_path: Path) -> None:
    """Their new key's use counts, under the same pseudonym as before."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1)
    with place.desk() as at:
        operations.perform(at, "usage_forget", {"person": ANN})
        place.by[ANN] = place.keys.add(ANN, "core").key
        later = 1_990_000_000  # seconds: prompts are dated by their number of nanoseconds after a fixed moment
        place.keys._clock_ns = lambda: later * 10**9
        place.send(ANN, (later - 1_790_000_000) * 10**9)
        drain(at)

        assert len(prompts_left(at)) == 1
        assert operations.ledger(at)["holds"]


def test_what_remains_elsewhere_is_told(tmp_path: Path) -> None:
    """The journal with its date, every sink, and backups."""
    place = Place(tmp_path / "data")
    sinks = [
        {"type": "cloudwatch", "region": "us-west-2", "log_group": "/mine"},
        {"type": "otlp", "name": "far", "endpoint": "https://me:secret@far.example.com/otlp"},
    ]
    place.settings = Settings.model_validate({**json.loads(place.settings.model_dump_json()), "sinks": sinks})
    place.send(ANN, 1)
    (place.settings.data_dir / "relay.db.v1.bak").touch()
    with place.desk() as at:
        told = operations.perform(at, "usage_forget", {"person": ANN})["remains"]

    words = json.dumps(told)
    assert told[0]["where"] == "journal"
    assert told[0]["until"].endswith("Z")
    for part in ("log group /mine", "aws/spans", "15 months", "https://far.example.com/otlp", "relay.db.v1.bak", "upwell backup"):
        assert part in words
    assert "secret" not in words


def test_a_rebuild_tells_what_it_did(tmp_path: Path) -> None:
    """Per segment and signal: rows before and after, items by what they were, and when they came in."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1, 2)
    with place.desk() as at:
        (logs,) = [one for one in rebuild(at) if one["signal"] == "logs"]

    assert (logs["before"], logs["after"], logs["inserted"], logs["duplicate"], logs["kept"]) == (2, 2, 2, 0, None)
    assert logs["from"] == logs["to"] is not None


def test_a_segment_that_has_gone_is_nothing_to_rebuild(tmp_path: Path) -> None:
    """The list of sources may be older than the janitor's last turn."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1)
    with place.desk() as at:
        found = operations.perform(at, "usage_rebuild", {"segment": "0000000000001-00000000"})
        assert all(one["after"] == 0 for one in found)
        assert prompts_left(at) == ["1"]


def test_rebuild_and_forget_work_beside_running_lanes(tmp_path: Path) -> None:
    """With a worker's relay on the desk, its lanes go on, and everything adds up."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1)
    place.send(BOB, 2)
    with Desk.open(place.settings) as books:
        relay = Relay(place.settings, [], books.segments, books.book, usage=usage_lanes(books))
        at = replace(books, relay=relay)
        relay.start()
        try:
            rebuild(at)
            operations.perform(at, "usage_forget", {"person": ANN})
            rebuild(at)
        finally:
            relay.stop()
        drain(books)
        assert prompts_left(books) == ["2"]
        assert operations.ledger(books)["holds"]


def test_the_status_of_the_store(tmp_path: Path) -> None:
    """Rows, their times, what made them, and how many of them can be made anew."""
    place = Place(tmp_path / "data")
    place.send(ANN, 1, 2)
    with place.desk() as at:
        found = operations.perform(at, "usage_status", {})

    assert (found["events"], found["points"], found["rebuildable"], found["dialects"]) == (2, 0, 2, {"claude_code/1": 2})
    assert found["from"] == found["to"] == "2026-09-21T14:13:20Z"
    assert found["bytes"] > 0
    assert found["unrecognised"] == {"logs": {}, "metrics": {}, "traces": {}}
