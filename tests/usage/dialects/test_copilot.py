"""Copilot CLI, VS Code Copilot Chat, and whoever else follows the GenAI conventions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.usage.build import NOON_NS, histogram, only, only_point, point, reading, record, span, total
from tests.usage.recordings import rows
from upwell.otlp import Signal
from upwell.usage import CostSource, Kind, Reading, UsageEvent
from upwell.usage.dialects.conventions import without_credentials

TRACE = "ab" * 16
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.conversation.id": "c-1",
    "gen_ai.request.model": "gpt-5.2",
    "gen_ai.provider.name": "openai",
    "gen_ai.usage.input_tokens": "16200",
    "gen_ai.usage.output_tokens": "87",
    "gen_ai.usage.cache_read.input_tokens": "15000",
    "gen_ai.usage.reasoning.output_tokens": "32",
}
CLI, VSCODE = ("github.copilot", "github-copilot"), ("copilot-chat", "copilot-chat")


def spans(*found: dict[str, Any], agent: tuple[str, str] = CLI, **resource: object) -> Reading:
    return reading(Signal.TRACES, list(found), scope=agent[0], resource={"service.name": agent[1], **resource})


def call(told: dict[str, Any], **fields: Any) -> UsageEvent:
    return only(spans(span("chat gpt-5.2", CHAT | told, trace=TRACE, **fields)))


def test_a_chat_is_a_request() -> None:
    """Cached input is taken out of input, output has its reasoning in it, and the span's length is its duration."""
    found = call({})

    assert (found.input_tokens, found.cache_read_tokens, found.cache_creation_tokens, found.output_tokens) == (1200, 15000, None, 87)
    assert (found.kind, found.agent, found.session, found.prompt, found.model) == (Kind.API_REQUEST, "copilot-cli", "c-1", TRACE, "gpt-5.2")
    assert (found.time_ns, found.duration_ms) == (NOON_NS + 100 * 10**6, 100.0)


@pytest.mark.parametrize("key", ["gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"])
def test_what_was_written_to_the_cache_has_two_names(key: str) -> None:
    """The conventions renamed it; both are part of input."""
    found = call({key: 200})

    assert (found.input_tokens, found.cache_creation_tokens) == (1000, 200)


def test_old_names_of_tokens_still_count() -> None:
    """`prompt_tokens` and `completion_tokens` came before."""
    found = only(
        spans(
            span(
                "chat",
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.usage.prompt_tokens": 5,
                    "gen_ai.usage.completion_tokens": 2,
                    "gen_ai.system": "openai",
                },
            )
        )
    )

    assert (found.input_tokens, found.output_tokens, found.provider) == (5, 2, "openai")


def test_more_cached_than_came_in_means_that_input_excludes_it() -> None:
    """An agent that counts the cache apart is not driven below zero."""
    assert call({"gen_ai.usage.input_tokens": 5}).input_tokens == 5


def test_an_agent_repeats_the_sum_of_its_chats() -> None:
    """The outermost agent is a prompt, an inner one is nothing, and neither counts tokens."""
    told = {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "c-1", "gen_ai.usage.input_tokens": 81000}
    outer, inner = (
        span("invoke_agent", told, trace=TRACE, parentSpanId=""),
        span("invoke_agent explore", told, number=2, parentSpanId="1" * 16),
    )

    assert (only(spans(outer)).kind, only(spans(outer)).input_tokens, only(spans(outer)).prompt) == (Kind.PROMPT, None, TRACE)
    assert spans(inner).not_usage == 1


def test_copilots_cost_is_not_money() -> None:
    """A multiplier of requests and credits are priced like nothing; the price table is asked."""
    found = call(
        {
            "github.copilot.cost": 3.0,
            "github.copilot.nano_aiu": 5_000_000_000,
            "gen_ai.request.model": "claude-sonnet-4.5",
            "gen_ai.provider.name": "github",
        }
    )

    assert found.cost_source is CostSource.PRICED
    assert found.cost_usd is not None
    assert found.cost_usd < 0.1


