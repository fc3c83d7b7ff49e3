"""Cursor: the vendor's own export (records and metrics from its servers), and the spans of the hook project cursor-otel-hook.

Traps of the export: a record's name is in its body; four token types that never overlap; records come at least once and carry
`cursor.event.id`; metrics have no conversation; tool calls exist as a metric only; cost is a best effort, in a metric only, so
that requests are priced. Traps of the hooks: one shell call makes up to four spans, of which `postToolUse` counts; a span's
length is the hook's own; there are no tokens. A tool's true length, a prompt's size and an edit's lines stand only within
`raw_event`, which policy removes by default, and are read where it is there. Where both speak under one key, tools count once:
the export's metric then stands in for spans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from upwell.usage import casts
from upwell.usage.dialects.base import NOT_USAGE, Dialect, Measure, Rows, words
from upwell.usage.events import CostSource, Kind
from upwell.usage.item import Item
from upwell.usage.prices import Tokens

_PROVIDER: Final = "cursor"
_REQUEST: Final = "cursor.api.request."
_KNOWN: Final = ("hook_", "plugin_", "cloud_agent_", "grok_bot_", "api_correction")


def _read_log(item: Item) -> Rows | None:
    """A record: `api_request` in the body, or `cursor.api.request` as its event's name."""
    name = item.name.removeprefix("cursor.").replace(".", "_")
    reader = _RECORDS.get(name)
    return reader(item) if reader else NOT_USAGE if name.startswith(_KNOWN) else None


def _common(item: Item) -> dict[str, Any]:
    return {"session": item.text("cursor.conversation.id"), "prompt": item.text("cursor.request.id")}


def _request(item: Item) -> Rows:
    tokens = Tokens(
        item.integer(f"{_REQUEST}input_tokens"),
        item.integer(f"{_REQUEST}output_tokens"),
        item.integer(f"{_REQUEST}cache_read_tokens"),
        item.integer(f"{_REQUEST}cache_creation_tokens"),
    )
    model = item.text("cursor.model.name")
    row = item.event(
        Kind.API_REQUEST,
        model=model,
        provider=_PROVIDER,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_creation_tokens=tokens.cache_creation,
        **item.cost(model, _PROVIDER, tokens),
        **_common(item),
    )
    return (row,)


def _error(item: Item) -> Rows:
    error = item.text("cursor.api.error.type", "cursor.api.status") or "api_error"
    return (item.event(Kind.ERROR, model=item.text("cursor.model.name"), provider=_PROVIDER, error=error, **_common(item)),)


def _skill(item: Item) -> Rows:
    return (item.event(Kind.SKILL, skill=item.text("cursor.skill.name"), **_common(item)),)


def _pull_request(item: Item) -> Rows:
    return (item.event(Kind.PULL_REQUEST, **_common(item)),)


_RECORDS: Final[dict[str, Callable[[Item], Rows]]] = {
    "api_request": _request,
    "api_error": _error,
    "skill_activated": _skill,
    "cloud_agent_pull_request_opened": _pull_request,
}

_TOKENS: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_creation": "cache_creation_tokens",
}


def _read_point(item: Item) -> Measure | tuple[()] | None:
    model = {"model": item.text("cursor.model.name"), "provider": _PROVIDER}
    if item.name == "cursor.tool.calls":
        return _calls(item)
    if item.name == "cursor.cost.usage":
        return Measure(Kind.API_REQUEST, "cost_usd", model | {"cost_source": CostSource.REPORTED}, stand_in=True)
    if item.name == "cursor.token.usage":
        column = _TOKENS.get(item.text("cursor.token.type") or "")
        return Measure(Kind.API_REQUEST, column, model, stand_in=True) if column else NOT_USAGE
    return None


def _calls(item: Item) -> Measure:
    status = item.text("cursor.tool.status")
    columns = {
        "tool": item.text("cursor.tool.name"),
        "mcp_server": item.text("cursor.mcp.server.name", "mcp.server.name"),
        "success": None if status is None else status == "success",
        "error": status if status not in {None, "success"} else None,
    }
    return Measure(Kind.TOOL_CALL, "count", columns, stand_in=True)


_HOOKS_IGNORED: Final = words(
    "preToolUse beforeShellExecution afterShellExecution beforeMCPExecution afterMCPExecution beforeReadFile beforeTabFileRead"
    " afterTabFileEdit afterAgentResponse afterAgentThought subagentStart subagentStop preCompact stop sessionEnd workspaceOpen"
)


def _read_span(item: Item) -> Rows | None:
    """A hook's span, `cursor.<hook>`."""
    hook = item.name.removeprefix("cursor.")
    reader = _HOOKS.get(hook)
    return reader(item) if reader else NOT_USAGE if hook in _HOOKS_IGNORED else None


def _of_hook(item: Item) -> dict[str, Any]:
    return {
        "session": item.text("langsmith.trace.session_id"),
        "prompt": item.text("langsmith.metadata.generation_id", "langsmith.trace.id"),
        "model": item.text("gen_ai.request.model"),
        "agent_version": item.text("langsmith.metadata.cursor_version"),
        "time_ns": casts.nanoseconds(item.raw.get("startTimeUnixNano")) or item.time_ns(),
    }


def _raw(item: Item) -> Mapping[str, Any]:
    return casts.members(item.attributes.get("langsmith.metadata.raw_event"))


def _hook_session(item: Item) -> Rows:
    return (item.event(Kind.SESSION, **_of_hook(item)),)


def _hook_prompt(item: Item) -> Rows:
    prompt = _raw(item).get("prompt")
    length = len(prompt) if isinstance(prompt, str) else None
    return (item.event(Kind.PROMPT, prompt_length=length, **_of_hook(item)),)


def _hook_tool(item: Item) -> Rows:
    row = item.event(
        Kind.TOOL_CALL,
        tool=item.text("gen_ai.tool.name"),
        mcp_server=item.text("langsmith.metadata.mcp_server"),
        success=item.name.endswith("postToolUse"),
        duration_ms=casts.number(_raw(item).get("duration")),
        error=casts.text(_raw(item).get("failure_type")),
        **_of_hook(item),
    )
    return (row,)


def _hook_edit(item: Item) -> Rows:
    added, removed = _lines(_raw(item).get("edits"))
    return (item.event(Kind.EDIT, lines_added=added, lines_removed=removed, **_of_hook(item)),)


def _lines(edits: Any) -> tuple[int | None, int | None]:
    """Lines of the new and old texts of an edit, by their sizes; they tell no more."""
    if not isinstance(edits, list):
        return None, None
    texts = [edit for edit in edits if isinstance(edit, dict)]
    grown = [_size(edit.get("new_string")) - _size(edit.get("old_string")) for edit in texts]
    return sum(more for more in grown if more > 0), -sum(less for less in grown if less < 0)


def _size(text: Any) -> int:
    return len(text.splitlines()) if isinstance(text, str) else 0


_HOOKS: Final[dict[str, Callable[[Item], Rows]]] = {
    "sessionStart": _hook_session,
    "beforeSubmitPrompt": _hook_prompt,
    "postToolUse": _hook_tool,
    "postToolUseFailure": _hook_tool,
    "afterFileEdit": _hook_edit,
}

DIALECT: Final = Dialect(
    name="cursor",
    version=1,
    agent="cursor",
    scopes=("cursor.telemetry", "cursor_otel_hook"),
    names=("cursor.",),
    services=("cursor",),
    keys=("cursor.event.id", "cursor.conversation.id", "cursor.usage_event.id", "cursor.request.id"),
    logs=_read_log,
    traces=_read_span,
    metrics=_read_point,
)
