"""Claude Code and Claude Cowork."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.usage.build import only, only_point, point, reading, record, span, total
from tests.usage.recordings import rows
from upwell.otlp import Signal
from upwell.usage import CostSource, Kind, Reading, UsageEvent

SCOPE = "com.anthropic.claude_code.events"
COMMON = {"session.id": "s-1", "prompt.id": "p-1", "event.timestamp": "2026-11-21T12:00:00.000Z", "event.sequence": 3}
NUMBERS = {
    "input_tokens": 142,
    "output_tokens": 61,
    "cache_read_tokens": 10,
    "cache_creation_tokens": 25848,
    "cost_usd": 0.098271,
    "duration_ms": 4950,
}


def logs(*records: dict[str, Any], version: str = "2.1.330", **resource: object) -> Reading:
    return reading(
        Signal.LOGS, list(records), scope=SCOPE, resource={"service.name": "claude-code", "service.version": version, **resource}
    )


def event(name: str, told: dict[str, Any], version: str = "2.1.330") -> UsageEvent:
    return only(logs(record(COMMON | told | {"event.name": name}, body=f"claude_code.{name}"), version=version))


def metric(name: str, told: dict[str, Any], number: float = 1, *, version: str = "2.1.330", temporality: int = 1) -> Reading:
    told = {"session.id": "s-1", **told}
    entry = total(f"claude_code.{name}", point(told, number), temporality=temporality)
    return reading(Signal.METRICS, [entry], scope="com.anthropic.claude_code", resource={"service.version": version})


@pytest.mark.parametrize(
    ("version", "told"),
    [("1.0.60", {k: str(v) for k, v in NUMBERS.items()}), ("2.0.0", {k: str(v) for k, v in NUMBERS.items()}), ("2.1.122", NUMBERS)],
)
def test_numbers_may_be_text(version: str, told: dict[str, Any]) -> None:
    """Before 2.1.122 every number of a request was text; the row is the same, and nothing is in input but input."""
    found = event("api_request", {"model": "claude-sonnet-4-5-20250929"} | told, version)

    assert (found.input_tokens, found.output_tokens, found.cache_read_tokens, found.cache_creation_tokens) == (142, 61, 10, 25848)
    assert (found.cost_usd, found.cost_source, found.duration_ms, found.agent_version) == (0.098271, CostSource.REPORTED, 4950.0, version)


def test_tool_results_are_text_to_this_day() -> None:
    """Success and duration of a tool, and a prompt's length, are words."""
    tool = event("tool_result", {"tool_name": "Bash", "success": "false", "duration_ms": "95", "error_type": "ShellError"})

    assert (tool.kind, tool.tool, tool.success, tool.duration_ms, tool.error) == (Kind.TOOL_CALL, "Bash", False, 95.0, "ShellError")
    assert event("user_prompt", {"prompt_length": "40"}).prompt_length == 40


def test_cost_may_come_in_micros() -> None:
    """Where dollars are missing, millionths of them count."""
    assert event("api_request", {"model": "m", "cost_usd_micros": 12740}).cost_usd == pytest.approx(0.01274)


def test_a_request_without_a_cost_is_priced() -> None:
    """What the agent doesn't report is priced, and what has no price is unknown."""
    priced = event("api_request", {"model": "claude-opus-4-5", "input_tokens": 6000, "output_tokens": 1000, "cache_read_tokens": 4000})

    assert priced.cost_usd == pytest.approx(0.057)
    assert priced.cost_source is CostSource.PRICED
    assert event("api_request", {"model": "my-own", "input_tokens": 1}).cost_source is CostSource.UNKNOWN
    assert event("api_request", {"model": "my-own", "input_tokens": 1}).cost_usd is None


def test_a_refused_tool_is_one_call() -> None:
    """It has a decision and no result; it has neither succeeded nor failed."""
    refused = event("tool_decision", {"tool_name": "Bash", "decision": "reject", "source": "user_reject"})

    assert (refused.kind, refused.tool, refused.decision, refused.success) == (Kind.TOOL_CALL, "Bash", "reject", None)


def test_an_accepted_tool_is_one_call() -> None:
    """Decisions are made for nearly every call, mostly by configuration; the result is the call."""
    told = COMMON | {"tool_name": "Bash", "tool_use_id": "t-1"}
    decision = record(told | {"event.name": "tool_decision", "decision": "accept", "source": "config"})
    result = record(told | {"event.name": "tool_result", "success": "true"})

    assert only(logs(decision, result)).success is True


def test_a_retried_request_is_one_request() -> None:
    """Retries show as `attempt`; the record of their exhaustion comes beside the error and is none of its own."""
    assert event("api_request", {"model": "m", "attempt": 3}).attempts == 3
    failed = logs(
        record(COMMON | {"event.name": "api_error", "model": "m", "error": "Repeated 529 Overloaded errors", "attempt": 10}),
        record(COMMON | {"event.name": "api_retries_exhausted", "total_attempts": 10}),
    )
    assert (only(failed).kind, only(failed).error, only(failed).attempts, failed.not_usage) == (Kind.ERROR, "529", 10, 1)


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"status_code": 400, "error": "400 bad: ls ~/secret"}, "400"),
        ({"error": "invalid key sk-ant-1"}, "api_error"),
        ({"status_code": "429"}, "429"),
    ],
)
def test_an_errors_words_are_not_kept(told: dict[str, Any], error: str) -> None:
    """A message may quote what was asked; its status is enough."""
    assert event("api_error", told).error == error