@pytest.mark.parametrize(
    ("told", "status", "success", "error"),
    [
        ({"process.exit.code": "0"}, 0, True, None),
        ({"process.exit.code": "3"}, 0, False, "exit code 3"),
        ({}, 2, False, "error"),
        ({"error.type": "FileNotFoundError"}, 2, False, "FileNotFoundError"),
    ],
)
def test_a_commands_failure_shows_in_its_exit_code(told: dict[str, Any], status: int, success: bool, error: str | None) -> None:
    """The span and the metric call a failed command a success."""
    found = only(
        spans(
            span(
                "execute_tool bash bash",
                {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "bash"} | told,
                status={"code": status},
            )
        )
    )

    assert (found.kind, found.tool, found.success, found.error) == (Kind.TOOL_CALL, "bash", success, error)


def test_a_failed_call_without_tokens_is_an_error() -> None:
    """One that used tokens is a request that says so."""
    nothing = {"gen_ai.usage.input_tokens": None, "gen_ai.usage.output_tokens": None}

    assert (call(nothing, status={"code": 2}).kind, call(nothing | {"error.type": "Timeout"}).error) == (Kind.ERROR, "Timeout")
    assert (call({}, status={"code": 2}).kind, call({}, status={"code": 2}).error) == (Kind.API_REQUEST, "error")


def lines(name: str, number: float, minute: int = 1) -> Reading:
    at = NOON_NS + minute * 60 * 10**9
    return reading(
        Signal.METRICS, [total(name, point({"gen_ai.request.model": "gpt-5.2"}, number, at=at), temporality=2)], scope="github.copilot"
    )


def test_lines_are_a_total_that_is_sent_again_and_again() -> None:
    """An idle agent repeats its points; nothing is added, and all other metrics repeat spans."""
    again = [lines("github.copilot.code.lines_added", value, minute) for minute, value in enumerate((2, 2, 2, 5), start=1)]

    assert sum(row.lines_added or 0 for row in rows(again)) == 5
    assert only_point(again[0]).event.kind is Kind.EDIT
    assert lines("gen_ai.client.inference.usage.input_tokens", 81000).not_usage == 1


def test_vscodes_session_is_a_window() -> None:
    """The conversation is the session, on every span."""
    found = only(spans(span("chat m", CHAT), agent=VSCODE, **{"session.id": "window-1", "service.version": "0.40.0"}))

    assert (found.agent, found.session, found.agent_version) == ("vscode-copilot", "c-1", "0.40.0")
    older = only(spans(span("chat m", {"gen_ai.operation.name": "chat", "copilot_chat.chat_session_id": "c-2"}), agent=VSCODE))
    assert older.session == "c-2"


def test_vscode_names_repositories_without_credentials() -> None:
    """A remote may carry a token."""
    told = {
        "gen_ai.operation.name": "invoke_agent",
        "github.copilot.git.repository": "https://me:ghp_1@github.com/a/b.git",
        "github.copilot.git.branch": "main",
    }
    found = only(spans(span("invoke_agent copilot", told), agent=VSCODE))

    assert (found.repository, found.branch) == ("https://github.com/a/b.git", "main")
    assert without_credentials("git@github.com:a/b.git") == "git@github.com:a/b.git"
    assert without_credentials(None) is None


def test_vscode_skills_and_servers_are_named_by_parameters() -> None:
    """As far as they are sent."""
    told = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "skill", "github.copilot.tool.parameters.skill_name": "perf"}

    assert only(spans(span("execute_tool skill", told), agent=VSCODE)).skill == "perf"


def vscode_log(name: str, told: dict[str, Any]) -> Reading:
    return reading(
        Signal.LOGS,
        [record({"event.name": name} | told, body="Some words.")],
        scope="copilot-chat",
        resource={"service.name": "copilot-chat"},
    )


