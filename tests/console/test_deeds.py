"""What can be done from a page: by admins, from a form that a page of ours carried, and written down before it is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.console.answers import Worker, sender
from tests.console.figures import lane, vitals
from upwell import audit, console
from upwell.config import Settings
from upwell.console.auth import token
from upwell.identity import Keys

SECRET = b"s" * 32
BATCH = {"id": 7, "lane": "test/logs", "at": "2026-11-20T10:00:00Z", "code": "400", "message": "too old", "items": 3, "replaying": False}


class _Desk:
    """A client of a console whose worker is made by hand."""

    def __init__(self, folder: Path, role: str = "admin", **settings: str) -> None:
        self.folder = folder
        self.worker = Worker()
        found = Settings.model_validate({"data_dir": folder, "console": {"auth": "token", **settings}})
        app = console.build(found, vitals=lambda: vitals(lane("fine")), perform=self.worker, secret=SECRET)
        self.client = TestClient(app, base_url="http://127.0.0.1:8318", follow_redirects=False)
        self.client.get("/?token=" + token(SECRET, "admin" if role == "admin" else "viewer"))

    def form(self, page: str) -> str:
        """What the forms of a page carry."""
        found = re.search(r'name="form" value="([0-9a-f]+)"', self.client.get(page).text)
        return found[1] if found else ""

    def post(self, path: str, page: str, fields: Mapping[str, str]) -> tuple[int, str]:
        """Submit a form of a page."""
        answer = self.client.post(path, data={"form": self.form(page), **fields})
        return answer.status_code, answer.text

    def lines(self) -> list[dict[str, object]]:
        """The audit, without its times."""
        return [{name: value for name, value in line.items() if name != "at"} for line in audit.read(self.folder)]


def test_an_admin_replays_a_batch(tmp_path: Path) -> None:
    """The line is there, and the worker was asked."""
    desk = _Desk(tmp_path)
    desk.worker.quarantine = [BATCH]

    assert desk.post("/delivery/replay", "/delivery", {"batch": "7"})[0] == 303
    assert ("quarantine_replay", {"ids": [7]}) in desk.worker.performed
    assert desk.lines() == [{"deed": "replay", "asker": "admin's link", "batches": [7]}]


def test_all_batches_at_once(tmp_path: Path) -> None:
    """A button for it where there are several."""
    desk = _Desk(tmp_path)
    desk.worker.quarantine = [BATCH, {**BATCH, "id": 8}]

    assert desk.post("/delivery/replay", "/delivery", {"batch": "all"})[0] == 303
    assert ("quarantine_replay", {"ids": None}) in desk.worker.performed


def test_a_viewer_sees_the_reason_and_no_button(tmp_path: Path) -> None:
    """What is quarantined is for everybody to see; what becomes of it is not for everybody to say."""
    desk = _Desk(tmp_path, "viewer")
    desk.worker.quarantine = [BATCH]
    page = desk.client.get("/delivery").text

    assert "too old" in page
    assert "Replay" not in page
    assert desk.post("/delivery/replay", "/sessions", {"batch": "7"})[0] == 403
    assert desk.lines() == []


@pytest.mark.parametrize("fields", [{}, {"form": "0" * 32}])
def test_a_form_that_no_page_of_ours_carried_does_nothing(tmp_path: Path, fields: dict[str, str]) -> None:
    """Though an admin's browser sent it."""
    desk = _Desk(tmp_path)
    desk.client.get("/delivery")

    assert desk.client.post("/delivery/replay", data={"batch": "all", **fields}).status_code == 403
    assert desk.lines() == []


def test_another_visit_s_form_does_nothing(tmp_path: Path) -> None:
    """The value belongs to one browser."""
    first, second = _Desk(tmp_path / "a"), _Desk(tmp_path / "b")
    first.worker.quarantine = second.worker.quarantine = [BATCH]
    second.client.get("/delivery")

    assert second.client.post("/delivery/replay", data={"batch": "7", "form": first.form("/delivery")}).status_code == 403


@pytest.mark.parametrize("batch", ["", "seven", "7; DROP"])
def test_nonsense_is_refused(tmp_path: Path, batch: str) -> None:
    """Nothing is asked of the worker."""
    desk = _Desk(tmp_path)
    desk.worker.quarantine = [BATCH]

    assert desk.post("/delivery/replay", "/delivery", {"batch": batch})[0] == 400
    assert desk.lines() == []


def test_a_huge_form_is_no_form(tmp_path: Path) -> None:
    """It is not read to its end."""
    desk = _Desk(tmp_path)

    assert desk.client.post("/delivery/replay", content=b"batch=" + b"x" * 100_000).status_code == 403
    assert desk.client.post("/delivery/replay", content=b"&".join(b"a=1" for _ in range(500))).status_code == 403


