"""Gemini CLI and Qwen Code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.usage.build import only, point, reading, record, span, total
from upwell.otlp import Signal
from upwell.usage import CostSource, Kind, Reading, UsageEvent

COMMON = {"session.id": "s-1", "event.timestamp": "2026-11-21T12:00:00.000Z", "prompt_id": "s-1########0"}
RESPONSE = {
    "model": "gemini-2.5-pro",
    "input_token_count": 10000,
    "cached_content_token_count": 4000,
    "output_token_count": 800,
    "thoughts_token_count": 200,
}


def logs(told: dict[str, Any], *, agent: str = "gemini-cli", **resource: object) -> Reading:
    return reading(
        Signal.LOGS, [record(COMMON | told, body="A sentence about it.")], scope=agent, resource={"service.name": agent, **resource}
    )


def gemini(name: str, told: dict[str, Any]) -> UsageEvent:
    return only(logs({"event.name": f"gemini_cli.{name}"} | told))


def qwen(name: str, told: dict[str, Any]) -> UsageEvent:
    return only(logs({"event.name": f"qwen-code.{name}"} | told, agent="qwen-code"))


def test_cached_input_is_taken_out_and_thoughts_are_added() -> None:
    """Gemini counts the cache within input and leaves thoughts out of output."""
    found = gemini("api_response", RESPONSE | {"duration_ms": 102})

    assert (found.input_tokens, found.cache_read_tokens, found.output_tokens, found.duration_ms) == (6000, 4000, 1000, 102.0)
    assert found.cost_usd == pytest.approx(0.0180)
    assert found.cost_source is CostSource.PRICED
    assert (found.session, found.prompt) == ("s-1", "s-1########0")


def test_qwens_output_has_its_thoughts_in_it() -> None:
    """The fork follows another API."""
    found = qwen("api_response", RESPONSE | {"model": "qwen3-coder-plus"})

    assert (found.input_tokens, found.cache_read_tokens, found.output_tokens) == (6000, 4000, 800)
    assert (found.cost_usd, found.cost_source) == (None, CostSource.UNKNOWN)


def test_a_response_is_recorded_twice_and_counts_once() -> None:
    """The conventions' record repeats Gemini's own."""
    told = {"event.name": "gen_ai.client.inference.operation.details", "gen_ai.usage.input_tokens": 16200, "gen_ai.usage.output_tokens": 87}

    assert logs(told).not_usage == 1
    assert logs({"event.name": "gemini_cli.api_request", "model": "m"}).not_usage == 1


@pytest.mark.parametrize(
    "name", ["gemini_cli.token.usage", "gen_ai.client.token.usage", "gemini_cli.lines.changed", "gemini_cli.session.count"]
)
def test_metrics_repeat_records(name: str) -> None:
    """Each metric comes twice, is cumulative, and counts nothing."""
    found = reading(Signal.METRICS, [total(name, point({"type": "input"}, 5), temporality=2)], scope="gemini-cli")

    assert (found.events, found.points, found.not_usage) == ((), (), 1)


def test_spans_repeat_records() -> None:
    """Neither Gemini's own spans nor the HTTP client's count."""
    own = reading(Signal.TRACES, [span("llm_call", {"gen_ai.usage.input_tokens": 5})], scope="gemini-cli")
    of_http = reading(
        Signal.TRACES, [span("POST", {})], scope="@opentelemetry/instrumentation-undici", resource={"service.name": "qwen-code"}
    )

    assert own.not_usage == of_http.not_usage == 1


def test_the_version_of_node_is_not_geminis() -> None:
    """`service.version` is v22.23.3 whatever Gemini's is; Qwen states its own."""
    told = {"event.name": "gemini_cli.user_prompt", "prompt_length": 43}

    assert only(logs(told, **{"service.version": "v22.23.3"})).agent_version is None
    assert only(logs({"event.name": "qwen-code.user_prompt"}, agent="qwen-code", **{"service.version": "0.24.4"})).agent_version == "0.24.4"
    assert only(logs(told)).prompt_length == 43


