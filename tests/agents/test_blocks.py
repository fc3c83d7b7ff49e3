"""Blocks: what is pasted is valid where it goes, carries the values given, and warns where it must."""

from __future__ import annotations

import json
import shlex
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.agents import AGENTS, Block, block, blocks, exports
from upwell.errors import AgentError

ENDPOINT, KEY = "https://upwell.example.com", "uw_ab12_secret"


def _block(agent: str, **options: Any) -> Block:
    return block(agent, **{"endpoint": ENDPOINT, "key": KEY, "platform": "linux", **options})


def _all(found: Block) -> tuple[Block, ...]:
    return (found, *found.also)


def _variables(text: str) -> dict[str, str]:
    words = [shlex.split(line)[1:] for line in text.splitlines()]
    return dict(word.split("=", 1) for line in words for word in line)


def _read(one: Block) -> Any:
    """A block as its own language reads it."""
    if one.language == "json":
        return json.loads(one.text)
    if one.language == "toml":
        return tomllib.loads(one.text)
    if one.language == "shell":
        return _variables(one.text)
    return dict(line.split(":", 1) for line in one.text.splitlines())


@pytest.mark.parametrize("name", AGENTS)
def test_every_block_reads_in_its_language_and_names_endpoint_and_key(name: str) -> None:
    """No placeholder is left, and both values are somewhere in it."""
    found = _all(_block(name))
    whole = "".join(json.dumps(_read(one)) for one in found)

    assert ENDPOINT in whole
    assert KEY in whole
    assert not any(mark in whole for mark in ("{endpoint}", "{key}", "{headers}"))


@pytest.mark.parametrize("name", [name for name, about in AGENTS.items() if about.managed])
def test_managed_blocks_read_too(name: str) -> None:
    """What an administrator distributes is valid, and goes outside anybody's home."""
    found = _block(name, managed=True)

    assert ENDPOINT in json.dumps(_read(found))
    assert found.file.startswith("/")


def test_claude_code_gets_the_variables_that_it_reads() -> None:
    """The `env` of its settings file; spans are a beta of their own."""
    assert _read(_block("claude-code", traces=False)) == {
        "env": {
            "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT,
            "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={KEY}",
        }
    }
    assert _read(_block("claude-code"))["env"]["OTEL_TRACES_EXPORTER"] == "otlp"


def test_codex_gets_whole_paths_and_protobuf() -> None:
    """Codex appends nothing, its JSON metrics pass a megabyte, and its metrics would go to OpenAI."""
    otel = _read(_block("codex"))["otel"]

    for key, path in (("exporter", "/v1/logs"), ("metrics_exporter", "/v1/metrics")):
        assert otel[key] == {"otlp-http": {"endpoint": ENDPOINT + path, "protocol": "binary", "headers": {"x-api-key": KEY}}}
    assert otel["trace_exporter"] == "none"
    assert otel["log_user_prompt"] is False


def test_copilot_cli_gets_one_endpoint() -> None:
    """Variables of the VS Code extension mean nothing to it."""
    assert _read(_block("copilot-cli")) == {
        "COPILOT_OTEL_ENABLED": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT,
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={KEY}",
    }


@pytest.mark.parametrize(("name", "prefix"), [("gemini-cli", "GEMINI"), ("qwen-code", "QWEN")])
def test_gemini_and_its_fork_are_told_http_and_no_prompts(name: str, prefix: str) -> None:
    """Their defaults are gRPC and the text of every prompt."""
    found = _read(_block(name))

    assert found[f"{prefix}_TELEMETRY_OTLP_PROTOCOL"] == "http"
    assert found[f"{prefix}_TELEMETRY_LOG_PROMPTS"] == "false"


def test_vscode_keeps_its_key_out_of_settings_sync() -> None:
    """The key stands in a settings file that would otherwise travel to every machine of its user."""
    found = _read(_block("vscode-copilot"))

    assert found["github.copilot.chat.otel.headers"] == {"x-api-key": KEY}
    assert found["settingsSync.ignoredSettings"] == ["github.copilot.chat.otel.headers"]


def test_copilot_cli_gets_its_key_by_the_variable_when_managed() -> None:
    """Managed headers never reach it, and stopped one version from exporting."""
    managed, shell = _all(_block("copilot-cli", managed=True))

    assert "headers" not in _read(managed)["telemetry"]
    assert _read(shell) == {"OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={KEY}"}


def test_opencode_gets_its_switch_beside_its_variables() -> None:
    """Tokens stand in spans that a setting of its own file turns on."""
    first, second = _all(_block("opencode"))

    assert _read(first)["OTEL_EXPORTER_OTLP_ENDPOINT"] == ENDPOINT
    assert (second.file, _read(second)) == ("~/.config/opencode/opencode.json", {"experimental": {"openTelemetry": True}})


