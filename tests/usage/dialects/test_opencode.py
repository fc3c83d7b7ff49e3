"""OpenCode: its own spans and its plugin."""

from __future__ import annotations

from typing import Any

import pytest

from tests.usage.build import only, point, reading, record, span, total
from tests.usage.recordings import rows
from upwell.otlp import Signal
from upwell.usage import CostSource, Kind, Reading, UsageEvent

TRACE = "ab" * 16
CALL = {
    "session.id": "ses_1",
    "ai.model.id": "fake-model",
    "ai.model.provider": "fake.chat",
    "ai.usage.inputTokens": 16200,
    "ai.usage.inputTokenDetails.noCacheTokens": 1200,
    "ai.usage.inputTokenDetails.cacheReadTokens": 15000,
    "ai.usage.outputTokens": 87,
    "ai.usage.reasoningTokens": 32,
}
PLUGIN = {"service.name": "opencode", "app.version": "1.4.0"}


def native(*found: dict[str, Any]) -> Reading:
    return reading(Signal.TRACES, list(found), scope="opencode", resource={"service.name": "opencode", "service.version": "1.18.33"})


def logs(told: dict[str, Any], **fields: Any) -> Reading:
    return reading(
        Signal.LOGS,
        [record({"session.id": "ses_1"} | told, body=str(told.get("event.name", "init")), **fields)],
        scope="com.opencode",
        resource=PLUGIN,
    )


def event(name: str, told: dict[str, Any]) -> UsageEvent:
    return only(logs({"event.name": name} | told))


def metric(name: str, told: dict[str, Any], number: float = 1, prefix: str = "opencode.") -> Reading:
    return reading(
        Signal.METRICS, [total(f"{prefix}{name}", point({"session.id": "ses_1"} | told, number))], scope="com.opencode", resource=PLUGIN
    )


def test_the_inner_span_is_the_request() -> None:
    """The outer one repeats its tokens; input without cache is stated apart."""
    found = native(span("ai.streamText.doStream", CALL, trace=TRACE), span("ai.streamText", CALL, number=2))

    assert (only(found).input_tokens, only(found).cache_read_tokens, only(found).output_tokens, found.not_usage) == (1200, 15000, 87, 1)
    assert (only(found).session, only(found).prompt, only(found).agent_version) == ("ses_1", TRACE, "1.18.33")


def test_older_spans_state_less() -> None:
    """Without details, cached input is taken out of input."""
    told = {"ai.usage.promptTokens": 100, "ai.usage.cachedInputTokens": 40, "ai.usage.completionTokens": 7}

    assert only(native(span("ai.generateText.doGenerate", told))).input_tokens == 60


def test_a_users_message_is_a_span_of_its_own() -> None:
    """It has no session; its trace joins it with what it caused."""
    found = only(native(span("SessionPrompt.createUserMessage", {}, trace=TRACE)))

    assert (found.kind, found.session, found.prompt) == (Kind.PROMPT, None, TRACE)


def test_tools_are_counted_once() -> None:
    """`Tool.execute` and the many spans within repeat `ai.toolCall`."""
    call = span("ai.toolCall", {"ai.toolCall.name": "bash", "session.id": "ses_1"}, status={"code": 2})
    found = native(call, span("Tool.execute", {"tool.name": "bash"}, number=2), span("sql.execute", {}, number=3))

    assert (only(found).tool, only(found).success, only(found).duration_ms, found.not_usage) == ("bash", False, 100.0, 2)


def test_a_failed_call_is_an_error() -> None:
    """One that used no token."""
    assert only(native(span("ai.streamText.doStream", {"ai.model.id": "m"}, status={"code": 2}))).kind is Kind.ERROR


def test_its_own_log_counts_nothing() -> None:
    """Bodies of words and lists, without a name."""
    found = reading(Signal.LOGS, [record({"fiberId": 8216}, body="init")], scope="opencode", resource={"service.name": "opencode"})

    assert (found.not_usage, found.unrecognised) == (1, {})


