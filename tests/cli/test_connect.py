"""`upwell connect`, as a shell sees it."""

from __future__ import annotations

import io
import json
import socket
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from upwell.agents import AGENTS
from upwell.aws import names
from upwell.aws.account import Account
from upwell.aws.stack import Stack
from upwell.cli import connect


def test_without_an_agent_they_are_listed(run: Run) -> None:
    """Nobody needs to guess a name."""
    ran = run("connect", "--json")

    assert [one["agent"] for one in ran.json["agents"]] == list(AGENTS)
    assert all(name in run("connect").out for name in AGENTS)


def test_a_shell_completes_names() -> None:
    """As far as they are typed."""
    assert connect._names("co") == ["codex", "copilot-cli"]
    assert connect._names("") == list(AGENTS)


@pytest.mark.parametrize("agent", AGENTS)
def test_stdout_has_the_block_and_nothing_else(run: Run, agent: str) -> None:
    """It can be sent into a file; where it goes, and warnings, are on stderr."""
    ran = run("connect", agent, "--endpoint", "https://u.example.com", "--key", "uw_a_b")
    document = run("connect", agent, "--endpoint", "https://u.example.com", "--key", "uw_a_b", "--json").json

    assert ran.code == 0
    assert ran.out == "".join(block["text"] + "\n" for block in document["blocks"])
    assert all(block["file"] in ran.err for block in document["blocks"])
    assert all(note in ran.err for note in document["notes"])


def test_the_gateway_of_this_machine_is_the_default(run: Run) -> None:
    """A free port is found by the system; the settings name it, and a missing key is helped with."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        Path("upwell.toml").write_text(f'[gateway]\nlisten = "0.0.0.0:{port}"\ninsecure = true\n')
        ran = run("connect", "sdk")

    assert f"http://127.0.0.1:{port}" in ran.out
    assert "YOUR_KEY" in ran.out
    assert "upwell keys add" in ran.err
    assert "Nobody listens" not in ran.err


def test_a_gateway_that_does_not_run_is_said(run: Run) -> None:
    """The block is printed all the same: it may be started later."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    Path("upwell.toml").write_text(f'[gateway]\nlisten = "127.0.0.1:{port}"\n')

    ran = run("connect", "sdk", "--key", "uw_a_b")

    assert ran.code == 0
    assert "Nobody listens" in ran.err


def test_write_merges_and_says_what_it_did(run: Run) -> None:
    """The file, and on a second run that it says so already; the key is printed nowhere."""
    first = run("connect", "claude-code", "--endpoint", "https://u.example.com", "--key", "uw_a_b", "--write")
    second = run("connect", "claude-code", "--endpoint", "https://u.example.com", "--key", "uw_a_b", "--write")

    file = Path("~/.claude/settings.json").expanduser()
    assert json.loads(file.read_text())["env"]["OTEL_EXPORTER_OTLP_HEADERS"] == "x-api-key=uw_a_b"
    assert f"{file} is written" in first.err
    assert f"{file} says so already" in second.err
    assert "uw_a_b" not in first.out + first.err


def test_what_was_written_can_be_read_by_programs(run: Run) -> None:
    """The files, whether they changed, and no key."""
    arguments = ("connect", "opencode", "--endpoint", "https://u.example.com", "--key", "uw_a_b", "--write", "--json")
    first, second = run(*arguments), run(*arguments)

    assert [one["changed"] for one in first.json["written"]] == [True, True]
    assert [one["changed"] for one in second.json["written"]] == [False, False]
    assert "uw_a_b" not in first.out


def test_a_key_may_come_by_stdin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `upwell keys add` prints it, so that it stands in no history."""
    monkeypatch.setattr("sys.stdin", io.StringIO("uw_a_b\n"))
    ran = run("connect", "sdk", "--endpoint", "https://u.example.com", "--key", "-")
    empty = run("connect", "sdk", "--endpoint", "https://u.example.com", "--key", "-")

    assert "x-api-key=uw_a_b" in ran.out
    assert (empty.code, empty.out) == (1, "")


def test_write_needs_a_key(run: Run) -> None:
    """A placeholder in a settings file would be refused by every gateway, in silence."""
    ran = run("connect", "claude-code", "--endpoint", "https://u.example.com", "--write")

    assert ran.code == 1
    assert "agent-not-connected" in ran.err
    assert not Path("~/.claude").expanduser().exists()


def test_an_api_gateway_is_known_by_its_name(run: Run) -> None:
    """Its shape removes nothing, so the warning says that."""
    ran = run("connect", "codex", "--endpoint", "https://abc.execute-api.us-west-2.amazonaws.com/v1x", "--key", "k")

    assert "serverless shape" in ran.err


def test_a_stack_says_where_to_send(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its endpoint, and that it takes no spans: the exporter is then left out of the block."""
    outputs = {names.ENDPOINT: "https://abc.execute-api.us-west-2.amazonaws.com/otlp", names.SIGNALS: "metrics,logs"}
    asked: list[str] = []

    def get(account: Account, name: str) -> Stack:
        asked.append(f"{account.region}/{name}")
        return Stack("id", name, "CREATE_COMPLETE", "", outputs)

    monkeypatch.setattr("upwell.aws.stack.get", get)
    ran = run("connect", "claude-code", "--stack", "mine", "--region", "us-west-2", "--team", "web", "--key", "k")

    assert asked == ["us-west-2/mine"]
    env = json.loads(ran.out)["env"]
    assert env["OTEL_EXPORTER_OTLP_ENDPOINT"] == outputs[names.ENDPOINT]
    assert env["OTEL_RESOURCE_ATTRIBUTES"] == "team.id=web"
    assert "OTEL_TRACES_EXPORTER" not in env


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("nobody",), 1), (("codex", "--endpoint", "nowhere"), 1), (("codex", "--endpoint", "https://h", "--stack", "s"), 2)],
)
def test_wrong_arguments_are_refused(run: Run, arguments: tuple[str, ...], code: int) -> None:
    """With a sentence, and nothing on stdout."""
    ran = run("connect", *arguments)

    assert (ran.code, ran.out) == (code, "")
    assert ran.err
