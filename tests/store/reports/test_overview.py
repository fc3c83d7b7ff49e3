"""The overview: each figure counted once, by everything that it can be broken down by."""

from __future__ import annotations

from typing import Any

import pytest

from tests.store.reports.making import MONDAY, ask, fill, reporter, use
from upwell.errors import ConfigError, NoSuchEntry
from upwell.store import Store
from upwell.store.reports import Query
from upwell.usage import CostSource, Kind


def _day_of_work(person: str, **columns: Any) -> list[Any]:
    session = {"session": f"of {person}", **columns}
    tokens = {"input_tokens": 10, "output_tokens": 5, "cache_read_tokens": 100, "cache_creation_tokens": 7}
    return [
        use(person, kind=Kind.PROMPT, **session),
        use(person, kind=Kind.API_REQUEST, model="sonnet", cost_usd=0.5, cost_source=CostSource.PRICED, **tokens, **session),
        use(person, kind=Kind.API_REQUEST, model="mystery", cost_source=CostSource.UNKNOWN, **session),
        use(person, kind=Kind.TOOL_CALL, tool="Bash", success=True, **session),
        use(person, kind=Kind.TOOL_CALL, tool="Edit", success=False, **session),
        use(person, kind=Kind.TOOL_CALL, tool="Edit", decision="reject", **session),
        use(person, kind=Kind.ERROR, error="429", **session),
    ]


def test_every_figure(store: Store) -> None:
    """One row without a grouping, with the figures of the documented shape."""
    fill(store, [*_day_of_work("a"), *_day_of_work("b")])

    answer = ask(store, "overview")

    assert answer.rows == (
        {
            "people": 2, "sessions": 2, "prompts": 2, "api_requests": 4, "tool_calls": 6, "tool_failures": 2, "errors": 2,
            "input_tokens": 20, "output_tokens": 10, "cache_read_tokens": 200, "cache_creation_tokens": 14,
            "cost_usd": 1.0, "cost_unknown_requests": 2,
        },
    )  # fmt: skip
    assert [column.name for column in answer.columns] == list(answer.rows[0])


def test_counts_are_sums(store: Store) -> None:
    """A row that stands for several counts as several, and one that only adds tokens as none."""
    fill(store, [use(person, kind=Kind.API_REQUEST, count=count, input_tokens=4) for person in "ab" for count in (3, 0)])

    (row,) = ask(store, "overview").rows

    assert (row["api_requests"], row["input_tokens"]) == (6, 16)


def test_nothing_is_nothing(store: Store) -> None:
    """An empty store has a row of zeros, and no cost rather than a cost of zero."""
    (row,) = ask(store, "overview").rows

    assert row["prompts"] == 0
    assert row["cost_usd"] is None


def test_a_session_needs_a_prompt_or_a_request_of_its_own(store: Store) -> None:
    """A session of nothing but a start, a tool call, or a subagent's requests does not count."""
    rows = [
        *(use(person, kind=Kind.SESSION, session=f"started {person}") for person in "ab"),
        *(use(person, kind=Kind.TOOL_CALL, session=f"calls {person}") for person in "ab"),
        *(use(person, kind=Kind.API_REQUEST, session=f"sub {person}", subagent="explore") for person in "ab"),
        *(use(person, kind=Kind.API_REQUEST, session=f"main {person}") for person in "ab"),
        *(use(person, kind=Kind.PROMPT, session=f"main {person}") for person in "ab"),
    ]
    fill(store, rows)

    assert ask(store, "overview").rows[0]["sessions"] == 2


def test_by_agent_and_team(store: Store) -> None:
    """Groups add up to the whole."""
    for agent, team in (("codex", "core"), ("gemini-cli", "core"), ("codex", "web")):
        fill(store, [row for person in ("a", "b") for row in _day_of_work(f"{person} of {team}", agent=agent, team=team)])

    by_agent = ask(store, "overview", by="agent").rows
    by_team = ask(store, "overview", by="team").rows

    assert {row["agent"]: row["prompts"] for row in by_agent} == {"codex": 4, "gemini-cli": 2}
    assert {row["team"]: row["prompts"] for row in by_team} == {"core": 4, "web": 2}
    assert ask(store, "overview", agent="codex", team="core").rows[0]["prompts"] == 2


def test_days_are_those_of_the_time_zone(store: Store) -> None:
    """23:00 in UTC is the next day in Berlin, and half past six in the evening in Kolkata's half-hour zone is the next day there."""
    fill(store, [use(person, day=0, hour=23.0) for person in "ab"])
    question = Query(since=MONDAY, until=MONDAY.replace(day=30), by="day")

    for timezone, day in (("UTC", 21), ("Europe/Berlin", 22), ("Asia/Kolkata", 22), ("America/New_York", 21)):
        (row,) = reporter(store, floor=2, timezone=timezone).answer("overview", question).rows
        assert row["day"] == MONDAY.replace(day=day)


def test_by_week_and_month(store: Store) -> None:
    """Weeks begin on Mondays; both are named by their first day."""
    fill(store, [use(person, day=day) for person in "ab" for day in (0, 6, 7, 10)])

    assert [(str(row["week"]), row["prompts"]) for row in ask(store, "overview", by="week").rows] == [("2026-09-21", 4), ("2026-09-28", 4)]
    assert [(str(row["month"]), row["prompts"]) for row in ask(store, "overview", by="month").rows] == [
        ("2026-09-01", 6),
        ("2026-10-01", 2),
    ]


def test_tools_with_their_times(store: Store) -> None:
    """Calls, failures and quantiles by tool; times within two per cent."""
    slow = [use(person, kind=Kind.TOOL_CALL, tool="Bash", duration_ms=float(n), success=n > 10) for person in "ab" for n in range(1, 101)]
    fill(store, [*slow, *(use(person, kind=Kind.TOOL_CALL, tool="Read") for person in "ab")])

    bash, read = ask(store, "tools").rows

    assert (bash["tool"], bash["people"], bash["calls"], bash["failures"]) == ("Bash", 2, 200, 20)
    assert bash["p50_ms"] == pytest.approx(50, rel=0.03)
    assert bash["p95_ms"] == pytest.approx(95, rel=0.03)
    assert (read["tool"], read["calls"], read["failures"], read["p50_ms"]) == ("Read", 2, 0, None)


def test_what_cannot_be_asked(store: Store) -> None:
    """An unknown report, an unknown grouping, one twice, and a period without a day are errors that say so."""
    with pytest.raises(NoSuchEntry, match="there is no report 'leaderboard'"):
        ask(store, "leaderboard")
    with pytest.raises(ConfigError, match="cannot be broken down by 'shoe_size'"):
        ask(store, "overview", by="shoe_size")
    with pytest.raises(ConfigError, match="not one grouping"):
        ask(store, "overview", by="day,day")
    with pytest.raises(ConfigError, match="no day lies between"):
        ask(store, "overview", until=MONDAY)
