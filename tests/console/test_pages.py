"""What pages say in their states: used, quiet, too small, never used, broken, held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.console.answers import Worker, answer, sender
from tests.console.figures import vitals
from upwell import console
from upwell.config import Settings
from upwell.console.assets import Assets
from upwell.console.pages import PAGES
from upwell.console.pages.delivery import attention, lane
from upwell.errors import DataDirError


class _Desk:
    """A client of a console for this machine; its worker can be told what to answer."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.worker = Worker()
        found = Settings.model_validate({"data_dir": folder, **settings})
        self.client = TestClient(
            console.build(found, vitals=lambda: vitals(), perform=self.worker, secret=b"s" * 32), base_url="http://127.0.0.1"
        )

    def text(self, path: str) -> str:
        return self.client.get(path).text


@pytest.fixture
def desk(tmp_path: Path) -> _Desk:
    return _Desk(tmp_path)


@pytest.mark.parametrize("page", [page for page in PAGES if "{" not in page.path and page.listed], ids=lambda page: page.name)
def test_a_page_answers_its_question(desk: _Desk, page: Any) -> None:
    """The question stands under its name, and the navigation marks it."""
    text = desk.text(page.path)

    assert page.question in text
    assert f'aria-current="page">{page.name.replace("&", "&amp;")}' in text


def test_the_overview_says_what_changed(desk: _Desk) -> None:
    """In sentences that lead to their pages."""
    text = desk.text("/")

    assert "≈" in text
    assert "A prompt costs" in text


def test_a_tool_that_fails_more_is_told(desk: _Desk) -> None:
    """A third of the calls, against a few before."""
    original = desk.worker.operations["report"]

    def report(**asked: Any) -> Any:
        if asked["name"] != "tool_calls":
            return original(**asked)
        failed = 34 if asked["until"] > "2026-11-20" else 2
        ends = {"failed": failed, "succeeded": 100 - failed}
        rows = [{"tool": "Bash", "outcome": outcome, "people": 9, "calls": calls} for outcome, calls in ends.items()]
        return answer("tool_calls", asked["since"], asked["until"], rows)

    desk.worker.operations["report"] = report

    assert "Bash fails in 34 % of its calls, against 2.0 % in the 28 days before." in desk.text("/?since=2026-10-25&until=2026-11-22")


def test_no_use_in_a_period_is_said(desk: _Desk) -> None:
    """With where to look instead; it is not the wait for a first event."""
    desk.worker.used = False
    text = desk.text("/?since=2020-01-01&until=2020-02-01")

    assert "No use in this period" in text
    assert "Waiting" not in text


def test_a_group_under_the_floor_is_not_shown(desk: _Desk) -> None:
    """Nor is anything around it, where everybody is too few."""
    desk.worker.operations["report"] = lambda **asked: answer(asked["name"], asked["since"], asked["until"], [], ["Withheld: too few."])
    text = desk.text("/models?team=tiny&agent=codex")

    assert "<table>" not in text
    assert "This page shows all agents and all teams instead." in text


def test_a_group_under_the_floor_opens_on_the_next_larger_one(desk: _Desk) -> None:
    """And the page says so."""
    original = desk.worker.operations["report"]

    def report(**asked: Any) -> Any:
        if asked["team"] or asked["agent"]:
            return answer(asked["name"], asked["since"], asked["until"], [], ["Withheld: too few."])
        return original(**asked)

    desk.worker.operations["report"] = report
    text = desk.text("/models?team=design&agent=codex")

    assert "This page shows all agents and all teams instead." in text
    assert "Cost per day at list prices, by model" in text


def test_a_broken_store_says_what_to_do(desk: _Desk) -> None:
    """The pages stay, with the sentence and its next step."""

    def fail(**_asked: Any) -> Any:
        raise DataDirError("usage.duckdb cannot be opened", hint="Put a backup in its place.")

    desk.worker.operations["report"] = fail

    assert "usage.duckdb cannot be opened. Put a backup in its place." in desk.text("/")
    assert "Put a backup in its place." in desk.text("/rhythm")


def test_a_broken_ledger_is_a_page_too(desk: _Desk) -> None:
    """With status 503, for monitoring."""

    def fail() -> Any:
        raise DataDirError("relay.db cannot be read", hint="Start again.")

    desk.worker.operations["ledger"] = fail
    found = desk.client.get("/delivery")

    assert found.status_code == 503
    assert "relay.db cannot be read" in found.text


HELD = {
    "lane": "cloudwatch/logs",
    "offered": 100,
    "delivered": 60,
    "rejected": 0,
    "quarantined": {"400": 4},
    "expired": {},
    "lost": 0,
    "pending": {"batches": 2, "items": 36},
    "missing": 0,
    "state": "held",
    "code": "denied",
    "message": "AccessDenied",
    "hint": "Grant it",
    "since": "2026-11-20T10:00:00Z",
    "oldest_pending": None,
}


