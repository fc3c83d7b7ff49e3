"""Reports as a person meets them, with no worker running."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.store.reports.making import fill, use
from upwell.store import FILE, Store
from upwell.usage import Kind

PERIOD = ("--since", "2026-09-21", "--until", "2026-10-01", "--data-dir", "data")


@pytest.fixture
def used(run: Run) -> None:
    """A store in which six people used one agent, and two of them another."""
    Path("data").mkdir()
    store = Store(Path("data") / FILE)
    fill(store, [use(f"p{n}", agent="codex", kind=Kind.TOOL_CALL, tool="Bash", duration_ms=40.0) for n in range(6)])
    fill(store, [use(f"p{n}", agent="codex", cost_usd=1.5) for n in range(6)] + [use(f"p{n}", agent="gemini-cli") for n in range(6)])
    fill(store, [use(f"p{n}", agent="cursor") for n in range(2)])
    store.close()


def test_a_report_as_json(run: Run, used: None) -> None:
    """The documented shape, with days as text."""
    found = run("report", "overview", "--json", *PERIOD).json

    assert set(found) == {"report", "since", "until", "columns", "rows", "notes"}
    assert (found["report"], found["since"], found["until"]) == ("overview", "2026-09-21", "2026-10-01")
    assert found["rows"][0]["people"] == 6
    assert found["columns"][-2] == {"name": "cost_usd", "unit": "USD", "title": "cost (list-price equivalent)"}


def test_a_report_as_csv(run: Run, used: None) -> None:
    """Names above, a line per row, and nothing else on stdout."""
    found = run("report", "tools", "--csv", *PERIOD)

    assert found.out.splitlines()[0] == "tool,people,calls,failures,p50_ms,p95_ms"
    assert found.out.splitlines()[1].startswith("Bash,6,6,0,")


def test_a_report_as_a_table(run: Run, used: None) -> None:
    """Titles above; the period and what the floor did on stderr."""
    found = run("report", "overview", "--by", "agent", *PERIOD)

    assert found.out.splitlines()[0].startswith("agent")
    assert "other" in found.out
    assert "cursor" not in found.out
    assert "merged because fewer than 5 people" in found.err


def test_a_group_below_the_floor_is_withheld(run: Run, used: None) -> None:
    """Two people's use of an agent is nobody else's business."""
    found = run("report", "overview", "--agent", "cursor", "--json", *PERIOD).json

    assert found["rows"] == []
    assert found["notes"][0].startswith("Withheld")


def test_the_list_of_reports(run: Run, used: None) -> None:
    """Each with its question, also where no name is given."""
    assert "Which tools do people reach for?" in run("report", "--list", "--data-dir", "data").out
    names = [report["name"] for report in run("report", "--json", "--data-dir", "data").json["reports"]]
    assert names[:2] == ["overview", "tools"]


def test_an_unknown_report(run: Run, used: None) -> None:
    """The error says where the names are."""
    found = run("report", "leaderboard", "--data-dir", "data")

    assert found.code == 1
    assert "upwell report --list" in found.err


def test_a_day_that_is_none(run: Run, used: None) -> None:
    """A period is given in days."""
    assert "is no day" in run("report", "overview", "--since", "yesterday", "--data-dir", "data").err
