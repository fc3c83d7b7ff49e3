"""Codex CLI."""

from __future__ import annotations

from typing import Any

import pytest

from tests.usage.build import NOON_NS, histogram, only, point, reading, record, span, total
from tests.usage.recordings import rows
from upwell.otlp import Signal
from upwell.usage import CostSource, Kind, Reading, UsageEvent

COMMON = {"conversation.id": "c-1", "event.timestamp": "2026-11-21T12:00:00.500Z", "model": "gpt-5.5"}
COMPLETED = {"event.kind": "response.completed", "input_token_count": "16200", "output_token_count": "87", "cached_token_count": 15000}


def logs(*told: dict[str, Any], **fields: Any) -> Reading:
    records = [
        record(COMMON | each, body=None, timeUnixNano="0", observedTimeUnixNano=str(NOON_NS), eventName="event otel/src/x.rs:1", **fields)
        for each in told
    ]
    return reading(Signal.LOGS, records, scope="codex_otel.log_only", resource={"service.name": "codex_exec", "service.version": "0.169.0"})


def event(name: str, told: dict[str, Any]) -> UsageEvent:
    return only(logs({"event.name": f"codex.{name}"} | told))


def test_a_record_without_a_time_has_it_as_an_attribute() -> None:
    """`timeUnixNano` is 0, which is not 1970: `event.timestamp` comes first, then when it was seen."""
    assert event("user_prompt", {"prompt_length": "43"}).time_ns == NOON_NS + 500_000_000
    assert only(logs({"event.name": "codex.user_prompt", "event.timestamp": "soon"})).time_ns == NOON_NS


def test_numbers_and_text_stand_in_one_record() -> None:
    """Input is text, the cache a number, and cached input is taken out of input."""
    found = event("sse_event", COMPLETED | {"cache_write_token_count": 200, "reasoning_token_count": 32, "tool_token_count": "16287"})

    assert (found.input_tokens, found.output_tokens, found.cache_read_tokens, found.cache_creation_tokens) == (1000, 87, 15000, 200)
    assert (found.session, found.model, found.provider) == ("c-1", "gpt-5.5", "openai")


def test_a_response_completes_twice_and_counts_once() -> None:
    """Of two completed records only one has tokens; all other kinds of stream event count nothing."""
    name = {"event.name": "codex.sse_event"}
    found = logs(
        name | COMPLETED,
        name | {"event.kind": "response.completed", "duration_ms": "4"},
        name | {"event.kind": "response.output_item.done"},
    )

    assert only(found).kind is Kind.API_REQUEST
    assert found.not_usage == 2


def test_a_request_is_priced() -> None:
    """No cost is in the payload; gpt-5-codex is priced as gpt-5."""
    found = event(
        "sse_event",
        {
            "model": "gpt-5-codex",
            "event.kind": "response.completed",
            "input_token_count": "10000",
            "output_token_count": "1000",
            "cached_token_count": 4000,
        },
    )

    assert found.cost_usd == pytest.approx(0.0180)
    assert found.cost_source is CostSource.PRICED


def test_the_source_line_is_no_name() -> None:
    """OTLP's `eventName` is where the record was written."""
    assert logs({"event.name": "codex.turn_ttft"}).not_usage == 1
    assert logs({}).not_usage == 1
    assert logs({"event.name": "codex.brand_new"}).unrecognised == {"codex: codex.brand_new": 1}


@pytest.mark.parametrize(
    ("told", "error", "attempts"),
    [
        ({"http.response.status_code": 429, "attempt": 2}, "429", 3),
        ({"error.message": "stream closed at secret.example", "attempt": "0"}, "connection", 1),
    ],
)
def test_failed_attempts_are_errors(told: dict[str, Any], error: str, attempts: int) -> None:
    """The transport's record tells of failures only, and never in words."""
    found = event("api_request", told)

    assert (found.kind, found.error, found.attempts) == (Kind.ERROR, error, attempts)
    assert logs({"event.name": "codex.api_request", "http.response.status_code": "200"}).not_usage == 1


def test_a_tool_is_its_result() -> None:
    """A refused call has a result too, so that decisions count nothing."""
    found = event(
        "tool_result", {"tool_name": "exec_command", "success": "true", "duration_ms": "64", "mcp_server": "", "agent_name": "/root"}
    )

    assert (found.tool, found.success, found.duration_ms, found.mcp_server, found.subagent) == ("exec_command", True, 64.0, None, None)
    other = event("tool_result", {"mcp_server": "jira", "agent_name": "reviewer"})
    assert (other.mcp_server, other.subagent) == ("jira", "reviewer")
    assert logs({"event.name": "codex.tool_decision", "decision": "denied"}).not_usage == 1


def test_a_turn_is_its_trace() -> None:
    """Prompt and tools of one turn share a trace; its requests have none, or a `turn.id` in newer builds."""
    assert only(logs({"event.name": "codex.user_prompt"}, traceId="ab" * 16, spanId="cd" * 8)).prompt == "ab" * 16
    assert event("sse_event", COMPLETED).prompt is None
    assert event("sse_event", COMPLETED | {"turn.id": "t-9"}).prompt == "t-9"


def test_conversations_are_sessions() -> None:
    """`conversation.id` is on records only."""
    assert (event("conversation_starts", {}).kind, event("conversation_starts", {}).session) == (Kind.SESSION, "c-1")


def tokens(kind: str, number: float) -> Reading:
    return reading(
        Signal.METRICS,
        [histogram("codex.turn.token_usage", point({"token_type": kind, "model": "gpt-5.5"}, number, field="sum"))],
        scope="codex",
    )


def test_metrics_count_once_whatever_their_types() -> None:
    """Total and reasoning repeat others, and cached input is part of input."""
    kinds = {"total": 81435, "input": 81000, "cached_input": 75000, "output": 435, "reasoning_output": 160}
    found = rows([tokens(kind, number) for kind, number in kinds.items()])

    assert sum(row.input_tokens or 0 for row in found) == 6000
    assert sum(row.cache_read_tokens or 0 for row in found) == 75000
    assert sum(row.output_tokens or 0 for row in found) == 435
    assert all(row.stand_in for row in found)


def test_metrics_stand_in_for_records() -> None:
    """Where records came, requests and tools of metrics count nothing."""
    counted = [
        total("codex.api_request", point({"model": "gpt-5.5", "success": "true"}, 5)),
        total("codex.tool.call", point({"tool": "exec_command", "success": "true"}, 3)),
        total("codex.thread.started", point({}, 1)),
    ]
    alone = reading(Signal.METRICS, counted, scope="codex")
    beside = logs(
        {"event.name": "codex.sse_event"} | COMPLETED, {"event.name": "codex.tool_result"}, {"event.name": "codex.conversation_starts"}
    )

    assert {row.kind: row.count for row in rows([alone])} == {Kind.API_REQUEST: 5, Kind.TOOL_CALL: 3, Kind.SESSION: 1}
    assert {row.kind: row.count for row in rows([alone, beside])} == {Kind.API_REQUEST: 1, Kind.TOOL_CALL: 1, Kind.SESSION: 1}
    assert reading(Signal.METRICS, [total("codex.api_request", point({"success": "false"}, 5))], scope="codex").not_usage == 1


def test_the_many_spans_of_a_profile_count_nothing() -> None:
    """Thousands of spans a minute are known at a glance."""
    found = reading(
        Signal.TRACES, [span("handle_responses", {"gen_ai.usage.input_tokens": 16200}, number=n + 1) for n in range(3)], scope="codex_exec"
    )

    assert (found.events, found.not_usage, found.unrecognised) == ((), 3, {})
