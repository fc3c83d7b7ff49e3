"""OpenCode 1.18: spans as JSON, from its own tracer and the AI SDK's. As in its recordings: a prompt's span has no session, `streamText`
repeats its `doStream`, and a failed tool's span is fine."""

from __future__ import annotations

from typing import Any, Final

from upwell.otlp import Encoding, Signal
from upwell.testing.team import wire
from upwell.testing.team.story import Call, Turn, Use
from upwell.testing.team.wire import Badge, Said
from upwell.usage import Kind, Prices, UsageEvent
from upwell.usage.dialects.opencode import DIALECT

_NAMES: Final = {
    "shell": "bash",
    "read": "read",
    "edit": "edit",
    "write": "write",
    "search": "grep",
    "fetch": "webfetch",
    "subagent": "task",
}
_PROVIDERS: Final = {"kimi-k2": "moonshotai", "qwen3-coder-plus": "alibaba"}


class OpenCode:
    """Speaks as OpenCode does."""

    dialect = DIALECT

    def rows(self, turn: Turn, badge: Badge, prices: Prices) -> list[UsageEvent]:
        """What the store holds of a turn."""
        common = wire.columns(turn, badge, DIALECT, Signal.TRACES) | {"prompt": turn.trace, "stand_in": True}
        within = common | {"session": turn.session}
        return [
            wire.event(turn, "prompt", turn.time_ns + _TAKES_NS, Kind.PROMPT, **common),
            *(_call_row(turn, step, within, prices) if isinstance(step, Call) else _use_row(turn, step, within) for step in turn.steps),
        ]

    def said(self, turn: Turn) -> list[Said]:
        """The export request of a turn."""
        instance = wire.span_id(turn, turn.member.number)[:8]
        resource = {"service.name": "opencode", "service.version": turn.version, "opencode.client": "cli", "service.instance.id": instance}
        asked = wire.span(turn, 0, "SessionPrompt.createUserMessage", turn.time_ns, turn.time_ns + _TAKES_NS, {})
        found = [asked]
        for step in turn.steps:
            found += _call_spans(turn, step) if isinstance(step, Call) else [_use_span(turn, step)]
        return [Said(Signal.TRACES, wire.spans(resource, {"name": "opencode", "version": turn.version}, found), Encoding.JSON)]


_TAKES_NS: Final = 20 * 10**6


def _call_row(turn: Turn, call: Call, common: dict[str, Any], prices: Prices) -> UsageEvent:
    provider = _PROVIDERS[call.model]
    if call.status is not None:
        return wire.failed(turn, call, provider, error="error", **common)
    return wire.priced(turn, call, provider, prices, duration_ms=float(call.duration_ms), **common)


def _use_row(turn: Turn, use: Use, common: dict[str, Any]) -> UsageEvent:
    ended = {"success": not _failed(use), "duration_ms": float(use.duration_ms)}
    return wire.event(turn, use.number, use.time_ns, Kind.TOOL_CALL, tool=_tool(use), **ended, **common)


def _tool(use: Use) -> str:
    return f"{use.server}_{use.detail}" if use.server else _NAMES.get(use.kind, use.kind)


def _failed(use: Use) -> bool:
    """A command that failed is fine to OpenCode."""
    return use.refused or (use.failed and use.kind != "shell")


# On the wire


def _call_spans(turn: Turn, call: Call) -> list[dict[str, Any]]:
    begins_ns = call.time_ns - call.duration_ms * 10**6
    common = {"ai.model.provider": f"{_PROVIDERS[call.model]}.chat", "ai.model.id": call.model, "session.id": turn.session}
    inner = {"ai.operationId": "ai.streamText.doStream", "ai.telemetry.metadata.userId": turn.member.name}
    if call.status is not None:
        return [wire.span(turn, call.number, "ai.streamText.doStream", begins_ns, call.time_ns, common | inner, status={"code": 2})]
    spent = {
        "ai.usage.inputTokens": call.input + call.cache_read,
        "ai.usage.inputTokenDetails.noCacheTokens": call.input,
        "ai.usage.inputTokenDetails.cacheReadTokens": call.cache_read,
        "ai.usage.outputTokens": call.output,
        "ai.usage.reasoningTokens": call.reasoning,
        "ai.usage.totalTokens": call.input + call.cache_read + call.output,
    }
    answered = {"ai.response.model": call.model, "ai.response.finishReason": "stop"}
    outer = {"ai.operationId": "ai.streamText"}
    return [
        wire.span(turn, call.number, "ai.streamText.doStream", begins_ns, call.time_ns, common | inner | spent | answered),
        wire.span(turn, -call.number, "ai.streamText", begins_ns, call.time_ns, common | outer | spent),
    ]


def _use_span(turn: Turn, use: Use) -> dict[str, Any]:
    begins_ns = use.time_ns - use.duration_ms * 10**6
    values = {"ai.operationId": "ai.toolCall", "ai.toolCall.name": _tool(use), "ai.toolCall.args": "{}", "session.id": turn.session}
    status: dict[str, Any] = {"status": {"code": 2}} if _failed(use) else {}
    return wire.span(turn, use.number, "ai.toolCall", begins_ns, use.time_ns, values, **status)
