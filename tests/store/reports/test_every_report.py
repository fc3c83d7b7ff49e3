"""Every report of the registry answers, in the documented shape, however it may be asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.store.reports.making import MONDAY, ask, fill, reporter, use
from upwell.store import FILE, Store
from upwell.store.reports import REPORTS, Query
from upwell.store.reports.dimensions import DIMENSIONS
from upwell.store.reports.report import SQL
from upwell.store.reports.viewer import Viewer
from upwell.usage import CostSource, Kind

AGGREGATES = [name for name, report in REPORTS.items() if report.privacy == "aggregate"]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with a bit of everything, by eight people in two teams over three weeks."""
    store = Store(tmp_path_factory.mktemp("full") / FILE)
    rows = []
    for person in range(8):
        for day in range(0, 21, 1 + person % 3):
            common = {
                "team": f"team {person % 2}", "department": "d", "cost_center": "c", "organization": "o", "repository": "r",
                "agent": ("codex", "claude-code")[day % 2], "agent_version": f"{day // 7}",
                "session": f"s{person}-{day}", "prompt": f"q{person}-{day}",
            }  # fmt: skip
            who = f"p{person}"
            request = {"model": "m", "input_tokens": 3, "cost_usd": 0.25, "cost_source": CostSource.REPORTED, "attempts": 1 + day % 2}
            rows += [
                use(who, day, 9.0, kind=Kind.PROMPT, prompt_length=10 ** (1 + day % 4), remark="before 2: odd", **common),
                use(who, day, 9.1, kind=Kind.API_REQUEST, subagent="explore" if day % 2 else None, **request, **common),
                use(who, day, 9.2, kind=Kind.TOOL_CALL, tool="Bash", success=day % 5 > 0, duration_ms=12.0, **common),
                use(who, day, 9.2, kind=Kind.TOOL_CALL, tool="mcp__a__b", mcp_server="a", decision="reject", **common),
                use(who, day, 9.3, kind=Kind.SKILL, skill="pdf", **common),
                use(who, day, 9.4, kind=Kind.ERROR, error="429", **common),
                use(who, day, 9.5, kind=Kind.EDIT, lines_added=5, decision="accept", **common),
                use(who, day, 9.5, kind=Kind.COMMIT, **common),
            ]
    fill(store, rows)
    return store


def test_each_has_its_own_sql_and_no_sql_is_left_over() -> None:
    """One file per report, found by its name."""
    assert {file.stem for file in SQL.glob("*.sql")} == set(REPORTS)


def test_registry_is_consistent() -> None:
    """Keys and groupings are dimensions, names of columns are unique, and there is a sentence on how each is counted."""
    for report in REPORTS.values():
        assert set(report.keys) | set(report.groupings) <= set(DIMENSIONS), report.name
        assert not set(report.keys) & set(report.groupings), report.name
        names = [*report.keys, "people", *(column.name for column in report.columns)]
        assert len(names) == len(set(names)), report.name
        assert report.sort in ("", *names), report.name
        assert report.counted.endswith("."), report.name
        assert report.question.endswith("?"), report.name
        json.dumps(report.as_json())


@pytest.mark.parametrize("name", AGGREGATES)
def test_each_answers(full: Store, name: str) -> None:
    """Whole, by each of its groupings, and confined to an agent and a team: rows have exactly the columns, and are JSON."""
    report = REPORTS[name]
    for by in (None, *report.groupings):
        answer = ask(full, name, by=by)
        assert answer.rows, by
        for row in answer.rows:
            assert list(row) == [column.name for column in answer.columns]
            assert row["people"] is None or row["people"] >= 2
        json.dumps(answer.as_json())
    assert ask(full, name, agent="claude-code", team="team 0").rows


@pytest.mark.parametrize("name", AGGREGATES)
def test_two_groupings_at_once(full: Store, name: str) -> None:
    """A series per agent, for charts."""
    if {"day", "agent"} <= set(REPORTS[name].groupings):
        assert {"day", "agent"} < set(ask(full, name, by="day,agent").rows[0])


def test_what_every_report_counts_adds_up(full: Store) -> None:
    """Counts of a breakdown add up to the report's own count without one, whatever it is broken down by."""
    for name, figure in (("overview", "prompts"), ("cost", "api_requests"), ("outcomes", "commits"), ("prompts", "prompts")):
        whole = ask(full, name).rows[0][figure]
        for by in REPORTS[name].groupings:
            assert sum(row[figure] or 0 for row in ask(full, name, by=by).rows) == whole, (name, by)


