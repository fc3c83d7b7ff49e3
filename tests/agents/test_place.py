"""Writing into agents' own files: nothing of theirs is lost, and nothing is written twice."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from upwell.agents import Part, blocks, place
from upwell.agents.place import Written
from upwell.errors import AgentError

ENDPOINT, KEY = "https://upwell.example.com", "uw_ab12_secret"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def _parts(agent: str, key: str = KEY) -> list[Part]:
    return [blocks.fill(part, ENDPOINT, key, True, None) for part in blocks.parts(agent, False)]


def _write(agent: str, key: str = KEY) -> list[Written]:
    return place.write(agent, _parts(agent, key), platform="linux")


def _settings(home: Path, text: str | None = None) -> Path:
    file = home / ".claude" / "settings.json"
    file.parent.mkdir(exist_ok=True)
    if text is not None:
        file.write_text(text)
    return file


def _codex(home: Path, text: str) -> Path:
    file = home / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text(text)
    return file


def _mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_a_new_file_is_made_private(home: Path) -> None:
    """A key stands in it."""
    (written,) = _write("claude-code")

    assert (written.changed, written.backup) == (True, None)
    assert json.loads(written.path.read_text())["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == ENDPOINT
    assert written.path == home / ".claude" / "settings.json"
    assert _mode(written.path) == 0o600


def test_what_stands_in_a_file_stays(home: Path) -> None:
    """Other settings, other variables and the indentation are the user's."""
    file = _settings(home, '{\n    "model": "opus",\n    "env": {"MY": "1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://old"}\n}\n')

    _write("claude-code")

    after: dict[str, Any] = json.loads(file.read_text())
    assert after["model"] == "opus"
    assert after["env"]["MY"] == "1"
    assert after["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == ENDPOINT
    assert file.read_text().startswith('{\n    "model"')


def test_a_list_gains_what_it_lacks(home: Path) -> None:
    """What somebody else put into it stays."""
    file = home / ".config" / "Code" / "User" / "settings.json"
    file.parent.mkdir(parents=True)
    file.write_text('{"settingsSync.ignoredSettings": ["editor.fontSize"]}')

    _write("vscode-copilot")

    assert json.loads(file.read_text())["settingsSync.ignoredSettings"] == ["editor.fontSize", "github.copilot.chat.otel.headers"]


def test_a_copy_of_what_was_there_is_left_beside(home: Path) -> None:
    """It holds every byte, and is as private as the file: it may have a key too."""
    file = _settings(home, '{"model": "opus"}')
    file.chmod(0o644)

    (written,) = _write("claude-code")

    assert written.backup is not None
    assert written.backup.parent == file.parent
    assert written.backup.read_text() == '{"model": "opus"}'
    assert (_mode(written.backup), _mode(file)) == (0o600, 0o600)


@pytest.mark.parametrize("agent", ["claude-code", "codex", "vscode-copilot", "opencode", "gemini-cli"])
def test_a_second_run_changes_nothing(home: Path, agent: str) -> None:
    """No byte, and no further copy."""
    first = _write(agent)
    before = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    second = _write(agent)

    assert all(written.changed for written in first)
    assert [written.changed for written in second] == [False] * len(first)
    assert {file: file.read_bytes() for file in home.rglob("*") if file.is_file()} == before


def test_two_changes_in_one_second_keep_two_copies(home: Path) -> None:
    """No copy is written over another."""
    file = _settings(home, "{}")
    backups = {written.backup for key in ("k1", "k2", "k3") for written in _write("claude-code", key)}

    assert len(backups) == 3
    assert "k3" in file.read_text()


def test_a_link_stays_a_link(home: Path) -> None:
    """People keep their settings elsewhere and link them."""
    elsewhere = home / "dotfiles.json"
    elsewhere.write_text("{}")
    _settings(home).symlink_to(elsewhere)

    _write("claude-code")

    assert _settings(home).is_symlink()
    assert KEY in elsewhere.read_text()


@pytest.mark.parametrize("text", ["{ // a comment\n}", "[]", "{", '{"a": 1,}', '{"env": "mine"}'])
def test_a_file_that_is_not_plain_json_is_left_alone(home: Path, text: str) -> None:
    """VS Code's settings may have comments, which would be lost."""
    file = _settings(home, text)

    with pytest.raises(AgentError) as raised:
        _write("claude-code")

    assert "by hand" in raised.value.hint
    assert file.read_text() == text
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_codex_keeps_its_comments_and_tables(home: Path) -> None:
    """What somebody wrote around the settings is still there, byte for byte."""
    file = _codex(home, '# mine\nmodel = "gpt-5"  # fast\n\n[otel]\nenvironment = "prod" # keep\n\n[mcp_servers.docs]\ncommand = "docs"\n')

    _write("codex")

    text = file.read_text()
    assert "# mine" in text
    assert 'environment = "prod" # keep' in text
    assert tomllib.loads(text)["mcp_servers"] == {"docs": {"command": "docs"}}
    assert tomllib.loads(text)["otel"]["exporter"]["otlp-http"]["endpoint"] == f"{ENDPOINT}/v1/logs"


@pytest.mark.parametrize(
    "text",
    [
        '[otel]\nexporter = "none"\nmetrics_exporter = "statsig"\n',
        '[otel.exporter.otlp-http]\nendpoint = "http://old"\nprotocol = "json"\n[otel.exporter.otlp-http.headers]\na = "b"\n[tui]\nx = 1\n',
        '[otel.metrics_exporter.otlp-grpc]\nendpoint = "http://old"\n',
        'otel = { exporter = "none", environment = "dev" }\n',
        'otel.exporter = "none"\n[tui]\nx = 1\n',
        '[tui]\nx = 1\n[otel]\nexporter = { otlp-http = { endpoint = "e", protocol = "json" } }\n[z]\ny = 2\n',
        "",
    ],
)
def test_codex_never_gets_an_exporter_twice(home: Path, text: str) -> None:
    """A key beside a table of the same name is no TOML, and Codex would not start: each form is replaced, or the file is left alone."""
    file = _codex(home, text)
    before = tomllib.loads(text)

    try:
        _write("codex")
    except AgentError:
        assert file.read_text() == text
        return

    after = tomllib.loads(file.read_text())
    assert list(after["otel"]["exporter"]) == list(after["otel"]["metrics_exporter"]) == ["otlp-http"]
    assert after["otel"]["exporter"]["otlp-http"]["headers"] == {"x-api-key": KEY}
    assert {name: table for name, table in after.items() if name != "otel"} == {n: t for n, t in before.items() if n != "otel"}
    assert after["otel"].get("environment") == before.get("otel", {}).get("environment")


def test_broken_toml_is_left_alone(home: Path) -> None:
    """Nothing is guessed."""
    file = _codex(home, "model = \n")

    with pytest.raises(AgentError, match="not TOML"):
        _write("codex")

    assert file.read_text() == "model = \n"


def test_variables_become_a_file_that_a_shell_reads(home: Path) -> None:
    """Profiles differ, so that only one line of them is asked for."""
    (written,) = _write("gemini-cli")

    assert written.path == home / ".config" / "upwell" / "agents" / "gemini-cli.sh"
    assert "export GEMINI_TELEMETRY_ENABLED=true" in written.path.read_text()
    assert _mode(written.path) == 0o600


def test_nothing_is_written_when_one_part_cannot_be(home: Path) -> None:
    """An agent is not left half connected."""
    file = home / ".config" / "opencode" / "opencode.json"
    file.parent.mkdir(parents=True)
    file.write_text("// mine")

    with pytest.raises(AgentError):
        _write("opencode")

    assert not (home / ".config" / "upwell").exists()


def test_managed_files_are_for_every_user_to_read(home: Path) -> None:
    """Every user's agent reads them, so that their key is no secret on that machine; what goes into a home stays private."""
    part = Part(language="json", settings={"a": 1}, files={"linux": str(home / "managed.json"), "macos": "", "windows": ""})

    variables = Part(language="shell", settings={"OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=k"})

    managed, own = place.write("claude-code", [part, variables], managed=True, platform="linux")

    assert _mode(managed.path) == 0o644
    assert _mode(own.path) == 0o600


@pytest.mark.parametrize("agent", ["cursor", "claude-cowork", "kiro"])
def test_what_is_set_on_a_web_page_is_not_written(agent: str) -> None:
    """The error names the page."""
    with pytest.raises(AgentError, match="by hand"):
        _write(agent)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said(home: Path) -> None:
    """The system's reason, and no traceback."""
    _settings(home, "{}").parent.chmod(0o500)

    with pytest.raises(AgentError, match="cannot be written"):
        _write("claude-code")
