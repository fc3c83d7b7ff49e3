"""Questions on a terminal: what they are about, and what each answer does. `tests.aws.amazon` says what is stubbed."""

from __future__ import annotations

import pytest
import typer

from tests.aws.amazon import REGION, Amazon
from tests.cli.conftest import Run


class Terminal:
    """Somebody who answers; what was asked is kept."""

    def __init__(self, *answers: bool) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    def __call__(self, question: str, **_: object) -> bool:
        self.asked.append(question)
        return self._answers.pop(0)


def _sit(monkeypatch: pytest.MonkeyPatch, *answers: bool) -> Terminal:
    terminal = Terminal(*answers)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(typer, "confirm", terminal)
    return terminal


def test_two_questions_and_two_yeses(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account-wide switch is asked for by itself, then the stack."""
    terminal = _sit(monkeypatch, True, True)
    done = run("deploy", "--region", REGION, "--no-probe", "--json")

    assert done.code == 0, done.err
    assert done.json["signals"] == ["metrics", "traces", "logs"]
    assert [question.split(",")[0] for question in terminal.asked] == [
        "Traces need CloudWatch's Transaction Search",
        "Do this to the stack upwell?",
    ]
    assert "account-wide" in terminal.asked[0]


def test_no_to_the_switch_leaves_traces_out(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declined: no /v1/traces, and the stack is made all the same."""
    _sit(monkeypatch, False, True)
    done = run("deploy", "--region", REGION, "--no-probe", "--json")

    assert done.json["signals"] == ["metrics", "logs"]


def test_no_to_the_stack_leaves_nothing(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change set and the empty stack behind it are taken back."""
    _sit(monkeypatch, False, False)
    done = run("deploy", "--region", REGION)

    assert done.code == 1
    assert "Nothing was changed." in done.err
    assert list(account.stacks().stacks) == []
    assert list(account.stacks().change_sets) == []


def test_no_to_an_update_leaves_the_stack(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the change set goes."""
    run("deploy", "--region", REGION, "--yes", "--no-probe")
    _sit(monkeypatch, False, False)
    run("deploy", "--region", REGION, "--team", "web")

    assert [stack.status for stack in account.stacks().stacks.values()] == ["CREATE_COMPLETE"]
    assert len(account.keys()) == 1


def test_a_failed_stack_is_removed_only_when_asked(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of a making that failed is somebody's to look at, until they say."""
    account.rollback = ("PlatformKey1", "API Key quota exceeded")
    run("deploy", "--region", REGION, "--yes")
    terminal = _sit(monkeypatch, False, False)
    done = run("deploy", "--region", REGION)

    assert done.code == 1
    assert "can only be removed" in terminal.asked[-1]
    assert [stack.status for stack in account.stacks().stacks.values()] == ["ROLLBACK_COMPLETE"]


def test_destroy_asks_what_it_means(account: Amazon, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question says that keys end and the endpoint is gone for good; no means no."""
    run("deploy", "--region", REGION, "--yes", "--no-probe")
    terminal = _sit(monkeypatch, False)
    done = run("destroy", "--region", REGION)

    assert done.code == 1
    assert "gone for good" in terminal.asked[0]
    assert len(account.keys()) == 1