def test_a_held_lane_says_why_and_what_to_do(desk: _Desk) -> None:
    """First on the page, as an alert."""
    desk.worker.lanes = [HELD]
    text = desk.text("/delivery")

    assert "cloudwatch/logs is held" in text
    assert "AccessDenied" in text
    assert "Grant it" in text
    assert "<b>36</b> pending" in text


def test_a_lane_s_parts_fill_its_bar() -> None:
    """Every item that was offered lies somewhere on it."""
    found = lane(HELD)

    assert [(share.name, share.items, share.left, share.width) for share in found.shares] == [
        ("delivered", 60, 0.0, 60.0),
        ("pending", 36, 60.0, 36.0),
        ("quarantined", 4, 96.0, 4.0),
    ]
    assert found.troubled


def test_keys_that_need_a_hand_come_first() -> None:
    """Refused, then never heard of, then the longest silent."""
    rows = [
        sender("new", seen="2026-11-20"),
        sender("never"),
        sender("old", seen="2026-10-01"),
        sender("bad", seen="2026-11-21", refusal={"at": "x"}),
    ]

    assert [row["id"] for row in attention({"keys": rows})["keys"]] == ["bad", "never", "old", "new"]


def test_a_key_that_is_heard_ends_the_wait(desk: _Desk) -> None:
    """Until then the part asks again by itself."""
    desk.worker.senders = [sender("abc"), sender("seen", seen="2026-11-20T10:00:00Z")]

    assert 'hx-trigger="every 2s"' in desk.text("/setup/heard?key=abc")
    assert "It works." in desk.text("/setup/heard?key=seen")
    assert "hx-trigger" not in desk.text("/setup/heard?key=seen")


def test_a_refused_first_batch_is_told_while_one_waits(desk: _Desk) -> None:
    """The most useful moment for it."""
    desk.worker.senders = [sender("abc", refusal={"at": "2026-11-20T10:00:00Z", "code": "malformed", "message": "not JSON"})]

    assert "not JSON" in desk.text("/setup/heard?key=abc")


@pytest.mark.parametrize("agent", ["codex", "kiro", "sdk", "no-such-agent"])
def test_every_agent_has_its_block(desk: _Desk, agent: str) -> None:
    """With the address of this gateway; an unknown one gets the first."""
    text = desk.text(f"/setup?agent_name={agent}")

    assert "127.0.0.1:4318" in text
    assert "YOUR_KEY" in text


def test_privacy_is_about_the_settings(tmp_path: Path) -> None:
    """Who may look, for how long what is kept, the floor."""
    text = _Desk(tmp_path, store={"retention": "30d"}, console={"floor": 7}).text("/privacy")

    assert "30 days" in text
    assert "7 people" in text
    assert "<code>user</code>" in text


def test_a_page_that_is_not_there(desk: _Desk) -> None:
    """Says so in the console's own words, and as JSON below /api."""
    found = desk.client.get("/nope")

    assert found.status_code == 404
    assert "There is no such page" in found.text
    assert desk.client.get("/api/nope").json() == {"error": "there is nothing here"}
    assert desk.client.get("/api/reports/nope").status_code == 404


def test_names_of_telemetry_are_text(desk: _Desk) -> None:
    """A tool called like markup is shown like that."""
    desk.worker.operations["report"] = lambda **asked: answer(
        asked["name"], asked["since"], asked["until"], [{"tool": "<script>alert(1)</script>", "people": 9, "calls": 30, "failures": 0}]
    )
    text = desk.text("/tools")

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_cells_that_a_spreadsheet_would_run_are_text(desk: _Desk) -> None:
    """A name that begins like a formula is quoted in CSV."""
    desk.worker.operations["report"] = lambda **asked: answer(
        asked["name"], asked["since"], asked["until"], [{"tool": "=cmd()", "calls": -1}]
    )

    assert desk.text("/api/reports/tools?format=csv").splitlines() == ["tool,calls", "'=cmd(),-1"]


def test_without_the_script_pages_say_so_and_show_tables(desk: _Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A copy that was not built is still of use."""
    monkeypatch.setattr(Assets, "complete", False)
    text = _Desk(tmp_path).text("/")

    assert "make up" in text
    assert "data-chart" not in text
    assert text.count("<tr>") > 28


def test_files_are_kept_for_good_under_their_digest(desk: _Desk) -> None:
    """And packed for who takes it."""
    found = desk.client.get("/static/console.css", headers={"accept-encoding": "gzip"})

    assert "immutable" in found.headers["cache-control"]
    assert found.headers["content-encoding"] == "gzip"
    assert "--accent" in found.text
    assert desk.client.get("/static/console.css", headers={"accept-encoding": "identity"}).text == found.text
    assert desk.client.get("/static/../app.py").status_code == 404


def test_nothing_is_asked_twice_for_a_page(desk: _Desk) -> None:
    """Identical questions within a refresh are one."""
    desk.text("/")
    asked = [str(sorted(arguments.items(), key=str)) for name, arguments in desk.worker.performed if name == "report"]

    assert len(asked) == len(set(asked))