def test_sessions_begin_with_a_record() -> None:
    """Gemini's configuration is loaded once per start; Qwen says so in words without a prefix."""
    assert gemini("config", {"model": "m"}).kind is Kind.SESSION
    assert only(logs({"event.name": "session.start"}, agent="qwen-code")).kind is Kind.SESSION
    assert logs({"event.name": "qwen-code.config"}, agent="qwen-code").not_usage == 1


def test_a_session_may_stand_on_the_resource() -> None:
    """Gemini puts it on both."""
    told = record({"event.name": "gemini_cli.user_prompt"})

    assert only(reading(Signal.LOGS, [told], scope="gemini-cli", resource={"session.id": "s-7"})).session == "s-7"


@pytest.mark.parametrize("nested", [False, True])
def test_an_edit_is_a_row_beside_its_call(nested: bool) -> None:
    """The lines of an edit stand in a tool call's metadata, as text, plain or within `diffStat`."""
    stat = {"model_added_lines": 2, "model_removed_lines": 0, "user_added_lines": 9}
    told = {
        "function_name": "write_file",
        "success": True,
        "decision": "accept",
        "metadata": json.dumps({"diffStat": stat} if nested else stat),
    }
    found = logs({"event.name": "gemini_cli.tool_call"} | told)
    call, edit = found.events

    assert (call.kind, call.tool, call.success, call.decision, call.lines_added) == (Kind.TOOL_CALL, "write_file", True, "accept", None)
    assert (edit.kind, edit.count, edit.lines_added, edit.lines_removed, edit.decision) == (Kind.EDIT, 1, 2, 0, "accept")
    assert (found.usage_items, found.further) == (1, frozenset({edit.id}))


@pytest.mark.parametrize("metadata", ["{", "[]", json.dumps({"diffStat": 5}), json.dumps({"ask_user": {}}), ""])
def test_metadata_of_other_kinds_is_no_edit(metadata: str) -> None:
    """Whatever else a tool reports, its call counts."""
    assert gemini("tool_call", {"function_name": "ask_user", "metadata": metadata}).kind is Kind.TOOL_CALL


@pytest.mark.parametrize(
    ("said", "decision", "success"), [("auto_accept", "accept", True), ("modify", "modify", True), ("reject", "reject", None)]
)
def test_decisions_have_one_word(said: str, decision: str, success: bool | None) -> None:
    """A refused call has neither succeeded nor failed."""
    found = gemini("tool_call", {"function_name": "shell", "decision": said, "success": success is not None})

    assert (found.decision, found.success) == (decision, success)


def test_mcp_tools_name_their_server() -> None:
    """A server that is not there is an empty value."""
    assert gemini("tool_call", {"function_name": "find", "mcp_server_name": "jira", "tool_type": "mcp"}).mcp_server == "jira"
    assert gemini("tool_call", {"function_name": "find", "mcp_server_name": None}).mcp_server is None


@pytest.mark.parametrize(
    ("told", "error", "duration"),
    [
        ({"model_name": "m", "status_code": 429, "duration": 12}, "429", 12.0),
        ({"model": "m", "error_type": "Quota", "duration_ms": 7}, "Quota", 7.0),
        ({"model": "m"}, "unknown", None),
    ],
)
def test_errors_are_told_by_their_status(told: dict[str, Any], error: str, duration: float | None) -> None:
    """Versions spell a failed request differently; its message is never kept."""
    found = gemini("api_error", told | {"error.message": "secret"})

    assert (found.kind, found.model, found.error, found.duration_ms) == (Kind.ERROR, "m", error, duration)


def test_qwens_skills_are_rows() -> None:
    """A skill that was launched is named."""
    assert (qwen("skill_launch", {"skill_name": "review"}).kind, qwen("skill_launch", {"skill_name": "review"}).skill) == (
        Kind.SKILL,
        "review",
    )


def test_a_new_event_is_shown() -> None:
    """What a new version adds is counted by name until somebody reads it."""
    assert logs({"event.name": "gemini_cli.brand_new"}).unrecognised == {"gemini-cli: gemini_cli.brand_new": 1}
