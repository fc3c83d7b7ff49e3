"""Cursor: its own export and the hook project; and Kiro."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.usage.build import NOON_NS, only, point, reading, record, span, total
from tests.usage.recordings import rows
from upwell.otlp import Signal
from upwell.usage import CostSource, Kind, Reading, UsageEvent

RESOURCE = {"service.name": "cursor", "service.version": "1.16.5", "cursor.team.id": 4242, "cursor.user.id": 99}
COMMON = {"cursor.event.id": "ev-1", "cursor.conversation.id": "c-1", "cursor.request.id": "r-1", "cursor.usage_event.id": "ue-1"}
TOKENS = {
    "cursor.api.request.input_tokens": "6000",
    "cursor.api.request.output_tokens": 1000,
    "cursor.api.request.cache_read_tokens": 4000,
    "cursor.api.request.cache_creation_tokens": 0,
}


def logs(body: str | None, told: dict[str, Any]) -> Reading:
    return reading(Signal.LOGS, [record(COMMON | told, body=body)], scope="cursor.telemetry", resource=RESOURCE)


def metrics(*found: dict[str, Any]) -> Reading:
    return reading(Signal.METRICS, list(found), scope="cursor.telemetry", resource=RESOURCE)


def test_a_records_name_is_its_body() -> None:
    """Token types never overlap; the model is priced, by Cursor's list or any other."""
    found = only(logs("api_request", TOKENS | {"cursor.model.name": "composer-2.5"}))

    assert (found.input_tokens, found.output_tokens, found.cache_read_tokens, found.cache_creation_tokens) == (6000, 1000, 4000, 0)
    assert (found.session, found.prompt, found.model, found.agent_version) == ("c-1", "r-1", "composer-2.5", "1.16.5")
    assert found.cost_usd == pytest.approx(0.0063)
    assert found.cost_source is CostSource.PRICED
    assert (found.person, found.team, found.claimed) == ("99", "4242", True)


def test_a_records_name_may_be_an_attribute() -> None:
    """The page of attributes calls it `cursor.api.request`."""
    assert only(logs("api_request", {"event.name": "cursor.api.request"})).kind is Kind.API_REQUEST


def test_records_come_at_least_once() -> None:
    """`cursor.event.id` makes the same record the same row, and another another."""
    again, other = only(logs("api_request", TOKENS)), only(logs("api_request", TOKENS | {"cursor.event.id": "ev-2"}))

    assert again.id == only(logs("api_request", TOKENS)).id
    assert again.id != other.id


def test_errors_skills_and_pull_requests_are_rows() -> None:
    """The rest of a family counts nothing, and what is new is shown."""
    assert only(logs("api_error", {"cursor.model.name": "m"})).kind is Kind.ERROR
    assert only(logs("skill_activated", {"cursor.skill.name": "code-review"})).skill == "code-review"
    assert only(logs("cloud_agent_pull_request_opened", {})).kind is Kind.PULL_REQUEST
    for name in ("api_correction_not_billed_errored", "hook_execution_complete", "plugin_installed", "cloud_agent_setup_completed"):
        assert logs(name, {}).not_usage == 1
    assert logs("brand_new", {}).unrecognised == {"cursor: brand_new": 1}


def test_tool_calls_are_a_metric() -> None:
    """Three calls in an interval are one row."""
    told = {"cursor.tool.name": "search", "cursor.tool.kind": "mcp", "cursor.tool.status": "failure", "cursor.mcp.server.name": "jira"}
    found = only(metrics(total("cursor.tool.calls", point(told, 3))))

    assert (found.kind, found.count, found.tool, found.mcp_server, found.success, found.error) == (
        Kind.TOOL_CALL,
        3,
        "search",
        "jira",
        False,
        "failure",
    )


def test_tokens_and_cost_of_metrics_stand_in_for_records() -> None:
    """The metric's cost is a best effort; where records came, their tokens are priced."""
    counted = metrics(
        total("cursor.token.usage", point({"cursor.token.type": "cache_read", "cursor.model.name": "m"}, 4000)),
        total("cursor.cost.usage", point({"cursor.model.name": "m"}, 0.5)),
    )

    assert sum(row.cost_usd or 0 for row in rows([counted])) == 0.5
    assert [row.cache_read_tokens for row in rows([counted, logs("api_request", TOKENS)])] == [4000]


HOOKED = {
    "langsmith.trace.session_id": "c-1",
    "langsmith.metadata.generation_id": "g-1",
    "langsmith.metadata.cursor_version": "2.0",
    "langsmith.metadata.duration_ms": 3.5,
    "gen_ai.request.model": "claude-4.5-sonnet",
    "gen_ai.operation.name": "tool",
}


