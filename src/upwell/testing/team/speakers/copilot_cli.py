"""Copilot CLI 1.0.102: spans as JSON, by the GenAI conventions. As in its recordings: `invoke_agent` repeats its calls' tokens, numbers are
text, and a command that failed shows in its exit code."""

from __future__ import annotations

from typing import Any, Final

from upwell.otlp import Encoding, Signal
from upwell.testing.team import wire
from upwell.testing.team.story import Call, Turn, Use
from upwell.testing.team.wire import Badge, Said
from upwell.usage import Kind, Prices, UsageEvent
from upwell.usage.dialects.copilot_cli import DIALECT

_NAMES: Final = {
    "shell": "bash",
    "read": "view",
    "edit": "edit",
    "write": "create",
    "search": "grep",
    "fetch": "web_fetch",
    "subagent": "task",
}
_PROVIDER: Final = "github-copilot"
_BRANCH: Final = "main"


class CopilotCli:
    """Speaks as Copilot CLI does."""

    dialect = DIALECT

    def rows(self, turn: Turn, badge: Badge, prices: Prices) -> list[UsageEvent]:
        """What the store holds of a turn."""
        common = wire.columns(turn, badge, DIALECT, Signal.TRACES) | {"session": turn.session, "prompt": turn.trace}
        where = {"repository": _repository(turn), "branch": _BRANCH}
        return [
            wire.event(turn, "prompt", turn.ends_ns, Kind.PROMPT, **where, **common),
            *(_call_row(turn, step, common, prices) if isinstance(step, Call) else _use_row(turn, step, common) for step in turn.steps),
        ]

    def said(self, turn: Turn) -> list[Said]:
        """The export request of a turn."""
        instance = f"copilot-otel-{turn.member.number}"
        resource = {"service.instance.id": instance, "service.name": "github-copilot", "service.version": turn.version}
        found = [_root(turn), *(_call_span(turn, step) if isinstance(step, Call) else _use_span(turn, step) for step in turn.steps)]
        scope = {"name": "github.copilot", "version": turn.version}
        return [Said(Signal.TRACES, wire.spans(resource, scope, found), Encoding.JSON)]


def _repository(turn: Turn) -> str:
    return f"https://github.com/example/{turn.member.group.name}"


def _call_row(turn: Turn, call: Call, common: dict[str, Any], prices: Prices) -> UsageEvent:
    if call.status is not None:
        return wire.failed(turn, call, _PROVIDER, **common)
    return wire.priced(turn, call, _PROVIDER, prices, duration_ms=float(call.duration_ms), **common)


def _use_row(turn: Turn, use: Use, common: dict[str, Any]) -> UsageEvent:
    return wire.event(
        turn,
        use.number,
        use.time_ns,
        Kind.TOOL_CALL,
        tool=_tool(use),
        mcp_server=use.server,
        skill=use.detail if use.kind == "skill" else None,
        success=not _failed(use),
        error=("exit code 1" if _tool(use) == "bash" else "failure") if _failed(use) else None,
        duration_ms=float(use.duration_ms),
        **common,
    )


def _tool(use: Use) -> str:
    return f"{use.server}-{use.detail}" if use.server else _NAMES.get(use.kind, use.kind)


def _failed(use: Use) -> bool:
    return use.failed or use.refused


# On the wire


def _common(turn: Turn, operation: str) -> dict[str, Any]:
    return {"gen_ai.operation.name": operation, "gen_ai.conversation.id": turn.session, "gen_ai.provider.name": "github"}


def _root(turn: Turn) -> dict[str, Any]:
    calls = [step for step in turn.steps if isinstance(step, Call) and step.status is None]
    values = _common(turn, "invoke_agent") | {
        "enduser.pseudo.id": wire.row_id(turn, turn.member.number).hex(),
        "gen_ai.usage.input_tokens": sum(call.input + call.cache_read for call in calls),
        "gen_ai.usage.output_tokens": sum(call.output for call in calls),
        "github.copilot.turn_count": len(calls),
        "github.copilot.git.repository": _repository(turn),
        "github.copilot.git.branch": _BRANCH,
    }
    return wire.span(turn, 0, "invoke_agent", turn.time_ns, turn.ends_ns, values)


def _call_span(turn: Turn, call: Call) -> dict[str, Any]:
    begins_ns = call.time_ns - call.duration_ms * 10**6
    values = _common(turn, "chat") | {"gen_ai.request.model": call.model, "github.copilot.interaction_id": turn.prompt}
    if call.status is not None:
        return wire.span(
            turn, call.number, f"chat {call.model}", begins_ns, call.time_ns, values | {"error.type": str(call.status)}, status={"code": 2}
        )
    spent = {
        "gen_ai.usage.input_tokens": call.input + call.cache_read,
        "gen_ai.usage.output_tokens": call.output,
        "gen_ai.usage.cache_read.input_tokens": call.cache_read,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning,
        "gen_ai.response.model": call.model,
        "github.copilot.cost": 1.0,
    }
    return wire.span(turn, call.number, f"chat {call.model}", begins_ns, call.time_ns, values | spent)


def _use_span(turn: Turn, use: Use) -> dict[str, Any]:
    tool = _tool(use)
    values = _common(turn, "execute_tool") | {"gen_ai.tool.name": tool, "gen_ai.tool.call.id": f"call_{wire.span_id(turn, use.number)}"}
    if use.server:
        values["github.copilot.tool.parameters.mcp_server_name"] = use.server
    if use.kind == "skill":
        values["github.copilot.tool.parameters.skill_name"] = use.detail
    if tool == "bash":
        values["process.exit.code"] = int(_failed(use))
    elif _failed(use):
        values["error.type"] = "failure"
    begins_ns = use.time_ns - use.duration_ms * 10**6
    return wire.span(turn, use.number, f"execute_tool {tool}", begins_ns, use.time_ns, values)
