"""Codex 0.16x: log records as protobuf, with the name in `event.name`, no time of their own, and text and numbers mixed.

As in its recordings: two completed records for each response, of which one has tokens and neither a trace; a command that failed is a
success all the same; arguments and output come along whatever the switches say.
"""

from __future__ import annotations

from typing import Any, Final

from upwell.otlp import Encoding, Signal
from upwell.testing.team import wire
from upwell.testing.team.story import Call, Turn, Use
from upwell.testing.team.wire import Badge, Said
from upwell.usage import Kind, Prices, UsageEvent
from upwell.usage.dialects.codex import DIALECT

_NAMES: Final = {"edit": "apply_patch", "write": "apply_patch", "fetch": "web_search"}
_RUNS: Final = "exec_command"
_PROVIDER: Final = "openai"


class Codex:
    """Speaks as Codex does; the version that falls silent only says that it started."""

    dialect = DIALECT

    def rows(self, turn: Turn, badge: Badge, prices: Prices) -> list[UsageEvent]:
        """What the store holds of a turn."""
        common = wire.columns(turn, badge, DIALECT, Signal.LOGS) | {"session": turn.session}
        traced = common | {"prompt": turn.trace}
        start = [wire.event(turn, "start", turn.time_ns, Kind.SESSION, model=turn.model, **traced)] if turn.opens else []
        if turn.mute:
            return start
        return [
            *start,
            wire.event(turn, "prompt", turn.time_ns, Kind.PROMPT, prompt_length=turn.length, **traced),
            *(_call_row(turn, step, common, prices) if isinstance(step, Call) else _use_row(turn, step, traced) for step in turn.steps),
        ]

    def said(self, turn: Turn) -> list[Said]:
        """The export request of a turn."""
        resource = {"service.name": "codex_cli_rs", "service.version": turn.version, "env": "prod", "host.name": "laptop"}
        records = []
        if turn.opens:
            start = {"provider_name": "OpenAI", "approval_policy": "on-request", "sandbox_policy": "workspace-write", "mcp_servers": ""}
            records.append(_record(turn, turn.time_ns, "conversation_starts", start))
        if not turn.mute:
            records.append(_record(turn, turn.time_ns, "user_prompt", {"prompt_length": str(turn.length), "prompt": "[REDACTED]"}))
            for step in turn.steps:
                records += _call_records(turn, step) if isinstance(step, Call) else [_use_record(turn, step)]
        return [Said(Signal.LOGS, wire.logs(resource, {"name": "codex_otel.log_only"}, records), Encoding.PROTOBUF)] if records else []


def _call_row(turn: Turn, call: Call, common: dict[str, Any], prices: Prices) -> UsageEvent:
    """Completed requests carry no trace, and so no prompt; failed ones do."""
    if call.status is not None:
        return wire.failed(turn, call, _PROVIDER, attempts=call.attempts, prompt=turn.trace, **common)
    return wire.priced(turn, call, _PROVIDER, prices, cache_creation_tokens=0, **common)


def _use_row(turn: Turn, use: Use, common: dict[str, Any]) -> UsageEvent:
    ended = {"success": not _says_failed(use), "duration_ms": float(use.duration_ms)}
    return wire.event(turn, use.number, use.time_ns, Kind.TOOL_CALL, tool=_tool(use), mcp_server=use.server, **ended, **common)


def _says_failed(use: Use) -> bool:
    """Commands that fail are successes to Codex; refused calls are failures."""
    return use.refused or (use.failed and _tool(use) != _RUNS)


def _tool(use: Use) -> str:
    return use.detail or _RUNS if use.server else _NAMES.get(use.kind, _RUNS)


# On the wire


def _record(turn: Turn, time_ns: int, name: str, values: dict[str, Any], *, traced: bool = True) -> dict[str, Any]:
    common = {
        "event.name": f"codex.{name}",
        "event.timestamp": wire.iso(time_ns),
        "conversation.id": turn.session,
        "app.version": turn.version,
        "originator": "codex_cli_rs",
        "user.email": turn.member.name,
        "auth_mode": "Chatgpt",
        "terminal.type": "ghostty",
        "model": turn.model,
        "slug": turn.model,
    }
    where: dict[str, Any] = {"traceId": turn.trace, "spanId": wire.span_id(turn, 0), "flags": 1} if traced else {}
    return {
        **wire.record(time_ns, common | values),
        "timeUnixNano": "0",
        "severityNumber": 9,
        "severityText": "INFO",
        "eventName": "event otel/src/events/session_telemetry.rs:803",
        **where,
    }


def _call_records(turn: Turn, call: Call) -> list[dict[str, Any]]:
    model = {"model": call.model, "slug": call.model}
    sent = {"duration_ms": str(call.duration_ms), "attempt": str(call.attempts - 1), "endpoint": "/responses"}
    if call.status is not None:
        failed = {"http.response.status_code": str(call.status), "error.message": "request failed"}
        return [_record(turn, call.time_ns, "api_request", model | sent | failed)]
    total = call.input + call.cache_read
    spent: dict[str, Any] = {
        "event.kind": "response.completed",
        "input_token_count": str(total),
        "output_token_count": str(call.output),
        "cached_token_count": call.cache_read,
        "cache_write_token_count": 0,
        "reasoning_token_count": call.reasoning,
        "tool_token_count": str(total + call.output),
    }
    first = {"event.kind": "response.completed", "duration_ms": "4"}
    return [
        _record(turn, call.time_ns, "api_request", model | sent | {"http.response.status_code": "200"}),
        _record(turn, call.time_ns, "sse_event", model | first, traced=False),
        _record(turn, call.time_ns, "sse_event", model | spent, traced=False),
    ]


def _use_record(turn: Turn, use: Use) -> dict[str, Any]:
    result = {
        "tool_name": _tool(use),
        "tool_result_seq": str(use.number),
        "call_id": f"call_{wire.span_id(turn, use.number)}",
        "duration_ms": str(use.duration_ms),
        "success": "false" if _says_failed(use) else "true",
        "agent_name": "/root",
        "arguments": "{}",
        "output": "",
        "mcp_server": use.server or "",
    }
    return _record(turn, use.time_ns, "tool_result", result)
