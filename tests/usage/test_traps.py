"""The traps of agents' telemetry that a reader can fall into, one test each. Numbers are those of docs/dialects.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.usage.build import NOON_NS, SECOND, histogram, only, point, reading, record, span, total
from tests.usage.recordings import AGENTS, PRICES, bodies, differences, expected, read_all, rows, summary
from upwell.otlp import Signal
from upwell.usage import Kind, Reading, Tokens

CLAUDE, CODEX, GEMINI, COPILOT, OPENCODE, QWEN = (
    AGENTS / agent / "basic-json" for agent in ("claude", "codex", "gemini", "copilot", "opencode", "qwen")
)
ALL = [CLAUDE, CODEX, GEMINI, COPILOT, OPENCODE, QWEN]
CLAUDE_SCOPE = "com.anthropic.claude_code.events"


def found_in(run: Path, *signals: Signal) -> list[Reading]:
    return read_all([(batch, signal) for batch, signal in bodies(run) if not signals or signal in signals])


def claude(name: str, told: dict[str, Any]) -> Reading:
    return reading(Signal.LOGS, [record({"session.id": "s", "event.name": name} | told)], scope=CLAUDE_SCOPE)


def test_trap_1_numbers_or_text() -> None:
    """One record may hold both, and versions change their mind."""
    told = {"model": "m", "input_tokens": "142", "output_tokens": 61, "cost_usd": "0.5", "duration_ms": 7}
    request = only(claude("api_request", told))

    assert (request.input_tokens, request.output_tokens, request.cost_usd, request.duration_ms) == (142, 61, 0.5, 7.0)


@pytest.mark.parametrize("run", ALL, ids=lambda run: run.parent.name)
def test_trap_2_signals_repeat_one_another(run: Path) -> None:
    """All three signals together count what the truest alone counts."""
    truest = (Signal.TRACES,) if run in {COPILOT, OPENCODE} else (Signal.LOGS,)

    everything, alone = summary(rows(found_in(run))), summary(rows(found_in(run, *truest)))
    assert everything == alone


def test_trap_3_outer_spans_are_sums() -> None:
    """`invoke_agent` and `ai.streamText` repeat what is inside them."""
    for run in (COPILOT, OPENCODE):
        assert summary(rows(found_in(run, Signal.TRACES)))["input_tokens"] == expected(run)["input_tokens"] == 6000


def test_trap_4_gemini_says_everything_twice() -> None:
    """Records and metrics each come in two forms."""
    assert summary(rows(found_in(GEMINI)))["api_requests"] == 5
    assert found_in(GEMINI, Signal.METRICS)[0].usage_items == 0


def test_trap_5_codex_completes_twice() -> None:
    """Two completed records per response, a total among the kinds of token, and a flood of deltas."""
    logs = found_in(CODEX, Signal.LOGS)[0]

    assert sum(event.kind is Kind.API_REQUEST for event in logs.events) == 5
    assert logs.not_usage > 30
    metrics = rows(found_in(CODEX, Signal.METRICS))
    assert sum(row.input_tokens or 0 for row in metrics) + sum(row.cache_read_tokens or 0 for row in metrics) == 81000


@pytest.mark.parametrize("run", ALL, ids=lambda run: run.parent.name)
def test_trap_6_cache_within_input_or_beside_it(run: Path) -> None:
    """Claude counts it beside, all others within; the rows are alike."""
    found = summary(rows(found_in(run)))

    assert (found["input_tokens"], found["cache_read_tokens"]) == (6000, 75000)


def test_trap_7_deltas_and_totals() -> None:
    """The payload says which; a total that shrinks began anew."""
    told = {"session.id": "s"}
    delta = reading(Signal.METRICS, [total("claude_code.commit.count", point(told, 3))], scope="com.anthropic.claude_code")
    totals = [
        reading(
            Signal.METRICS,
            [total("claude_code.commit.count", point(told, value, at=NOON_NS + n * SECOND), temporality=2)],
            scope="com.anthropic.claude_code",
        )
        for n, value in enumerate((3, 4, 1))
    ]

    assert only(delta).count == 3
    assert sum(row.count for row in differences(found.points[0] for found in totals)) == 5


@pytest.mark.parametrize(
    "named",
    [
        record({"event.name": "user_prompt"}, body="claude_code.user_prompt"),
        record({}, body="claude_code.user_prompt"),
        record({"event.name": "codex.user_prompt"}, eventName="event otel/src/x.rs:1"),
        record({"event.name": "gemini_cli.user_prompt"}, body="User prompt. Length: 43."),
    ],
    ids=["both", "body", "attribute", "attribute beside a sentence"],
)
def test_trap_8_a_name_stands_in_four_places(named: dict[str, Any]) -> None:
    """And `eventName` is none of them."""
    assert only(reading(Signal.LOGS, [named])).kind is Kind.PROMPT


def test_trap_9_codex_has_no_time() -> None:
    """Nothing it says happened in 1970."""
    assert min(event.time_ns for found in found_in(CODEX, Signal.LOGS) for event in found.events) > 1_795_000_000 * SECOND


@pytest.mark.parametrize(
    ("service", "agent"),
    [
        ("claude-code", "claude-code"),
        ("claude-code-desktop", "claude-code"),
        ("copilot-chat", "vscode-copilot"),
        ("github-copilot", "copilot-cli"),
        ("gemini-cli", "gemini-cli"),
        ("codex_cli_rs", "codex"),
        ("codex_exec", "codex"),
        ("codex_vscode", "codex"),
        ("codex-app-server", "codex"),
        ("opencode", "opencode"),
        ("cursor", "cursor"),
        ("cursor-agent", "cursor"),
        ("cline", "cline"),
    ],
)
def test_trap_10_services_are_named_as_their_users_like(service: str, agent: str) -> None:
    """The name is the last thing to go by, and it is enough where nothing else tells."""
    found = reading(Signal.LOGS, [record({"event.name": "made.up"})], resource={"service.name": service})

    assert found.unrecognised == {f"{agent}: made.up": 1}


def test_trap_11_geminis_version_is_nodes() -> None:
    """It is not shown as Gemini's."""
    assert {event.agent_version for found in found_in(GEMINI) for event in found.events} == {None}