@pytest.mark.parametrize(
    "name", ["copilot_chat.tool.call", "copilot_chat.agent.turn", "gen_ai.client.inference.operation.details", "copilot_chat.edit.survival"]
)
def test_vscode_records_repeat_spans(name: str) -> None:
    """Calls, turns and tools count once."""
    assert vscode_log(name, {"gen_ai.usage.input_tokens": 5}).not_usage == 1


def test_vscode_edits_are_hunks() -> None:
    """A hunk that was kept adds its lines, one that was undone only itself."""
    told = {"lines_added": 5, "lines_removed": 2, "line_count": 5}
    kept, undone = (only(vscode_log("copilot_chat.edit.hunk.action", told | {"outcome": outcome})) for outcome in ("accepted", "rejected"))

    assert (kept.kind, kept.decision, kept.lines_added, kept.lines_removed) == (Kind.EDIT, "accept", 5, 2)
    assert (undone.count, undone.decision, undone.lines_added, undone.lines_removed) == (1, "reject", None, None)


def test_vscode_sessions_and_pull_requests_are_rows() -> None:
    """One from a record, the other from a metric."""
    assert only(vscode_log("copilot_chat.session.start", {"session.id": "c-1"})).session == "c-1"
    counted = reading(
        Signal.METRICS,
        [total("copilot_chat.pull_request.count", point({}, 1)), total("copilot_chat.lines_of_code.count", point({"type": "added"}, 9))],
        scope="copilot-chat",
    )
    assert (only(counted).kind, counted.not_usage) == (Kind.PULL_REQUEST, 1)


ANY = ("my.library", "our-agent")


def test_any_agent_that_follows_the_conventions_counts() -> None:
    """Prompt, requests and tools, under its own name."""
    found = spans(
        span("chat", CHAT, number=1),
        span("execute_tool find", {"gen_ai.operation.name": "execute_tool"}, number=2),
        span("invoke_agent", {"gen_ai.operation.name": "invoke_agent"}, number=3),
        span("plan", {"gen_ai.operation.name": "create_agent"}, number=4),
        span("SELECT", {}, number=5),
        agent=ANY,
    )

    assert [(event.kind, event.agent) for event in found.events] == [
        (Kind.API_REQUEST, "our-agent"),
        (Kind.TOOL_CALL, "our-agent"),
        (Kind.PROMPT, "our-agent"),
    ]
    assert (found.events[1].tool, found.not_usage, found.unrecognised) == ("find", 1, {"our-agent: SELECT": 1})


@pytest.mark.parametrize(
    ("stated", "named"), [("aws.bedrock", "aws"), ("gcp.vertex_ai", "google"), ("anthropic", "anthropic"), ("azure.ai.openai", "azure")]
)
def test_providers_are_called_as_price_lists_call_them(stated: str, named: str) -> None:
    """The conventions have names of their own."""
    assert only(spans(span("chat", CHAT | {"gen_ai.provider.name": stated}), agent=ANY)).provider == named


def test_a_histogram_of_tokens_stands_in_for_spans() -> None:
    """An agent without spans still counts; one with them counts once."""
    told = {"gen_ai.token.type": "input", "gen_ai.request.model": "m", "gen_ai.provider.name": "openai"}
    counted = reading(
        Signal.METRICS,
        [histogram("gen_ai.client.token.usage", point(told, 81000, field="sum"))],
        scope=ANY[0],
        resource={"service.name": ANY[1]},
    )
    told_by_spans = spans(span("chat", CHAT), agent=ANY)

    assert (only(counted).input_tokens, only(counted).stand_in) == (81000, True)
    assert [row.input_tokens for row in rows([counted, told_by_spans])] == [1200]


def test_the_conventions_record_repeats_its_span() -> None:
    """The record of a call's details counts nothing."""
    found = reading(Signal.LOGS, [record({"event.name": "gen_ai.client.inference.operation.details"})], scope=ANY[0])

    assert (found.events, found.not_usage) == ((), 1)