def test_figures_of_single_reports(full: Store) -> None:
    """A figure of each report that the others do not share, counted by hand."""
    days = sum(len(range(0, 21, 1 + person % 3)) for person in range(8))

    assert ask(full, "prompts").rows[0]["prompts"] == days
    assert ask(full, "prompts").rows[0]["calls_per_prompt"] == 2.0
    assert ask(full, "prompts").rows[0]["error_share"] == 1.0
    assert [row["size"] for row in ask(full, "prompt_sizes").rows] == [10, 100, 1000, 10000]
    assert {(row["tool"], row["outcome"]) for row in ask(full, "tool_calls").rows} == {
        ("Bash", "succeeded"), ("Bash", "failed"), ("mcp__a__b", "refused"),
    }  # fmt: skip
    assert ask(full, "mcp").rows[0]["tools"] == 1
    assert ask(full, "skills").rows[0]["activations"] == days
    assert ask(full, "subagents").rows[0]["subagent"] == "explore"
    assert ask(full, "models").rows[0]["cost_reported_usd"] == days * 0.25
    assert ask(full, "cost").rows[0]["cost_unknown_share"] == 0.0
    assert ask(full, "sessions").rows[0]["mean_prompts"] == 1.0
    assert ask(full, "sessions").rows[0]["up_to_30_minutes"] == days
    assert {row["hour"] for row in ask(full, "rhythm").rows} == {9}
    assert {row["tenure"] for row in ask(full, "adoption").rows} == {"new", "returning"}
    assert [(row["age"], row["people"]) for row in ask(full, "retention").rows] == [(0, 8), (1, 8), (2, 8)]
    assert {row["silence"] for row in ask(full, "coverage").rows} == {"within 14 days"}
    assert "codex, before 2: odd." in ask(full, "versions").notes
    assert ask(full, "outcomes").rows[0]["acceptance_share"] == 1.0
    assert ask(full, "errors").rows[0]["errors"] == days
    assert 0 < ask(full, "retries").rows[0]["retried_share"] < 1


def test_one_session_and_one_interaction(full: Store) -> None:
    """From the list of sessions to one of them, to what one prompt caused, in order."""
    asked = reporter(full, floor=2)
    asked._audit = lambda asker, told: None
    viewer, period = Viewer(reason="a test"), {"since": MONDAY, "until": MONDAY.replace(month=10)}

    sessions = asked.answer("session_list", Query(**period), viewer).rows  # type: ignore[arg-type]
    prompts = asked.answer("session", Query(**period, more={"session": sessions[0]["session"]}), viewer).rows  # type: ignore[arg-type]
    caused = asked.answer("interaction", Query(**period, more={"prompt": prompts[0]["prompt"]}), viewer).rows  # type: ignore[arg-type]

    assert [row["kind"] for row in caused][:4] == ["prompt", "api_request", "tool_call", "tool_call"]
    assert caused[1]["after"] == 360.0
    assert "person" not in caused[0]
    by_own_id = asked.answer("interaction", Query(**period, more={"prompt": "q1-2"}), viewer).rows  # type: ignore[arg-type]
    assert len(by_own_id) == 8


def test_sql_is_shipped_with_the_package() -> None:
    """The files lie inside the package, which the wheel takes whole."""
    assert Path(SQL).is_relative_to(Path(__file__).resolve().parents[3] / "src" / "upwell")


@pytest.mark.parametrize("name", AGGREGATES)
def test_each_takes_every_filter(full: Store, name: str) -> None:
    """A filter that its rows say nothing about leaves nothing, and the notes say why."""
    for filters in ({"model": "m"}, {"more": {"tool": "Bash"}}, {"model": "m", "agent": "codex", "team": "team 0"}):
        answer = ask(full, name, **filters)

        assert answer.rows or not answer.notes or "names no" in answer.notes[0]


def test_one_tool(full: Store) -> None:
    """Reports of tool calls can be confined to a tool."""
    (row,) = ask(full, "tools", more={"tool": "Bash"}).rows

    assert row == next(row for row in ask(full, "tools").rows if row["tool"] == "Bash")
    assert "names no tool" in ask(full, "overview", more={"tool": "Bash"}).notes[0]
