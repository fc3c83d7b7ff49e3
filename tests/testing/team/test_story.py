"""The story has in it what a console must be able to show."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from statistics import mean

import pytest

from upwell.testing.team import habits, people
from upwell.testing.team.story import LONGEST_NS, Call, Story, Turn

LAST = date(2026, 11, 20)


@pytest.fixture(scope="module")
def story() -> Story:
    """The default team."""
    return Story(last=LAST)


@pytest.fixture(scope="module")
def turns(story: Story) -> list[tuple[int, Turn]]:
    """All of its turns, with the number of the day on which they began."""
    return [(day, turn) for day in range(story.days) for turn in story.day(day)]


def test_teams_differ_in_size_and_one_is_under_the_floor(story: Story) -> None:
    """60 people, of whom a few have not started."""
    sizes = Counter(member.group.name for member in story.members)

    assert sum(sizes.values()) == 60
    assert len(sizes) == 6
    assert min(sizes.values()) < 5 < max(sizes.values())
    assert 2 <= sum(member.starts is None for member in story.members) <= 8
    assert len({member.name for member in story.members}) == 60


@pytest.mark.parametrize("size", [1, 7, 60, 500])
def test_any_number_of_people_is_shared_out(size: int) -> None:
    """Nobody is left over, and no two have one name."""
    members = people.gather(size, 60, 1)

    assert len({member.name for member in members}) == size


def test_all_agents_are_used(turns: list[tuple[int, Turn]]) -> None:
    """Five of them, none by nearly everybody."""
    used = Counter(turn.agent for _, turn in turns)

    assert set(used) == set(people.AGENTS)
    assert max(used.values()) < 0.7 * sum(used.values())


def test_weekends_and_holidays_are_quiet(story: Story, turns: list[tuple[int, Turn]]) -> None:
    """And working days are not."""
    days = Counter(day for day, _ in turns)
    dates = {day: story.first + timedelta(day) for day in range(story.days)}
    closed = habits.holidays(story.first, story.days)
    working = mean(days[day] for day, on in dates.items() if on.weekday() < 5 and on not in closed)

    assert mean(days[day] for day, on in dates.items() if on.weekday() > 4) < working / 5
    assert mean(days[day] for day, on in dates.items() if on in closed) < working / 5


def test_use_ramps_up(turns: list[tuple[int, Turn]]) -> None:
    """People begin one after the other, and do more as they learn."""
    days = Counter(day for day, _ in turns)

    assert sum(days[day] for day in range(14)) < sum(days[day] for day in range(46, 60)) / 3


def test_the_night_is_quiet(turns: list[tuple[int, Turn]]) -> None:
    """Prompts follow the working day."""
    hours = Counter(turn.time_ns // (3600 * 10**9) % 24 for _, turn in turns)

    assert sum(hours[hour] for hour in (1, 2, 3, 4)) < hours[10] / 2


def test_a_version_falls_silent(story: Story, turns: list[tuple[int, Turn]]) -> None:
    """Those who installed it, enough to be shown over the floor, are last heard of when they did."""
    muted = [(day, turn) for day, turn in turns if turn.mute]
    silent = {member.number for member in story.members if member.silent}

    assert muted
    assert len({turn.member.number for _, turn in turns} & silent) >= 5
    assert {turn.version for _, turn in muted} == {habits.SILENT_VERSION}
    assert max(day for day, turn in turns if turn.member.number in silent) <= 60 * habits.FALLS_SILENT


def test_a_tool_breaks_with_a_version(turns: list[tuple[int, Turn]]) -> None:
    """Fetching fails mostly in the new version, and seldom before."""
    broken, before = Counter[bool](), Counter[bool]()
    for _, turn in turns:
        if turn.agent == "claude-code":
            count = broken if turn.version == "2.1.331" else before
            count.update(use.failed for use in turn.uses if use.kind == "fetch")

    assert broken[True] > broken[False]
    assert before[True] < before[False] / 5


def test_models_change(turns: list[tuple[int, Turn]]) -> None:
    """The newer ones are not there at first, and lead at last."""
    early = Counter(turn.model for day, turn in turns if day < 20)
    late = Counter(turn.model for day, turn in turns if day >= 50)

    assert early["claude-opus-5-5"] == early["gpt-5.5"] == 0
    assert late["claude-opus-5-5"] > late["claude-sonnet-5"]


def test_an_outage_shows(turns: list[tuple[int, Turn]]) -> None:
    """One day has many times the failed requests of the others."""
    failed, calls = Counter[int](), Counter[int]()
    for day, turn in turns:
        found = [step for step in turn.steps if isinstance(step, Call)]
        calls[day] += len(found)
        failed[day] += sum(call.status is not None for call in found)

    worst = int(60 * habits.OUTAGE)
    assert failed[worst] / calls[worst] > 5 * sum(failed.values()) / sum(calls.values())


def test_everything_that_is_counted_happens(turns: list[tuple[int, Turn]]) -> None:
    """MCP servers, skills, subagents, refusals, edits, commits, pull requests, caches and prompts of all sizes."""
    uses = [use for _, turn in turns for use in turn.uses]
    calls = [step for _, turn in turns for step in turn.steps if isinstance(step, Call)]
    lengths = sorted(turn.length for _, turn in turns)

    assert {use.server for use in uses if use.server} == {server for server, _ in habits.MCP}
    assert {use.kind for use in uses} == {tool.kind for tool in habits.TOOLS}
    assert any(use.refused for use in uses)
    assert sum(turn.commits for _, turn in turns) > sum(turn.pull_requests for _, turn in turns) > 0
    assert sum(call.cache_read for call in calls) > sum(call.input for call in calls)
    assert lengths[-1] > 100 * lengths[len(lengths) // 10]


def test_steps_stand_within_their_turn(turns: list[tuple[int, Turn]]) -> None:
    """In order, in whole milliseconds, and none longer than the present looks back."""
    for _, turn in turns:
        times = [step.time_ns for step in turn.steps]
        assert times == sorted(times)
        assert turn.time_ns < times[0]
        assert times[-1] < turn.ends_ns <= turn.time_ns + LONGEST_NS
        assert all(time % 10**6 == 0 for time in (turn.time_ns, turn.ends_ns, *times))
        assert all(value >= 0 for step in turn.steps if isinstance(step, Call) for value in step[4:9])
