"""Claude Code 2.1.3xx: log records for what happens, metrics for lines, commits, sessions and active time, both as protobuf.

As in its recordings: numbers are text in `tool_result`, every use of a tool has a `tool_decision` too, and metrics repeat tokens and cost.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from upwell.otlp import Encoding, Signal
from upwell.testing.team import wire
from upwell.testing.team.story import Call, Turn, Use
from upwell.testing.team.wire import Badge, Said
from upwell.usage import Kind, Prices, UsageEvent
from upwell.usage.dialects.claude_code import DIALECT
from upwell.usage.events import CostSource
from upwell.usage.prices import Tokens

_NAMES: Final = {
    "shell": "Bash",
    "read": "Read",
    "edit": "Edit",
    "write": "Write",
    "search": "Grep",
    "fetch": "WebFetch",
    "subagent": "Agent",
    "skill": "Skill",
}
_FAILURES: Final = {"shell": "ShellError", "fetch": "FetchError", "mcp": "McpError"}
_PRICES: Final = Prices()


class ClaudeCode:
    """Speaks as Claude Code does."""

    dialect = DIALECT

    def rows(self, turn: Turn, badge: Badge, _: Prices) -> list[UsageEvent]:
        """What the store holds of a turn."""
        logs = wire.columns(turn, badge, DIALECT, Signal.LOGS) | {"session": turn.session, "prompt": turn.prompt}
        measured = wire.columns(turn, badge, DIALECT, Signal.METRICS) | {"session": turn.session, "count": 0}
        return [
            wire.event(turn, "prompt", turn.time_ns, Kind.PROMPT, prompt_length=turn.length, **logs),
            *(_row(turn, step, logs) for step in turn.steps),
            *(
                wire.event(turn, ("skill", use.number), use.time_ns, Kind.SKILL, skill=use.detail, **logs)
                for use in turn.uses
                if use.kind == "skill"
            ),
            *(
                wire.event(turn, ("measure", number), turn.ends_ns, kind, **measured | columns)
                for number, (kind, columns) in enumerate(_measures(turn))
            ),
        ]

    def said(self, turn: Turn) -> list[Said]:
        """The export requests of a turn: its records, and its metrics at the end."""
        resource = {"host.arch": "arm64", "os.type": "darwin", "service.name": "claude-code", "service.version": turn.version}
        records = [_record(turn, turn.time_ns, 0, "user_prompt", {"prompt_length": str(turn.length), "prompt": "<REDACTED>"})]
        for step in turn.steps:
            records += _call_records(turn, step) if isinstance(step, Call) else _use_records(turn, step)
        scope = {"name": "com.anthropic.claude_code.events", "version": turn.version}
        measures = {"name": "com.anthropic.claude_code", "version": turn.version}
        return [
            Said(Signal.LOGS, wire.logs(resource, scope, records), Encoding.PROTOBUF),
            Said(Signal.METRICS, wire.metrics(resource, measures, _metrics(turn)), Encoding.PROTOBUF),
        ]


def _row(turn: Turn, step: Call | Use, common: dict[str, Any]) -> UsageEvent:
    if isinstance(step, Use):
        return wire.event(turn, step.number, step.time_ns, Kind.TOOL_CALL, **_use_columns(step), **common)
    about = {"attempts": step.attempts, "subagent": step.subagent}
    if step.status is not None:
        return wire.failed(turn, step, "anthropic", **about, **common)
    return wire.event(
        turn,
        step.number,
        step.time_ns,
        Kind.API_REQUEST,
        model=step.model,
        provider="anthropic",
        input_tokens=step.input,
        output_tokens=step.output,
        cache_read_tokens=step.cache_read,
        cache_creation_tokens=step.cache_creation,
        cost_usd=_cost(step),
        cost_source=CostSource.REPORTED,
        duration_ms=float(step.duration_ms),
        **about,
        **common,
    )


def _use_columns(use: Use) -> dict[str, Any]:
    named: dict[str, Any] = {
        "tool": _tool(use),
        "mcp_server": use.server,
        "skill": use.detail if use.kind == "skill" else None,
        "subagent": use.detail if use.kind == "subagent" else None,
    }
    if use.refused:
        return named | {"decision": "reject"}
    return named | {"success": not use.failed, "duration_ms": float(use.duration_ms), "error": _error(use)}


def _measures(turn: Turn) -> Iterator[tuple[Kind, dict[str, Any]]]:
    """What metrics add: each entry is a data point of `_metrics`."""
    if turn.opens:
        yield Kind.SESSION, {"count": 1}
    for column in ("lines_added", "lines_removed"):
        if lines := sum(getattr(use, column.removeprefix("lines_")) for use in turn.uses):
            yield Kind.EDIT, {column: lines}
    for (tool, decision), edits in _decisions(turn).items():
        yield Kind.EDIT, {"count": edits, "tool": tool, "decision": decision}
    if turn.commits:
        yield Kind.COMMIT, {"count": turn.commits}
    if turn.pull_requests:
        yield Kind.PULL_REQUEST, {"count": turn.pull_requests}
    for _, seconds in _active(turn):
        yield Kind.ACTIVE_TIME, {"seconds": seconds}


def _decisions(turn: Turn) -> Counter[tuple[str, str]]:
    return Counter((_tool(use), "reject" if use.refused else "accept") for use in turn.uses if use.kind in {"edit", "write"})


def _active(turn: Turn) -> tuple[tuple[str, float], ...]:
    return ("user", turn.typed_seconds), ("cli", (turn.ends_ns - turn.time_ns) / 1e9)


def _tool(use: Use) -> str:
    return f"mcp__{use.server}__{use.detail}" if use.server else _NAMES.get(use.kind, "mcp_tool")


def _error(use: Use) -> str | None:
    return _FAILURES.get(use.kind, "ToolError") if use.failed else None


def _cost(call: Call) -> float:
    """Dollars in whole millionths, as Claude Code states them."""
    tokens = Tokens(call.input, call.output, call.cache_read, call.cache_creation)
    return round(_PRICES.cost(call.model, "anthropic", tokens, call.time_ns) or 0.0, 6)


# On the wire


def _common(turn: Turn) -> dict[str, Any]:
    return {
        "user.id": wire.row_id(turn, turn.member.number).hex() * 2,
        "session.id": turn.session,
        "organization.id": "0e6f1a52-6a9d-4f0e-8a39-6d2b7c1f7a10",
        "user.email": turn.member.name,
        "terminal.type": "iTerm.app",
    }


def _record(turn: Turn, time_ns: int, number: int, name: str, values: dict[str, Any]) -> dict[str, Any]:
    common = _common(turn) | {
        "event.name": name,
        "event.timestamp": wire.iso(time_ns),
        "event.sequence": number,
        "prompt.id": turn.prompt,
    }
    where: dict[str, Any] = {"traceId": turn.trace, "spanId": wire.span_id(turn, number), "flags": 1}
    return wire.record(time_ns, common | values, body={"stringValue": f"claude_code.{name}"}, **where)


def _call_records(turn: Turn, call: Call) -> list[dict[str, Any]]:
    source = {"query_source": "repl_main_thread"}
    if call.subagent:
        source = {"query_source": f"agent:builtin:{call.subagent}", "agent.name": call.subagent}
    about: dict[str, Any] = {"model": call.model, "duration_ms": call.duration_ms, "attempt": call.attempts, **source}
    if call.status is not None:
        failure = {"error": f"{call.status} error", "status_code": call.status}
        return [_record(turn, call.time_ns, call.number, "api_error", about | failure)]
    cost = _cost(call)
    spent = {
        "input_tokens": call.input,
        "output_tokens": call.output,
        "cache_read_tokens": call.cache_read,
        "cache_creation_tokens": call.cache_creation,
        "cost_usd": cost,
        "cost_usd_micros": round(cost * 1e6),
        "request_id": f"req_{wire.span_id(turn, call.number)}",
        "speed": "normal",
    }
    return [_record(turn, call.time_ns, call.number, "api_request", about | spent)]


def _use_records(turn: Turn, use: Use) -> list[dict[str, Any]]:
    named = {"tool_name": _tool(use), "tool_use_id": f"toolu_{wire.span_id(turn, use.number)}"}
    if use.kind == "skill":
        named["tool_parameters"] = json.dumps({"skill_name": use.detail})
    if use.kind == "subagent":
        named["tool_parameters"] = json.dumps({"subagent_type": use.detail})
    source = {"decision": "reject", "source": "user_reject"} if use.refused else {"decision": "accept", "source": "config"}
    decided_ns = use.time_ns - use.duration_ms * 10**6
    found = [_record(turn, decided_ns, use.number, "tool_decision", named | source)]
    if use.refused:
        return found
    result = {"success": "false" if use.failed else "true", "duration_ms": str(use.duration_ms), "tool_result_size_bytes": "512"}
    if use.failed:
        result["error_type"] = _error(use) or ""
    found.append(_record(turn, use.time_ns, use.number, "tool_result", named | result))
    if use.kind == "skill":
        found.append(_record(turn, use.time_ns, use.number, "skill_activated", {"skill.name": use.detail}))
    return found


def _metrics(turn: Turn) -> Iterator[dict[str, Any]]:
    if turn.opens:
        yield _sum(turn, "session.count", [({"start_type": "fresh"}, 1.0)])
    lines = [(kind, sum(getattr(use, kind) for use in turn.uses)) for kind in ("added", "removed")]
    if any(many for _, many in lines):
        yield _sum(turn, "lines_of_code.count", [({"type": kind, "model": turn.model}, float(many)) for kind, many in lines if many])
    if decisions := _decisions(turn):
        labelled = [({"tool_name": tool, "decision": made, "source": "config"}, float(n)) for (tool, made), n in decisions.items()]
        yield _sum(turn, "code_edit_tool.decision", labelled)
    if turn.commits:
        yield _sum(turn, "commit.count", [({}, float(turn.commits))])
    if turn.pull_requests:
        yield _sum(turn, "pull_request.count", [({}, float(turn.pull_requests))])
    yield _sum(turn, "active_time.total", [({"type": kind}, seconds) for kind, seconds in _active(turn)], "s")
    yield from _spent(turn)


def _spent(turn: Turn) -> Iterator[dict[str, Any]]:
    """Tokens and cost once more, which records say better."""
    calls = [step for step in turn.steps if isinstance(step, Call) and step.status is None]
    if not calls:
        return
    kinds = {"input": "input", "output": "output", "cacheRead": "cache_read", "cacheCreation": "cache_creation"}
    labels = {"model": turn.model, "query_source": "main"}
    tokens = [({"type": kind, **labels}, float(sum(getattr(call, field) for call in calls))) for kind, field in kinds.items()]
    yield _sum(turn, "token.usage", tokens, "tokens")
    yield _sum(turn, "cost.usage", [(labels, sum(map(_cost, calls)))], "USD")


def _sum(turn: Turn, name: str, points: list[tuple[dict[str, Any], float]], unit: str = "") -> dict[str, Any]:
    times = {"startTimeUnixNano": str(turn.time_ns), "timeUnixNano": str(turn.ends_ns)}
    data = [{"attributes": wire.attributes(_common(turn) | labels), **times, "asDouble": value} for labels, value in points]
    return {
        "name": f"claude_code.{name}",
        "unit": unit,
        "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": data},
    }
