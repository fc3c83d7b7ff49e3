"""The live view draws one line per signal, and outlives a worker that does not answer."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.service.running import until
from upwell.cli import live
from upwell.errors import WorkerError
from upwell.service import client

NOTHING: dict[str, Any] = {"accepted": 0, "delivered": None, "pending": None, "refused": None, "usage": 0, "trouble": None}
BUSY: dict[str, Any] = {
    "accepted": 12345,
    "delivered": 12000,
    "pending": 345,
    "refused": 2,
    "usage": 12344,
    "trouble": "cloudwatch/logs is held: expired",
}


def _drawn(found: dict[str, Any]) -> list[str]:
    console = Console(file=io.StringIO(), width=120)
    console.print(live.lines(found))
    return str(console.file.getvalue()).splitlines()  # type: ignore[attr-defined] # it is the StringIO from above


def test_each_signal_has_its_line() -> None:
    """Five figures per signal; without a sink there is nothing to deliver to, which is a dash and not a 0."""
    metrics, logs = _drawn({"metrics": NOTHING, "logs": BUSY})

    assert metrics.split() == ["metrics", "accepted", "0", "delivered", "-", "pending", "-", "refused", "-", "usage", "0"]
    assert logs.split()[:11] == ["logs", "accepted", "12,345", "delivered", "12,000", "pending", "345", "refused", "2", "usage", "12,344"]
    assert "cloudwatch/logs is held: expired" in logs


def test_it_goes_on_while_the_worker_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker, a worker that breaks off, then one that answers: the last one is drawn."""
    answers: list[Any] = [FileNotFoundError(), WorkerError("broke off"), {"logs": BUSY}]
    asked: list[str] = []
    monkeypatch.setattr(live, "_SECONDS", 0.01)

    def call(directory: Path, operation: str, arguments: object, timeout: float) -> Any:
        asked.append(operation)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(client, "call", call)
    written = io.StringIO()
    with live.LiveView(Path("nowhere"), Console(file=written, width=120, force_terminal=True)) as view:
        until(lambda: "12,345" in written.getvalue(), "the figures are drawn")
        view.say("one line of log")

    assert set(asked) == {"glance"}
    assert "one line of log" in written.getvalue()


def test_log_lines_cannot_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks like markup in a log line is printed as it is."""
    monkeypatch.setattr(client, "call", lambda *_, **__: {"logs": BUSY})
    written = io.StringIO()
    with live.LiveView(Path("nowhere"), Console(file=written, width=120)) as view:
        view.say("[red]not a colour[/red] :smile:")

    assert "[red]not a colour[/red] :smile:" in written.getvalue()
