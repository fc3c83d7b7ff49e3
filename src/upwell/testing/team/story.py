"""What the synthetic team does, told once and in no agent's words: prompts, and the model calls and tools that each of them causes.

Everything follows from (people, days, seed, last day): each person's day, and each minute of the present, has dice of its own, so that any
piece can be told without the rest. Times are whole milliseconds, because that is the most that every agent writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from upwell.testing.team import habits, people
from upwell.testing.team.people import Member

_MS: Final = 10**6
_MINUTE_NS: Final = 60 * 10**9
_DAY_NS: Final = 86_400 * 10**9
LONGEST_NS: Final = 10 * _MINUTE_NS
"""No prompt works longer than this."""


class Call(NamedTuple):
    """One model call. Token kinds never overlap; `output` includes `reasoning`. `status` is set where the call failed for good."""

    time_ns: int
    duration_ms: int
    number: int
    model: str
    input: int
    output: int
    reasoning: int
    cache_read: int
    cache_creation: int
    subagent: str | None = None
    status: int | None = None
    attempts: int = 1


class Use(NamedTuple):
    """One use of a tool, which ends at `time_ns`. `refused` ones were never run."""

    time_ns: int
    duration_ms: int
    number: int
    kind: str
    failed: bool = False
    refused: bool = False
    server: str | None = None
    detail: str | None = None
    added: int = 0
    removed: int = 0


Step: TypeAlias = Call | Use


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt and all that came of it. `opens`: it is the first of its session. `mute`: this version sends only that it started."""

    member: Member
    agent: str
    version: str
    session: str
    opens: bool
    mute: bool
    prompt: str
    time_ns: int
    ends_ns: int
    length: int
    model: str
    steps: tuple[Step, ...]
    commits: int
    pull_requests: int
    typed_seconds: float

    @property
    def uses(self) -> Iterator[Use]:
        """The tools that were used or refused."""
        return (step for step in self.steps if isinstance(step, Use))

    @property
    def trace(self) -> str:
        """32 hex digits, for agents that write traces."""
        return self.prompt.replace("-", "")