def test_trap_12_credits_are_not_money() -> None:
    """Copilot states a cost in every call, and none of it is reported as dollars."""
    assert {event.cost_source for found in found_in(COPILOT) for event in found.events} <= {None, "priced", "unknown"}


def test_trap_17_no_identity_without_a_login() -> None:
    """Copilot never says who; nobody is made up."""
    assert {event.person for found in found_in(COPILOT) for event in found.events} == {None}


def test_trap_18_a_session_is_not_always_a_session() -> None:
    """VS Code's is a window, and the conversation counts."""
    told = {"gen_ai.operation.name": "chat", "gen_ai.conversation.id": "c-1", "session.id": "window"}

    assert only(reading(Signal.TRACES, [span("chat", told)], scope="copilot-chat", resource={"session.id": "window"})).session == "c-1"


@pytest.mark.parametrize("run", ALL, ids=lambda run: run.parent.name)
def test_trap_19_everything_may_come_again(run: Path) -> None:
    """Retries and vendors that push at least once change no figure."""
    assert summary(rows(found_in(run) + found_in(run))) == summary(rows(found_in(run)))


def test_trap_20_a_dashboard_is_no_session() -> None:
    """`agents_view` counts nothing."""
    counted = total("claude_code.session.count", point({"start_type": "agents_view"}, 1))

    assert reading(Signal.METRICS, [counted], scope="com.anthropic.claude_code").not_usage == 1


def test_trap_21_a_decision_is_no_call() -> None:
    """But a refusal is one, because nothing follows it."""
    assert claude("tool_decision", {"tool_name": "Bash", "decision": "accept", "source": "config"}).not_usage == 1
    assert only(claude("tool_decision", {"tool_name": "Bash", "decision": "reject"})).kind is Kind.TOOL_CALL


def test_trap_22_sources_differ_between_record_and_metric() -> None:
    """`main` and `repl_main_thread` are no subagents."""
    assert only(claude("api_request", {"query_source": "repl_main_thread"})).subagent is None
    usage = total("claude_code.token.usage", point({"type": "input", "query_source": "main"}, 5))
    assert only(reading(Signal.METRICS, [usage], scope="com.anthropic.claude_code")).subagent is None


def test_trap_23_a_subagents_total_is_its_last_request() -> None:
    """`subagent_completed` repeats one request's tokens."""
    assert claude("subagent_completed", {"total_tokens": 16000}).not_usage == 1


def test_trap_24_a_tools_success_is_not_its_commands() -> None:
    """Copilot's exit code tells; Qwen and Claude say so; Codex and Gemini keep it to themselves."""
    assert [bool(summary(rows(found_in(run)))["tool_failures"]) for run in (COPILOT, QWEN, CLAUDE, CODEX, GEMINI)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_trap_28_a_sum_of_requests_is_not_priced() -> None:
    """Two requests below a tier cost less than one of their size; a token without a price costs None."""
    half, whole = Tokens(input=150_000, output=10), Tokens(input=300_000, output=20)
    apart, together = (PRICES.cost("gemini-2.5-pro", "google", tokens, NOON_NS) for tokens in (half, whole))

    assert apart is not None
    assert together is not None
    assert together > 2 * apart
    metric = histogram("codex.turn.token_usage", point({"token_type": "input", "model": "gpt-5"}, 300_000, field="sum"))
    assert only(reading(Signal.METRICS, [metric], scope="codex")).cost_usd is None


def test_trap_29_idle_agents_repeat_themselves() -> None:
    """Points that say the same again add nothing."""
    told = total("github.copilot.code.lines_added", point({}, 2, at=NOON_NS), point({}, 2, at=NOON_NS + 60 * SECOND), temporality=2)

    assert sum(row.lines_added or 0 for row in rows([reading(Signal.METRICS, [told], scope="github.copilot")])) == 2


def test_trap_32_late_records_keep_their_time() -> None:
    """Kiro's tool calls come up to 45 minutes late, and happened when they happened."""
    late = record({"event.name": "kiro.tool.call"}, at=NOON_NS, observedTimeUnixNano=str(NOON_NS + 2700 * SECOND))

    assert only(reading(Signal.LOGS, [late])).time_ns == NOON_NS