def hook(name: str, told: dict[str, Any] | None = None, raw: dict[str, Any] | None = None) -> Reading:
    with_raw = {"langsmith.metadata.raw_event": json.dumps(raw)} if raw is not None else {}
    return reading(
        Signal.TRACES,
        [span(f"cursor.{name}", HOOKED | (told or {}) | with_raw)],
        scope="cursor_otel_hook",
        resource={"service.name": "cursor-agent"},
    )


def hooked(name: str, told: dict[str, Any] | None = None, raw: dict[str, Any] | None = None) -> UsageEvent:
    return only(hook(name, told, raw))


def test_a_hooks_length_is_not_the_tools() -> None:
    """The tool's own duration stands within the raw event, where that is kept; a hook happens when its span starts."""
    found = hooked("postToolUse", {"gen_ai.tool.name": "Shell"}, {"duration": 1234, "tool_output": "secret"})

    assert (found.kind, found.tool, found.success, found.duration_ms, found.time_ns) == (Kind.TOOL_CALL, "Shell", True, 1234.0, NOON_NS)
    assert hooked("postToolUse", {"gen_ai.tool.name": "Shell"}).duration_ms is None
    assert (found.session, found.prompt, found.agent, found.agent_version) == ("c-1", "g-1", "cursor", "2.0")


def test_a_shell_command_is_one_call() -> None:
    """Its four spans are three too many."""
    names = ["preToolUse", "beforeShellExecution", "afterShellExecution", "postToolUse"]

    assert sum(len(hook(name, {"gen_ai.tool.name": "bash"}).events) for name in names) == 1
    assert sum(hook(name).not_usage for name in names) == 3


def test_a_failed_tool_says_so() -> None:
    """By the name of the hook."""
    found = hooked("postToolUseFailure", {}, {"failure_type": "timeout", "duration": 5})

    assert (found.success, found.error) == (False, "timeout")


def test_a_prompt_keeps_its_length_only() -> None:
    """Where the text is there, it is measured; where policy removed it, nothing is known."""
    assert hooked("beforeSubmitPrompt", {}, {"prompt": "fix the bug"}).prompt_length == 11
    assert hooked("beforeSubmitPrompt").prompt_length is None
    assert hooked("beforeSubmitPrompt", {}, {"prompt": "fix the bug"}).id == hooked("beforeSubmitPrompt").id


def test_an_edits_lines_are_counted() -> None:
    """By the sizes of its texts."""
    edits = [{"old_string": "a\nb\nc", "new_string": "a"}, {"old_string": "", "new_string": "x\ny\n"}]
    found = hooked("afterFileEdit", {}, {"edits": edits})

    assert (found.kind, found.lines_added, found.lines_removed) == (Kind.EDIT, 2, 2)
    assert hooked("afterFileEdit").lines_added is None


def test_hooks_and_export_under_one_key_count_tools_once() -> None:
    """Spans tell more than a metric without a conversation."""
    counted = metrics(total("cursor.tool.calls", point({"cursor.tool.name": "Shell"}, 1)))

    assert len(rows([counted, hook("postToolUse", {"gen_ai.tool.name": "Shell"})])) == 1
    assert len(rows([counted])) == 1


def test_sessions_of_hooks_are_rows() -> None:
    """And what is no hook that anybody knows is shown."""
    assert hooked("sessionStart").kind is Kind.SESSION
    assert hook("brandNew").unrecognised == {"cursor: cursor.brandNew": 1}


def kiro(name: str, told: dict[str, Any]) -> UsageEvent:
    return only(
        reading(Signal.LOGS, [record({"event.name": name, "kiro.user.id": "u-1"} | told)], resource={"kiro.profile.arn": "arn:aws:x"})
    )


def test_kiros_requests_and_tools_are_rows() -> None:
    """Its records say who, in which conversation, and on which turn; what they don't say stays empty."""
    request = kiro("kiro.chat.message", {"kiro.conversation.id": "c-1", "kiro.turn.id": "t-1", "kiro.credits": 0.4})
    tool = kiro("kiro.tool.call", {"kiro.conversation.id": "c-1", "kiro.tool.name": "fs_read", "kiro.tool.status": "success"})

    assert (request.kind, request.agent, request.session, request.prompt, request.person) == (Kind.API_REQUEST, "kiro", "c-1", "t-1", "u-1")
    assert (request.input_tokens, request.cost_usd, request.cost_source) == (None, None, CostSource.UNKNOWN)
    assert (tool.kind, tool.tool, tool.success) == (Kind.TOOL_CALL, "fs_read", True)


def test_kiros_daily_metrics_are_shown() -> None:
    """They repeat the records per day; nobody reads them, and that is said."""
    found = reading(Signal.METRICS, [total("kiro.user.credits", point({}, 5))], scope="kiro")

    assert (found.events, found.unrecognised) == ((), {"kiro: kiro.user.credits": 1})
