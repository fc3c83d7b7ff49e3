"""The synthetic team says the same by both its ways: rows written quickly, and the telemetry that its agents would send."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from upwell import policy
from upwell.config import Policy
from upwell.identity import Key, Keys, Pseudonyms
from upwell.otlp import Encoding, Signal, decode
from upwell.policy import Work
from upwell.store import ReadBatch, Store
from upwell.testing.team import Sent, Team
from upwell.testing.team.speakers import SPEAKERS
from upwell.testing.team.story import Turn
from upwell.usage import Prices, Reading, read

NOW_NS = 1_795_348_800 * 10**9  # 2026-11-22T12:00:00Z, a Sunday
ENCODINGS = {"application/json": Encoding.JSON, "application/x-protobuf": Encoding.PROTOBUF}
COMPARED = "* EXCLUDE (id, cost_usd, seconds), round(cost_usd, 9), round(seconds, 6)"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    """An empty database of keys."""
    with Keys(tmp_path_factory.mktemp("team") / "keys.db") as found:
        yield found


@pytest.fixture(scope="module")
def team(keys: Keys) -> Team:
    """Everybody has a key."""
    found = Team(now_ns=NOW_NS)
    found.enrol(keys)
    return found


@pytest.fixture(scope="module")
def turns(team: Team) -> dict[str, list[Turn]]:
    """Of each agent, turns that have every kind of step which it tells of."""
    found: dict[str, list[Turn]] = {agent: [] for agent in SPEAKERS}
    kinds: set[object] = set()
    for turn in (turn for day in range(team.story.days) for turn in team.story.day(day)):
        seen: set[object] = {(turn.agent, use.kind, use.failed, use.refused) for use in turn.uses}
        seen |= {(turn.agent, getattr(step, "status", None) is None) for step in turn.steps}
        seen.add((turn.agent, turn.opens, turn.commits, turn.pull_requests, turn.mute, turn.version, turn.model))
        if not seen <= kinds:
            kinds |= seen
            found[turn.agent].append(turn)
    return found


class Gateway:
    """What becomes of a request between the door and the store: policy, then the dialects."""

    def __init__(self, keys: Keys) -> None:
        self._keys = {key.id: key for key in keys.list()}
        self._steps = policy.pipeline(Policy(), Pseudonyms(keys.salt))
        self._prices = Prices()

    def read(self, sent: Sent) -> ReadBatch:
        """A request as the usage lane writes it."""
        batch = decode(sent.body, sent.signal, ENCODINGS[sent.headers["content-type"]]).batch
        key = self._key(sent)
        work = Work(batch, sent.signal, key, {})
        for step in self._steps:
            work = step(work)
        return ReadBatch("s", 1, sent.signal, key.id, NOW_NS, self._reading(work, key))

    def _reading(self, work: Work, key: Key) -> Reading:
        return read(work.batch, work.signal, key_id=key.id, received_ns=NOW_NS, prices=self._prices)

    def _key(self, sent: Sent) -> Key:
        return self._keys[sent.headers["x-api-key"].split("_")[1]]


def _told(team: Team, turns: list[Turn]) -> list[ReadBatch]:
    prices = Prices()
    rows = [row for turn in turns for row in team.rows(turn, prices)]
    return [
        ReadBatch("s", 1, signal, "k", NOW_NS, Reading(tuple(r for r in rows if r.signal == signal), (), 0, 0, {})) for signal in Signal
    ]


def _bag(file: Path, batches: list[ReadBatch]) -> Counter[Any]:
    """The usage that some batches give, as a bag of rows without ids."""
    store = Store(file)
    for signal in Signal:
        store.write(signal, [batch for batch in batches if batch.signal is signal], {})
    with store.connection() as db:
        found = Counter(db.execute(f"SELECT {COMPARED} FROM usage").fetchall())
    store.close()
    return found


@pytest.mark.parametrize("agent", SPEAKERS)
def test_both_ways_give_the_same_rows(team: Team, keys: Keys, turns: dict[str, list[Turn]], agent: str, tmp_path: Path) -> None:
    """Every column but the id, for turns with every kind of step, through protobuf or JSON, policy and dialect."""
    gateway = Gateway(keys)
    sent = [sent for turn in turns[agent] for sent in team.sent(turn)]

    told = _bag(tmp_path / "told.duckdb", _told(team, turns[agent]))
    heard = _bag(tmp_path / "heard.duckdb", [gateway.read(one) for one in sent])

    assert len(turns[agent]) > 10
    assert told - heard == Counter()
    assert heard - told == Counter()


def test_no_item_is_unrecognised(team: Team, keys: Keys, turns: dict[str, list[Turn]]) -> None:
    """Agents of the team say nothing that their dialects do not know."""
    gateway = Gateway(keys)

    for sent in (sent for found in turns.values() for turn in found for sent in team.sent(turn)):
        assert gateway.read(sent).reading.unrecognised == {}


def test_agents_claim_who_they_are_and_the_key_decides(team: Team, keys: Keys) -> None:
    """Addresses are in what agents send, as they are in life, and in no row."""
    gateway = Gateway(keys)
    sent = [sent for sent in team.present(NOW_NS) if sent.agent in {"claude-code", "codex", "gemini-cli"}]
    people = {event.person for one in sent for event in gateway.read(one).reading.events}

    assert any(one.member.encode() in one.body for one in sent)
    assert people
    assert all(person and person.startswith("p-") for person in people)


def test_the_same_arguments_tell_the_same_story() -> None:
    """To the byte, in another process or another order."""
    first, second = Team(20, 10, now_ns=NOW_NS), Team(20, 10, now_ns=NOW_NS)
    first.unenrolled()
    second.unenrolled()
    backwards = [second.story.day(day) for day in reversed(range(10))][::-1]

    assert [first.story.day(day) for day in range(10)] == backwards
    assert [sent.body for sent in first.present(NOW_NS)] == [sent.body for sent in second.present(NOW_NS)]
    assert Team(20, 10, seed=2, now_ns=NOW_NS).story.day(8) != first.story.day(8)


def test_the_present_is_never_silent_and_repeats_nothing() -> None:
    """A Sunday night has as much to show as a Tuesday; neighbouring spans of time share no request and leave none out."""
    team = Team(now_ns=NOW_NS)
    team.unenrolled()
    minutes = [team.present(NOW_NS + n * 60 * 10**9) for n in range(3)]
    whole = team.present(NOW_NS + 120 * 10**9, NOW_NS - 60 * 10**9)

    assert all(len(minute) > 3 for minute in minutes)
    assert [sent.body for minute in minutes for sent in minute] == [sent.body for sent in whole]


def test_somebody_has_much_to_show(team: Team) -> None:
    """Whose key is shown has worked in each of the last weeks."""
    days = [{turn.member for turn in team.story.day(day)} for day in range(team.story.days)]

    assert all(any(team.keenest in people for people in days[first : first + 7]) for first in (39, 46, 53))


def test_history_ends_where_it_is_told_to(tmp_path: Path) -> None:
    """Nothing has happened yet that ends later."""
    team = Team(12, 5, now_ns=NOW_NS)
    team.unenrolled()
    until_ns = NOW_NS - 2 * 86_400 * 10**9

    rows = [row for chunk in team.history(until_ns) for row in chunk]

    assert rows
    assert max(row.time_ns for row in rows) <= until_ns
    assert len({row.id for row in rows}) == len(rows)


def test_written_history_leaves_the_ledgers_counts_alone(tmp_path: Path) -> None:
    """The store's counts are of what came through the journal, and nothing did."""
    team, store, heard = Team(12, 10, now_ns=NOW_NS), Store(tmp_path / "usage.duckdb"), list[float]()
    team.unenrolled()

    rows = team.write_history(store, heard.append)

    with store.connection() as db:
        assert db.execute("SELECT count(*) FROM events").fetchone() == (rows,)
        seen = db.execute("SELECT key_id, at_ns FROM first_seen ORDER BY key_id").fetchall()
        assert seen == db.execute("SELECT key_id, min(time_ns) FROM events GROUP BY key_id ORDER BY key_id").fetchall()
    assert all(store.counts(signal).items == 0 for signal in Signal)
    assert heard == [0.5, 1.0]
    store.close()
