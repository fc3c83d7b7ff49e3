"""The engine under the floor: what the pure function decides is what the store's rows say."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.reports.making import MONDAY, fill, reporter, use
from upwell.store import Store
from upwell.store.reports import Answer, Query, people
from upwell.store.reports.dimensions import DIMENSIONS

FLOOR = 3
_uses = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.sampled_from("ab"), st.sampled_from("tuv")), min_size=1, max_size=30)


@given(_uses)
@settings(max_examples=6, deadline=None)
def test_rows_of_the_store_are_under_the_floor(uses: list[tuple[int, int, str, str]]) -> None:
    """By filter and breakdown: no row of fewer people, and a breakdown that merges adds up to the answer without one."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "usage.duckdb", memory_limit=128 * 10**6)
        fill(store, [use(f"p{who}", day, agent=agent, team=team) for who, day, agent, team in uses])
        asked = reporter(store, floor=FLOOR)
        for agent, team in product((None, "a"), (None, "t")):
            question = {"since": MONDAY, "until": MONDAY.replace(month=10), "agent": agent, "team": team}
            whole = asked.answer("overview", Query(**question))  # type: ignore[arg-type]
            _check(whole)
            for by in ("agent", "team", "day", "day,agent", "agent,team"):
                answer = asked.answer("overview", Query(**question, by=by))  # type: ignore[arg-type]
                _check(answer)
                if by in ("agent", "team") and answer.rows:
                    assert sum(row["prompts"] for row in answer.rows) == whole.rows[0]["prompts"]
        store.close()


def _check(answer: Answer) -> None:
    for row in answer.rows:
        figures = [value for name, value in row.items() if name not in DIMENSIONS]
        assert row["people"] is None or row["people"] >= FLOOR or row["prompts"] == 0
        assert row["people"] is not None or all(value is None for value in figures)


def test_an_installation_below_the_floor_is_one_group(tmp_path: Path) -> None:
    """It is told everything but by person and place; and its prompts one by one."""
    store = Store(tmp_path / "usage.duckdb")
    fill(store, [use(f"p{who}", who, team=f"t{who}", agent="codex", prompt="q") for who in range(3)])
    asked = reporter(store, floor=5, enrolled=3)
    period = {"since": MONDAY, "until": MONDAY.replace(month=10)}

    assert [row["people"] for row in asked.answer("overview", Query(**period, by="day")).rows] == [1, 1, 1]  # type: ignore[arg-type]
    (row,) = asked.answer("overview", Query(**period, by="team")).rows  # type: ignore[arg-type]
    assert (row["team"], row["people"]) == ("other", 3)
    answer = asked.answer("overview", Query(**period, team="t1"))  # type: ignore[arg-type]
    assert answer.rows == ()
    assert "one group" in answer.notes[0]
    assert len(asked.answer("interaction", Query(**period, more={"prompt": "q"})).rows) == 3  # type: ignore[arg-type]
    store.close()


def test_people_who_were_seen_count_for_the_floor_too(tmp_path: Path) -> None:
    """Taking away keys does not take away the floor."""
    store = Store(tmp_path / "usage.duckdb")
    fill(store, [use(f"p{who}", agent="codex" if who else "rare") for who in range(9)])

    answer = reporter(store, floor=5, enrolled=0).answer("overview", Query(since=MONDAY, until=MONDAY.replace(day=30), by="agent"))

    assert [row["agent"] for row in answer.rows] == ["other"]
    store.close()


def test_who_was_not_heard_from(tmp_path: Path) -> None:
    """Enrolled and heard from stand in the notes, where neither those heard nor the silent ones are few."""
    store = Store(tmp_path / "usage.duckdb")
    fill(store, [use(f"p{who}") for who in range(6)])
    question = Query(since=MONDAY, until=MONDAY.replace(day=30))

    for enrolled, told in ((20, True), (6, True), (8, False)):
        notes = reporter(store, floor=5, enrolled=enrolled).answer("overview", question).notes
        assert any(f"{enrolled} people are enrolled; 6" in note for note in notes) is told
    store.close()


def test_an_answer_is_of_one_state(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that come while it is made are in none of its figures: who stands behind them was not asked."""
    fill(store, [use(f"p{who}") for who in range(6)])
    asked = reporter(store, floor=5)
    behind = people.behind

    def slow(*arguments: Any) -> Any:
        found = behind(*arguments)
        fill(store, [use("late", agent="late") for _ in range(10)])
        reporter(store).refresh()
        return found

    monkeypatch.setattr(people, "behind", slow)
    (row,) = asked.answer("overview", Query(since=MONDAY, until=MONDAY.replace(day=30))).rows

    assert (row["people"], row["prompts"]) == (6, 6)