class Story:
    """The team's days up to and with `last`, and its present."""

    def __init__(self, members: int = 60, days: int = 60, seed: int = 1, *, last: date) -> None:
        self.days = days
        self.first = last - timedelta(days - 1)
        self.members = people.gather(members, days, seed)
        self._seed = seed
        self._holidays = habits.holidays(self.first, days)

    def day(self, number: int) -> list[Turn]:
        """What was begun on one day, in the order in which it ended; days count from 0."""
        day = self.first + timedelta(number)
        turns = [turn for member in people.started(self.members, number) for turn in self._day_of(member, number, day)]
        return sorted(turns, key=lambda turn: turn.ends_ns)

    def present(self, since_ns: int, until_ns: int) -> list[Turn]:
        """What ends within a span of time now: somebody always works, whatever the hour and day."""
        minutes = range((since_ns - LONGEST_NS) // _MINUTE_NS, until_ns // _MINUTE_NS + 1)
        turns = (turn for minute in minutes for turn in self._minute(minute) if since_ns < turn.ends_ns <= until_ns)
        return sorted(turns, key=lambda turn: turn.ends_ns)

    def _day_of(self, member: Member, number: int, day: date) -> Iterator[Turn]:
        rng = Random(f"{self._seed}/{member.number}/{day.toordinal()}")  # noqa: S311 - a story
        turns = self._turns(member, number, day, rng)
        begins_ns = int(datetime.combine(day, time(), UTC).timestamp()) * 10**9
        while turns > 0:
            sitting = min(turns, rng.randint(1, 7))
            turns -= sitting
            agent = rng.choices(member.agents, (4, 1)[: len(member.agents)])[0]
            hour = (rng.choices(range(24), habits.HOURS)[0] + member.shift) % 24
            at_ns = begins_ns + hour * 3600 * 10**9 + rng.randrange(3_600_000) * _MS
            session = _uuid(rng)
            for place in range(sitting):
                turn = self._turn(rng, member, agent, number, session, place == 0, at_ns)
                yield turn
                if turn.mute:
                    return
                at_ns = turn.ends_ns + rng.randint(20_000, 400_000) * _MS

    def _turns(self, member: Member, number: int, day: date, rng: Random) -> int:
        """How many prompts a person makes on a day."""
        if member.starts is None or number in member.away or rng.random() < 0.08:
            return 0
        if member.silent and number > int(self.days * habits.FALLS_SILENT):
            return 0
        skill = min(1.0, 0.3 + (number - member.starts) / (0.4 * self.days))
        calm = 0.04 if day in self._holidays else habits.WEEKDAYS[day.weekday()]
        return round(member.pace * skill * calm * rng.lognormvariate(0, 0.4))

    @lru_cache(maxsize=256)  # noqa: B019 - the story lives as long as its process
    def _minute(self, minute: int) -> tuple[Turn, ...]:
        rng = Random(f"{self._seed}/minute/{minute}")  # noqa: S311 - a story
        heard = [member for member in people.started(self.members, self.days) if not member.silent]
        turns = []
        for member in rng.sample(heard, min(len(heard), 1 + len(self.members) // 4)):
            own = Random(f"{self._seed}/{member.number}/hour/{minute // 60}")  # noqa: S311 - a story
            session, opens = _uuid(own), rng.random() < 0.3
            at_ns = minute * _MINUTE_NS + rng.randrange(60_000) * _MS
            agent = rng.choices(member.agents, (4, 1)[: len(member.agents)])[0]
            turns.append(self._turn(rng, member, agent, self.days - 1, _uuid(rng) if opens else session, opens, at_ns))
        return tuple(turns)

    def _turn(self, rng: Random, member: Member, agent: str, number: int, session: str, opens: bool, at_ns: int) -> Turn:
        when, lagging = number / self.days, (number - member.lags) / self.days
        mute = member.silent and agent == "codex" and number >= int(self.days * habits.FALLS_SILENT)
        model = habits.model(agent, when, rng)
        steps = tuple(_Work(rng, agent, model, when, lagging, at_ns + rng.randint(200, 1500) * _MS).steps())
        edits = any(isinstance(step, Use) and step.added for step in steps)
        commits = 1 if edits and rng.random() < 0.22 else 0
        return Turn(
            member=member,
            agent=agent,
            version=habits.SILENT_VERSION if mute else habits.version(agent, lagging),
            session=session,
            opens=opens,
            mute=mute,
            prompt=_uuid(rng),
            time_ns=at_ns,
            ends_ns=max(step.time_ns for step in steps) + 50 * _MS,
            length=min(20_000, 2 + int(rng.lognormvariate(4.6, 1.15))),
            model=model,
            steps=steps,
            commits=commits,
            pull_requests=1 if commits and rng.random() < 0.25 else 0,
            typed_seconds=round(rng.lognormvariate(2.6, 0.8), 1),
        )


class _Work:
    """The steps of one prompt, one after the other: a call, the tools it asks for, the next call."""

    def __init__(self, rng: Random, agent: str, model: str, when: float, lagging: float, at_ns: int) -> None:
        self._rng = rng
        self._agent = agent
        self._model = model
        self._outage = abs(when - habits.OUTAGE) < 0.01
        self._broken = agent == "claude-code" and lagging >= habits.BREAKS
        self._at_ns = at_ns
        self._ends_ns = at_ns + LONGEST_NS - _MINUTE_NS
        self._context = int(rng.lognormvariate(10.8, 0.5))
        self._number = 0

    def steps(self) -> Iterator[Step]:
        rng = self._rng
        for left in range(min(14, 1 + int(rng.expovariate(0.32))), 0, -1):
            call = self._call(self._model, None)
            yield call
            if call.status is not None or self._at_ns > self._ends_ns:
                return
            if left > 1:
                yield from self._tools()

    def _tools(self) -> Iterator[Step]:
        for tool in self._rng.choices(habits.TOOLS, habits.WEIGHTS, k=self._rng.choice((1, 1, 1, 2, 3))):
            if tool.kind == "subagent":
                name = self._rng.choice(habits.SUBAGENTS)
                yield self._call(habits.SMALL_MODEL.get(self._agent, self._model), name)
                yield self._use(tool, detail=name)
            else:
                yield self._use(tool)

    def _call(self, model: str, subagent: str | None) -> Call:
        rng = self._rng
        duration = min(60_000, 600 + int(rng.lognormvariate(8.1, 0.6)))
        self._step(duration)
        if rng.random() < (0.2 if self._outage else 0.012):
            return Call(
                self._at_ns, duration, self._number, model, 0, 0, 0, 0, 0, subagent, rng.choice((529, 529, 429, 500)), rng.randint(3, 10)
            )
        fresh, output = int(rng.lognormvariate(6.6, 0.9)), 20 + int(rng.lognormvariate(5.4, 0.9))
        written = self._context if self._number == 1 and rng.random() < 0.5 else int(rng.lognormvariate(7.2, 0.8))
        read, self._context = self._context - (written if written == self._context else 0), self._context + fresh + output
        keeps = self._agent == "claude-code"  # the others' providers do not say what was written to a cache
        reasoning = int(output * rng.uniform(0.1, 0.6))
        return Call(
            self._at_ns,
            duration,
            self._number,
            model,
            fresh + (0 if keeps else written),
            output,
            reasoning,
            read,
            written if keeps else 0,
            subagent,
        )

    def _use(self, tool: habits.Tool, detail: str | None = None) -> Use:
        rng, kind, server = self._rng, tool.kind, None
        duration = min(120_000, 1 + int(rng.lognormvariate(0, 0.8) * tool.median_ms))
        self._step(duration)
        if kind in {"shell", "edit", "write"} and rng.random() < 0.02:
            return Use(self._at_ns, 0, self._number, kind, refused=True)
        if kind == "mcp":
            server, detail = habits.mcp_call(rng)
        elif kind == "skill":
            detail = rng.choice(habits.SKILLS)
        failed = rng.random() < (habits.FETCH_BROKEN if kind == "fetch" and self._broken else tool.fails)
        if failed or kind not in {"edit", "write"}:
            return Use(self._at_ns, duration, self._number, kind, failed, server=server, detail=detail)
        added = 1 + int(rng.lognormvariate(3.2 if kind == "write" else 1.9, 0.9))
        removed = 0 if kind == "write" else int(rng.lognormvariate(1.3, 0.9))
        return Use(self._at_ns, duration, self._number, kind, added=added, removed=removed)

    def _step(self, milliseconds: int) -> None:
        self._number += 1
        self._at_ns += milliseconds * _MS


def _uuid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))