def test_a_key_is_made_and_shown_once(tmp_path: Path) -> None:
    """It works, stands in the block, and in no later page; whose it is stands in the audit as a team."""
    desk = _Desk(tmp_path)
    status, page = desk.post("/setup/key", "/setup", {"agent": "codex", "team": "web", "person": "ada@example.com"})
    (made,) = Keys(tmp_path / "keys.db").list()

    assert (status, made.team, made.person) == (200, "web", "ada@example.com")
    assert re.search(rf"uw_{made.id}_[a-z2-7]{{32}}", page)
    assert f"uw_{made.id}_" not in desk.client.get("/setup").text
    assert desk.lines() == [{"deed": "key", "asker": "admin's link", "act": "add", "key": made.id, "team": "web"}]


def test_a_key_of_nobody_is_refused(tmp_path: Path) -> None:
    """With the sentence of the command line."""
    status, text = _Desk(tmp_path).post("/setup/key", "/setup", {"agent": "codex", "team": " "})

    assert status == 409
    assert "belongs to a person, a team" in text


def test_names_are_shown_for_a_reason_only(tmp_path: Path) -> None:
    """Where the settings allow it, and each time it is written down."""
    desk = _Desk(tmp_path, reveal="reason")
    desk.worker.senders = [sender("abc")]

    assert "Ada Lovelace" not in desk.client.get("/delivery").text
    assert desk.post("/delivery/reveal", "/delivery", {"reason": "  "})[0] == 400
    assert desk.lines() == []
    status, page = desk.post("/delivery/reveal", "/delivery", {"reason": "a lost laptop"})
    assert (status, "Ada Lovelace" in page) == (200, True)
    assert desk.lines() == [{"deed": "reveal", "asker": "admin's link", "what": "keys", "reason": "a lost laptop"}]


def test_names_are_never_shown_where_reveal_is_off(tmp_path: Path) -> None:
    """Which it is by default."""
    desk = _Desk(tmp_path)
    desk.worker.senders = [sender("abc")]

    assert desk.post("/delivery/reveal", "/setup", {"reason": "a lost laptop"})[0] == 403
    assert desk.lines() == []


def test_a_csv_is_an_export_and_written_down(tmp_path: Path) -> None:
    """Who took which report."""
    desk = _Desk(tmp_path, "viewer")
    answer = desk.client.get("/api/reports/overview?by=agent&since=2026-11-01&until=2026-11-08&format=csv")

    assert answer.text.splitlines()[0].startswith("agent,people,")
    assert desk.lines() == [
        {"deed": "export", "asker": "viewer's link", "report": "overview", "since": "2026-11-01", "until": "2026-11-08", "by": "agent"}
    ]


def test_what_cannot_be_written_down_is_not_done(tmp_path: Path) -> None:
    """A replay without its line does not happen."""
    desk = _Desk(tmp_path)
    desk.worker.quarantine = [BATCH]
    (tmp_path / audit.NAME).mkdir()

    assert desk.client.post("/delivery/replay", data={"form": desk.form("/delivery"), "batch": "7"}).status_code == 409
    assert not any(name == "quarantine_replay" for name, _ in desk.worker.performed)


def test_sessions_open_with_a_reason_and_close(tmp_path: Path) -> None:
    """The worker is told who asks and why."""
    desk = _Desk(tmp_path, reveal="reason")
    assert "A session is one person" in desk.client.get("/sessions").text

    assert desk.post("/sessions/open", "/sessions", {"reason": "a slow afternoon"})[0] == 303
    page = desk.client.get("/sessions").text
    assert "everybody&#39;s, because: a slow afternoon" in page
    asked = next(arguments for name, arguments in reversed(desk.worker.performed) if arguments.get("name") == "session_list")
    assert (asked["reason"], asked["asker"]) == ("a slow afternoon", "admin's link")

    assert desk.post("/sessions/close", "/sessions", {})[0] == 303
    assert "A session is one person" in desk.client.get("/sessions").text


def test_a_reason_opens_nothing_for_a_viewer(tmp_path: Path) -> None:
    """Nor for an admin where reveal is off; one's own key does."""
    desk = _Desk(tmp_path, "viewer", reveal="reason")
    desk.post("/sessions/open", "/sessions", {"reason": "curiosity"})
    assert "A session is one person" in desk.client.get("/sessions").text

    desk.post("/sessions/open", "/sessions", {"key": "uw_a_b"})
    page = desk.client.get("/sessions").text
    assert "You see your own" in page
    assert "uw_a_b" not in page