def test_a_refusal_of_the_model_is_an_error() -> None:
    """`api_refusal` is a request that gave no answer."""
    assert (event("api_refusal", {"model": "m"}).kind, event("api_refusal", {"model": "m"}).error) == (Kind.ERROR, "api_refusal")


@pytest.mark.parametrize(
    ("told", "subagent"),
    [
        ({"query_source": "agent:builtin:general-purpose"}, "general-purpose"),
        ({"query_source": "agent:builtin:x", "agent.name": "reviewer"}, "reviewer"),
        ({"query_source": "repl_main_thread"}, None),
        ({"query_source": "sdk"}, None),
    ],
)
def test_subagents_are_named(told: dict[str, Any], subagent: str | None) -> None:
    """By `agent.name`, or within `query_source`."""
    assert event("api_request", {"model": "m"} | told).subagent == subagent


@pytest.mark.parametrize(
    ("told", "tool", "server"),
    [
        ({"tool_name": "mcp__github__search_issues"}, "mcp__github__search_issues", "github"),
        (
            {"tool_name": "mcp_tool", "tool_parameters": json.dumps({"mcp_server_name": "jira", "mcp_tool_name": "find"})},
            "mcp__jira__find",
            "jira",
        ),
        ({"tool_name": "mcp_tool", "mcp_server.name": "jira", "mcp_tool.name": "find"}, "mcp__jira__find", "jira"),
        ({"tool_name": "mcp_tool"}, "mcp_tool", None),
        ({"tool_name": "mcp__"}, "mcp__", None),
        ({"tool_name": "Bash", "tool_parameters": json.dumps({"mcp_server_name": "no"})}, "Bash", None),
    ],
)
def test_mcp_tools_are_named_in_many_places(told: dict[str, Any], tool: str, server: str | None) -> None:
    """In the tool's name, its parameters, the record, or nowhere."""
    found = event("tool_result", {"success": "true"} | told)

    assert (found.tool, found.mcp_server) == (tool, server)


def test_skills_and_subagents_are_named_by_a_tools_parameters() -> None:
    """A call of the Skill or the Task tool says which."""
    assert event("tool_result", {"tool_name": "Skill", "tool_parameters": '{"skill_name": "review"}'}).skill == "review"
    assert event("tool_result", {"tool_name": "Task", "tool_parameters": '{"subagent_type": "explore"}'}).subagent == "explore"


def test_a_skill_activated_is_a_row_of_its_own() -> None:
    """Commands that somebody typed show nowhere else."""
    assert (event("skill_activated", {"skill.name": "review"}).kind, event("skill_activated", {"skill.name": "review"}).skill) == (
        Kind.SKILL,
        "review",
    )


def test_sessions_begun_are_counted() -> None:
    """A fresh start counts, under the session's id."""
    found = only(metric("session.count", {"start_type": "fresh"}))

    assert (found.kind, found.session, found.count) == (Kind.SESSION, "s-1", 1)


def test_the_ghost_of_a_continued_session_has_no_session() -> None:
    """`--continue` counts a start under an id that no prompt ever carries."""
    ghost = only(metric("session.count", {"start_type": "continue", "session.id": "ghost"}))

    assert (ghost.kind, ghost.session) == (Kind.SESSION, None)


def test_the_agents_view_is_no_session() -> None:
    """A dashboard that is open is not work."""
    assert metric("session.count", {"start_type": "agents_view"}).not_usage == 1


def test_a_models_window_is_no_part_of_its_name() -> None:
    """2.1.197 writes `[1m]` on metrics only, so that one model would be two."""
    assert only(metric("token.usage", {"type": "input", "model": "claude-opus-4-8[1m]"}, 10)).model == "claude-opus-4-8"
    assert event("api_request", {"model": "claude-opus-4-8"}).model == "claude-opus-4-8"


def test_metrics_stand_in_for_records() -> None:
    """Tokens and cost count from metrics only where no record came."""
    tokens, cost = metric("token.usage", {"type": "cacheRead", "model": "m"}, 15000), metric("cost.usage", {"model": "m"}, 0.5)
    request = logs(record(COMMON | {"event.name": "api_request", "model": "m", "cache_read_tokens": 15000, "cost_usd": 0.5}))

    assert (only(tokens).cache_read_tokens, only(tokens).count, only(tokens).stand_in) == (15000, 0, True)
    assert (only(cost).cost_usd, only(cost).cost_source, only(cost).stand_in) == (0.5, CostSource.REPORTED, True)
    assert sum(row.cost_usd or 0 for row in rows([tokens, cost])) == 0.5
    assert sum(row.cost_usd or 0 for row in rows([tokens, cost, request])) == 0.5
    assert sum(row.cache_read_tokens or 0 for row in rows([tokens, cost, request])) == 15000


