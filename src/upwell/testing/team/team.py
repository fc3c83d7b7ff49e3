"""The team itself: keys for its people, their history as rows, their present as requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from upwell.identity import Keys, Pseudonyms
from upwell.otlp import Encoding, Signal, encode
from upwell.store import ReadBatch, Store
from upwell.testing.team.people import ORGANIZATION, Member
from upwell.testing.team.speakers import SPEAKERS
from upwell.testing.team.story import Story, Turn
from upwell.testing.team.wire import Badge, Said
from upwell.usage import Prices, Reading, UsageEvent

SOURCE: Final = "the team's history"
_DAYS_AT_ONCE: Final = 5
_MEDIA: Final = {Encoding.JSON: "application/json", Encoding.PROTOBUF: "application/x-protobuf"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request as an agent makes it: `POST /v1/{signal}` with these headers."""

    member: str
    agent: str
    signal: Signal
    body: bytes
    headers: Mapping[str, str]


class Team:
    """So many people and days, ending with the day of `now_ns`. `badges` says who each is to Upwell; `enrol` or `unenrolled` makes them."""

    def __init__(self, people: int = 60, days: int = 60, seed: int = 1, *, now_ns: int) -> None:
        self.now_ns = now_ns
        self.story = Story(people, days, seed, last=datetime.fromtimestamp(now_ns / 1e9, UTC).date())
        self.badges: dict[int, Badge] = {}

    @property
    def members(self) -> tuple[Member, ...]:
        """Everybody, those who have not started too."""
        return self.story.members

    @property
    def keenest(self) -> Member:
        """Somebody with much to show: who does most of those that Claude Code is heard from."""
        heard = [one for one in self.members if one.starts is not None and not one.silent]
        return max(heard or self.members, key=lambda one: (one.agents[0] == "claude-code", one.pace - (one.starts or 0) / self.story.days))

    def enrol(self, keys: Keys) -> None:
        """Make a key for everybody, as `upwell keys add` does; people are then the pseudonyms that policy writes for them."""
        pseudonyms = Pseudonyms(keys.salt)
        for member in self.members:
            group = member.group
            new = keys.add(member.name, group.name, department=group.department, cost_center=group.cost_center, organization=ORGANIZATION)
            self.badges[member.number] = _badge(member, new.key.id, pseudonyms.of(member.name), new.secret_text)

    def unenrolled(self) -> None:
        """Badges without keys, for a store that no gateway writes to."""
        pseudonyms = Pseudonyms(bytes(32))
        self.badges = {one.number: _badge(one, f"k{one.number:03d}", pseudonyms.of(one.name), "") for one in self.members}

    def history(self, until_ns: int | None = None) -> Iterator[list[UsageEvent]]:
        """The rows of everything that ended before a time (now, by default), some days at a time."""
        prices, until_ns = Prices(), self.now_ns if until_ns is None else until_ns
        for first in range(0, self.story.days, _DAYS_AT_ONCE):
            turns = (turn for day in range(first, min(first + _DAYS_AT_ONCE, self.story.days)) for turn in self.story.day(day))
            yield [row for turn in turns if turn.ends_ns <= until_ns for row in self.rows(turn, prices)]

    def write_history(self, store: Store, progress: Callable[[float], None] = lambda _: None) -> int:
        """Put the history into a store; how many rows. `progress` is told the part that is done.

        Nothing of it came through a journal, so that it is taken out of the store's counts again: the ledger proves what did come.
        """
        rows, known = 0, {signal: {""} for signal in Signal}
        for number, chunk in enumerate(self.history(), 1):
            for signal in Signal:
                store.write(signal, _batches(signal, [row for row in chunk if row.signal == signal.value], known[signal]), {})
            rows += len(chunk)
            progress(min(1.0, number * _DAYS_AT_ONCE / self.story.days))
        with store.connection() as db:
            db.execute("DELETE FROM counts WHERE source = ?", [SOURCE])
        return rows

    def present(self, now_ns: int, since_ns: int | None = None) -> list[Sent]:
        """What agents send between two moments, a minute by default: the prompts that ended then, of whoever is at work."""
        turns = self.story.present(now_ns - 60 * 10**9 if since_ns is None else since_ns, now_ns)
        return [sent for turn in turns for sent in self.sent(turn)]

    def rows(self, turn: Turn, prices: Prices) -> list[UsageEvent]:
        """A turn as the store holds it."""
        return SPEAKERS[turn.agent].rows(turn, self.badges[turn.member.number], prices)

    def sent(self, turn: Turn) -> list[Sent]:
        """A turn as its agent sends it."""
        return [self._sent(turn, said) for said in SPEAKERS[turn.agent].said(turn)]

    def _sent(self, turn: Turn, said: Said) -> Sent:
        headers = {"content-type": _MEDIA[said.encoding], "x-api-key": self.badges[turn.member.number].secret}
        return Sent(turn.member.name, turn.agent, said.signal, encode(said.batch, said.signal, said.encoding), headers)


def _badge(member: Member, key_id: str, person: str, secret: str) -> Badge:
    group = member.group
    return Badge(key_id, person, group.name, group.department, group.cost_center, ORGANIZATION, secret)


def _batches(signal: Signal, rows: Iterable[UsageEvent], known: set[str]) -> list[ReadBatch]:
    """A batch for each key that the store has not heard of yet, which it remembers, and one for all others, which is quicker."""
    groups: dict[str, list[UsageEvent]] = {}
    for row in rows:
        groups.setdefault("" if row.key_id in known else row.key_id, []).append(row)
    known.update(groups)
    return [_batch(signal, key_id or found[0].key_id, found) for key_id, found in groups.items()]


def _batch(signal: Signal, key_id: str, rows: list[UsageEvent]) -> ReadBatch:
    reading = Reading(events=tuple(rows), points=(), usage_items=len(rows), not_usage=0, unrecognised={})
    return ReadBatch(SOURCE, 0, signal, key_id, min(row.time_ns for row in rows), reading)