def test_the_plugins_numbers_never_overlap() -> None:
    """Its input excludes the cache and its output excludes reasoning, which is added."""
    told = {
        "model": "m",
        "provider": "anthropic",
        "input_tokens": 1200,
        "output_tokens": 55,
        "reasoning_tokens": 32,
        "cache_read_tokens": 15000,
        "cache_creation_tokens": 640,
        "cost_usd": 0.02,
    }
    found = event("api_request", told)

    assert (found.input_tokens, found.output_tokens, found.cache_read_tokens, found.cache_creation_tokens) == (1200, 87, 15000, 640)
    assert (found.cost_usd, found.cost_source, found.agent, found.agent_version) == (0.02, CostSource.REPORTED, "opencode", "1.4.0")


def test_a_cost_of_nothing_is_no_cost() -> None:
    """OpenCode says 0 for a model without a price."""
    assert event("api_request", {"model": "my-own", "input_tokens": 5, "cost_usd": 0}).cost_source is CostSource.UNKNOWN


def test_the_plugins_other_records() -> None:
    """Prompts, tools, errors, commits and sessions; a refused call has a failed result too."""
    assert event("user_prompt", {"prompt_length": 12}).prompt_length == 12
    assert (event("tool_result", {"tool_name": "bash", "success": True, "duration_ms": 9}).tool) == "bash"
    assert (event("api_error", {"model": "m", "error": "secret"}).kind, event("api_error", {"model": "m", "error": "secret"}).error) == (
        Kind.ERROR,
        "api_error",
    )
    assert event("commit", {}).kind is Kind.COMMIT
    assert event("session.created", {}).kind is Kind.SESSION
    assert logs({"event.name": "tool_decision", "decision": "reject"}).not_usage == 1
    assert logs({"event.name": "session.idle", "total_tokens": 5}).not_usage == 1


def test_subagents_have_sessions_of_their_own() -> None:
    """They begin no session and ask no prompt, and their requests name them."""
    inner = {"agent.type": "subagent", "agent": "explore"}

    assert logs({"event.name": "session.created", "is_subagent": True}).not_usage == 1
    assert logs({"event.name": "user_prompt"} | inner).not_usage == 1
    assert event("api_request", {"model": "m"} | inner).subagent == "explore"


@pytest.mark.parametrize("prefix", ["opencode.", "claude_code."])
def test_the_plugins_metrics_may_have_any_prefix(prefix: str) -> None:
    """Named after Claude Code's, they stay OpenCode's: the scope tells."""
    found = only(metric("token.usage", {"type": "reasoning", "model": "m"}, 32, prefix))

    assert (found.agent, found.output_tokens, found.stand_in) == ("opencode", 32, True)


def test_the_plugins_lines_are_a_metric() -> None:
    """The gauge beside it counts nothing."""
    assert only(metric("lines_of_code.count", {"type": "added"}, 7)).lines_added == 7
    gauge = {"name": "opencode.lines_of_code.total", "gauge": {"dataPoints": [point({"type": "added"}, 7)]}}
    assert reading(Signal.METRICS, [gauge], scope="com.opencode", resource=PLUGIN).not_usage == 1


def test_records_metrics_and_spans_count_one_use() -> None:
    """With the plugin and OpenCode's own export both on, requests, prompts and tools count once."""
    both = [
        native(
            span("ai.streamText.doStream", CALL),
            span("SessionPrompt.createUserMessage", {}, number=2),
            span("ai.toolCall", {"ai.toolCall.name": "bash"}, number=3),
        ),
        logs({"event.name": "api_request", "model": "m", "input_tokens": 1200, "cost_usd": 0.02}),
        logs({"event.name": "user_prompt"}),
        logs({"event.name": "tool_result", "tool_name": "bash"}),
        logs({"event.name": "commit"}),
        logs({"event.name": "session.created"}),
        metric("token.usage", {"type": "input", "model": "m"}, 1200),
        metric("cost.usage", {"model": "m"}, 0.02),
        metric("commit.count", {}),
        metric("session.count", {}),
        metric("message.count", {}),
    ]
    found = rows(both)

    assert sorted(row.kind for row in found) == sorted([Kind.API_REQUEST, Kind.PROMPT, Kind.TOOL_CALL, Kind.COMMIT, Kind.SESSION])
    assert sum(row.cost_usd or 0 for row in found) == 0.02
    assert sum(row.input_tokens or 0 for row in rows(both[:1])) == 1200
