"""Reports as a person meets them, with no worker running."""

from __future__ import annotations

import io
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
    assert "rest on fewer than 5 people" in found.err


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


def test_single_people_are_not_told(run: Run, used: None) -> None:
    """By person, about a person, or by session: not without a reason."""
    for question in (("overview", "--by", "person"), ("overview", "--person", "p0"), ("session_list",)):
        found = run("report", *question, *PERIOD)

        assert found.code == 1
        assert "person-withheld" in found.err
        assert not found.out


def test_a_reveal_is_written_down(run: Run, used: None) -> None:
    """With a reason it is answered, and who asked stands in the audit."""
    told = run("report", "overview", "--by", "person", "--reveal", "--reason", "an outage", "--json", *PERIOD).json
    (line,) = run("audit", "--json", "--data-dir", "data").json["revealed"]

    assert {row["person"] for row in told["rows"]} == {f"p{n}" for n in range(6)}
    assert (line["report"], line["asked"], line["reason"]) == ("overview", {"by": "person"}, "an outage")
    assert "an outage" in run("audit", "--data-dir", "data").out


def test_a_reason_and_reveal_go_together(run: Run, used: None) -> None:
    """One without the other, or a blank reason, is wrong usage."""
    for options in (("--reveal",), ("--reason", "curious"), ("--reveal", "--reason", " ")):
        assert run("report", "overview", *options, *PERIOD).code == 2


def test_your_own_figures(run: Run, used: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's key proves who they are; a team's key proves nobody."""
    from upwell.identity import Keys, Pseudonyms

    with Keys(Path("data/keys.db")) as keys:
        mine, teams = keys.add("ada", None).secret_text, keys.add(None, "core").secret_text
        store = Store(Path("data") / FILE)
        fill(store, [use(Pseudonyms(keys.salt).of("ada"), agent="codex")])
        store.close()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{mine}\n{teams}\nuw_nonsense\n"))

    found = run("report", "overview", "--me", "--json", *PERIOD).json

    assert (found["rows"][0]["people"], found["rows"][0]["prompts"]) == (1, 1)
    assert "names no person" in run("report", "overview", "--me", *PERIOD).err
    assert "unauthenticated" in run("report", "overview", "--me", *PERIOD).err


def test_an_export(run: Run, used: None) -> None:
    """Rows go to a file, what is said beside them to stderr, and one of two formats is chosen."""
    done = run("export", "--csv", "out.csv", "--data-dir", "data")

    assert done.code == 0
    assert not done.out
    assert "rows from 2026-09-21" in done.err
    assert Path("out.csv").read_text().startswith("day,kind,agent,model,team")
    assert run("export", "--parquet", "out", "--json", "--data-dir", "data").json["rows"] > 0
    assert run("export", "--data-dir", "data").code == 2