@pytest.mark.parametrize(
    ("name", "told", "kind", "column", "number"),
    [
        ("lines_of_code.count", {"type": "added"}, Kind.EDIT, "lines_added", 12),
        ("lines_of_code.count", {"type": "removed"}, Kind.EDIT, "lines_removed", 12),
        ("commit.count", {}, Kind.COMMIT, "count", 2),
        ("pull_request.count", {}, Kind.PULL_REQUEST, "count", 1),
        ("active_time.total", {"type": "cli"}, Kind.ACTIVE_TIME, "seconds", 0.939),
        ("code_edit_tool.decision", {"decision": "reject", "tool_name": "Edit"}, Kind.EDIT, "count", 1),
    ],
)
def test_what_only_metrics_say(name: str, told: dict[str, Any], kind: Kind, column: str, number: float) -> None:
    """Lines, commits, pull requests, active time and edits are no stand-ins."""
    found = only(metric(name, told, number))

    assert (found.kind, getattr(found, column), found.stand_in) == (kind, number, False)


def test_totals_are_kept_where_the_user_asked_for_them() -> None:
    """With cumulative temporality every metric is a point."""
    found = only_point(metric("token.usage", {"type": "output", "model": "m"}, 87, temporality=2))

    assert (found.field, found.value, found.event.stand_in, found.event.count) == ("output_tokens", 87.0, True, 0)


def test_spans_repeat_records() -> None:
    """Traces (beta) carry the same tokens."""
    told = {"input_tokens": 1200, "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 1200}
    found = reading(Signal.TRACES, [span("claude_code.llm_request", told)], scope="com.anthropic.claude_code.tracing")

    assert (found.events, found.not_usage) == ((), 1)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (event("api_request", {"model": "m"}, "2.1.213"), "count twice"),
        (event("api_request", {"model": "m"}, "2.1.214"), None),
        (event("tool_decision", {"decision": "reject"}, "2.1.215"), "denials"),
        (event("tool_decision", {"decision": "reject"}, "2.1.216"), None),
        (event("tool_result", {"success": "true"}, "2.1.100"), None),
        (event("user_prompt", {}, "2.1.160"), "start-up"),
        (event("user_prompt", {}, "2.1.161"), None),
        (event("skill_activated", {}, "2.1.125"), "typed"),
        (event("skill_activated", {}, "2.1.126"), None),
        (only(metric("active_time.total", {}, version="2.1.138")), "--print"),
        (only(metric("active_time.total", {}, version="2.1.139")), None),
        (only(metric("pull_request.count", {}, version="2.1.128")), "MCP"),
        (only(metric("pull_request.count", {}, version="2.1.129")), None),
        (only(metric("code_edit_tool.decision", {"decision": "reject"}, version="2.1.215")), "denials"),
        (only(metric("code_edit_tool.decision", {"decision": "accept"}, version="2.1.215")), None),
        (event("api_request", {"model": "m"}, "someones-build"), None),
    ],
)
def test_a_figure_that_meant_something_else_says_so(found: UsageEvent, says: str | None) -> None:
    """Rows of versions before a change of meaning carry a remark, so that reports can mark the date."""
    assert found.remark is None if says is None else says in (found.remark or "")


def test_a_server_on_every_request_is_no_use_of_it() -> None:
    """Before 2.1.222 `mcp_server.name` stood on every request of a session that had one."""
    assert event("api_request", {"mcp_server.name": "jira"}, "2.1.221").mcp_server is None
    assert event("api_request", {"mcp_server.name": "jira"}, "2.1.222").mcp_server == "jira"


def test_bedrock_and_vertex_are_other_providers() -> None:
    """The provider decides the price."""
    assert [event("api_request", {"anthropic.provider": name}).provider for name in ("firstParty", "bedrock", "vertex")] == [
        "anthropic",
        "aws",
        "google",
    ]


HOSTED = {"terminal.type": "non-interactive", "workspace.host_paths": "/work"}


def test_cowork_is_told_by_its_hosts_folders() -> None:
    """It may speak under Claude Code's scope; then a terminal that is none and the host's folders tell."""
    assert event("user_prompt", HOSTED).agent == "claude-cowork"
    assert event("user_prompt", {"terminal.type": "non-interactive"}).agent == "claude-code"
    assert event("api_request", HOSTED | NUMBERS | {"model": "m"}).cost_usd == 0.098271


def test_cowork_is_told_by_its_name() -> None:
    """Where it names itself, that is enough."""
    found = reading(
        Signal.LOGS, [record({"event.name": "user_prompt"}, body="cowork.user_prompt")], resource={"service.name": "claude-cowork"}
    )

    assert only(found).agent == "claude-cowork"


def test_which_of_the_two_it_is_changes_no_id() -> None:
    """Redaction may take the folders away; the row stays the same."""
    assert event("user_prompt", HOSTED).id == event("user_prompt", {}).id
