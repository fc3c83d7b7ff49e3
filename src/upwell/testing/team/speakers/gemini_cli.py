"""Gemini CLI 0.61: log records as JSON. As in its recordings: each response is recorded twice, thoughts come on top of output, an edit's
lines stand in the tool call's `metadata`, and the version is Node's."""

from __future__ import annotations

import json
from typing import Any, Final

from upwell.otlp import Encoding, Signal
from upwell.testing.team import wire
from upwell.testing.team.story import Call, Turn, Use
from upwell.testing.team.wire import Badge, Said
from upwell.usage import Kind, Prices, UsageEvent
from upwell.usage.dialects.gemini import DIALECT

_NAMES: Final = {
    "shell": "run_shell_command",
    "read": "read_file",
    "edit": "replace",
    "write": "write_file",
    "search": "grep_search",
    "fetch": "web_fetch",
    "subagent": "codebase_investigator",
    "skill": "activate_skill",
}

_PROVIDER: Final = "google"


class GeminiCli:
    """Speaks as Gemini CLI does."""

    dialect = DIALECT

    def rows(self, turn: Turn, badge: Badge, prices: Prices) -> list[UsageEvent]:
        """What the store holds of a turn."""
        common = wire.columns(turn, badge, DIALECT, Signal.LOGS) | {"session": turn.session}
        start = [wire.event(turn, "start", turn.time_ns, Kind.SESSION, **common)] if turn.opens else []
        common["prompt"] = _prompt_id(turn)
        found = [*start, wire.event(turn, "prompt", turn.time_ns, Kind.PROMPT, prompt_length=turn.length, **common)]
        for step in turn.steps:
            found += [_call_row(turn, step, common, prices)] if isinstance(step, Call) else _use_rows(turn, step, common)
        return found

    def said(self, turn: Turn) -> list[Said]:
        """The export request of a turn."""
        resource = {
            "host.name": "laptop",
            "process.pid": 20_000 + turn.member.number,
            "process.runtime.name": "nodejs",
            "service.name": "gemini-cli",
            "service.version": "v22.23.3",
            "session.id": turn.session,
        }
        records = []
        if turn.opens:
            records.append(_record(turn, turn.time_ns, "gemini_cli.config", {"model": turn.model, "approval_mode": "default"}))
        records.append(_record(turn, turn.time_ns, "gemini_cli.user_prompt", {"prompt_length": turn.length, "prompt_id": _prompt_id(turn)}))
        for step in turn.steps:
            records += _call_records(turn, step) if isinstance(step, Call) else [_use_record(turn, step)]
        return [Said(Signal.LOGS, wire.logs(resource, {"name": "gemini-cli"}, records), Encoding.JSON)]


def _prompt_id(turn: Turn) -> str:
    return f"{turn.session}########{turn.prompt[:4]}"


def _call_row(turn: Turn, call: Call, common: dict[str, Any], prices: Prices) -> UsageEvent:
    if call.status is not None:
        return wire.failed(turn, call, _PROVIDER, subagent=call.subagent, **common)
    return wire.priced(turn, call, _PROVIDER, prices, duration_ms=float(call.duration_ms), subagent=call.subagent, **common)


def _use_rows(turn: Turn, use: Use, common: dict[str, Any]) -> list[UsageEvent]:
    made = common | {"tool": _tool(use), "decision": "reject" if use.refused else "accept"}
    ended = {"success": None if use.refused else not _says_failed(use), "duration_ms": float(use.duration_ms)}
    call = wire.event(turn, use.number, use.time_ns, Kind.TOOL_CALL, mcp_server=use.server, **ended, **made)
    if not use.added:
        return [call]
    lines = {"lines_added": use.added, "lines_removed": use.removed}
    return [call, wire.event(turn, ("edit", use.number), use.time_ns, Kind.EDIT, **lines, **made)]


def _says_failed(use: Use) -> bool:
    """A command that failed is a success to Gemini CLI."""
    return use.failed and use.kind != "shell"


def _tool(use: Use) -> str:
    return use.detail or "mcp" if use.server else _NAMES[use.kind]


# On the wire


def _record(turn: Turn, time_ns: int, name: str, values: dict[str, Any]) -> dict[str, Any]:
    common = {
        "session.id": turn.session,
        "installation.id": wire.row_id(turn, turn.member.number).hex(),
        "interactive": True,
        "user.email": turn.member.name,
        "auth_type": "oauth-personal",
        "event.name": name,
        "event.timestamp": wire.iso(time_ns),
    }
    return wire.record(time_ns, common | values, body={"stringValue": f"Event {name.rpartition('.')[2]}."})


def _call_records(turn: Turn, call: Call) -> list[dict[str, Any]]:
    about: dict[str, Any] = {"duration_ms": call.duration_ms, "prompt_id": _prompt_id(turn), "auth_type": "oauth-personal"}
    if call.subagent:
        about["subagent_name"] = call.subagent
    if call.status is not None:
        failed = {"model": call.model, "status_code": call.status, "error.message": "request failed"}
        return [_record(turn, call.time_ns, "gemini_cli.api_error", about | failed)]
    spent = {
        "model": call.model,
        "status_code": 200,
        "input_token_count": call.input + call.cache_read,
        "output_token_count": call.output - call.reasoning,
        "cached_content_token_count": call.cache_read,
        "thoughts_token_count": call.reasoning,
        "tool_token_count": 0,
        "total_token_count": call.input + call.cache_read + call.output,
        "finish_reasons": ["stop"],
        "role": "main",
    }
    again = {"gen_ai.request.model": call.model, "gen_ai.usage.input_tokens": call.input + call.cache_read}
    return [
        _record(turn, call.time_ns, "gemini_cli.api_response", about | spent),
        _record(turn, call.time_ns, "gen_ai.client.inference.operation.details", again),
    ]


def _use_record(turn: Turn, use: Use) -> dict[str, Any]:
    result = {
        "function_name": _tool(use),
        "duration_ms": use.duration_ms,
        "success": not (use.refused or _says_failed(use)),
        "decision": "reject" if use.refused else "auto_accept",
        "prompt_id": _prompt_id(turn),
        "call_id": f"call_{wire.span_id(turn, use.number)}",
        "tool_type": "mcp" if use.server else "native",
        "mcp_server_name": use.server,
        "content_length": 77,
    }
    if use.added:
        result["metadata"] = json.dumps({"model_added_lines": use.added, "model_removed_lines": use.removed})
    return _record(turn, use.time_ns, "gemini_cli.tool_call", result)