@pytest.mark.parametrize("name", ["codex", "gemini-cli", "qwen-code", "opencode"])
def test_leaks_are_warned_of_first(name: str) -> None:
    """The serverless shape can remove nothing, and says so before anything else."""
    note = _block(name, shape="serverless").notes[0]

    assert note.startswith("Warning: ")
    assert "serverless" in note


@pytest.mark.parametrize("name", ["copilot-cli", "opencode", "vscode-copilot"])
def test_agents_told_by_spans_warn_where_no_traces_are_taken(name: str) -> None:
    """Without traces there is next to nothing to see of them."""
    assert any("traces are not taken" in note for note in _block(name, traces=False).notes)
    assert not any("traces are not taken" in note for note in _block(name).notes)


@pytest.mark.parametrize("name", ["cursor", "kiro"])
def test_vendors_servers_do_not_reach_loopback(name: str) -> None:
    """Whoever exports from the vendor's side needs an address that is reachable from there."""
    assert any("public https" in note for note in _block(name, endpoint="http://127.0.0.1:4318").notes)


@pytest.mark.parametrize(
    ("endpoint", "warned"),
    [("http://upwell.lan:4318", True), ("http://127.0.0.1:4318", False), ("http://[::1]:1", False), (ENDPOINT, False)],
)
def test_a_key_in_clear_is_warned_of(endpoint: str, warned: bool) -> None:
    """Plain HTTP is for this machine."""
    assert any("travels in clear" in note for note in _block("sdk", endpoint=endpoint).notes) == warned


def test_codex_tells_of_its_undated_records_where_nobody_dates_them() -> None:
    """Only the gateway gives them a time; CloudWatch alone may refuse them."""
    assert any("at 0" in note for note in _block("codex", shape="serverless").notes)
    assert not any("at 0" in note for note in _block("codex", shape="gateway").notes)


def test_a_team_is_claimed_where_it_is_given() -> None:
    """Metrics and spans of the serverless shape know their team by nothing else."""
    assert _read(_block("claude-code", team="web shop"))["env"]["OTEL_RESOURCE_ATTRIBUTES"] == "team.id=web%20shop"
    assert _read(_block("sdk", team="web"))["OTEL_RESOURCE_ATTRIBUTES"] == "team.id=web"


@pytest.mark.parametrize("given_as", ["https://h:1/", "https://h:1/v1/logs", " https://h:1/v1 ", "https://h:1//"])
def test_endpoints_become_bases(given_as: str) -> None:
    """A slash at the end makes OpenCode send to `//v1`, and a signal's path would be doubled."""
    assert blocks.base(given_as) == "https://h:1"


def test_a_stage_in_the_path_stays() -> None:
    """API Gateway's address has one."""
    assert blocks.base("https://x.execute-api.us-west-2.amazonaws.com/prod/") == "https://x.execute-api.us-west-2.amazonaws.com/prod"


@pytest.mark.parametrize("wrong", ["", "localhost:4318", "ftp://h", "https://", "https://h?x=1", "https://h/'x", "https://h/a b"])
def test_what_is_no_endpoint_is_refused(wrong: str) -> None:
    """Nobody pastes an address that could not work."""
    with pytest.raises(AgentError, match="no endpoint"):
        blocks.base(wrong)


def test_an_unknown_agent_is_refused_with_the_names() -> None:
    """The sentence lists what there is."""
    with pytest.raises(AgentError, match="claude-code, claude-cowork, codex"):
        _block("cloud-code")


def test_agents_without_managed_settings_say_so() -> None:
    """An administrator is not handed an empty text."""
    with pytest.raises(AgentError, match="no settings that an administrator"):
        _block("qwen-code", managed=True)


def test_only_agents_set_by_variables_have_lines_for_a_shell() -> None:
    """Claude Code's settings are variables too; Codex reads none."""
    assert _variables(exports("claude-code", endpoint=ENDPOINT, key=KEY) or "")["OTEL_LOGS_EXPORTER"] == "otlp"
    assert exports("codex", endpoint=ENDPOINT, key=KEY) is None
    assert exports("opencode", endpoint=ENDPOINT, key=KEY) is None


@given(key=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1))
def test_any_key_survives_its_way_through_a_file(key: str) -> None:
    """Quotes, dollars and commas in a key change nothing around it."""
    header = _read(_block("codex", key=key))["otel"]["exporter"]["otlp-http"]["headers"]
    variables = _read(_block("sdk", key=key))

    assert header == {"x-api-key": key}
    assert "," not in variables["OTEL_EXPORTER_OTLP_HEADERS"]
    assert len(variables) == 6
