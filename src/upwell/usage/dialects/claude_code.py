"""Claude Code, 1.0.60 to 2.1.x: log records are the truth, metrics add lines, commits, pull requests, sessions and active time.

Traps: numbers are text before 2.1.122 and in `tool_result` ever since; tokens exclude the cache; metrics and spans repeat the
tokens and cost of the records; a refused call has a `tool_decision` and no `tool_result`, every other call has both; retries
make no record of their own; `--continue` counts a session under an id that nothing else carries; `agents_view` is no session;
`[1m]` behind a model's name in metrics only; names of MCP tools and skills come in four places, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from upwell.usage import casts
from upwell.usage.dialects.base import NOT_USAGE, Dialect, Measure, Rows, nothing, words
from upwell.usage.dialects.claude_versions import remark, version_of
from upwell.usage.events import CostSource, Kind
from upwell.usage.item import Item
from upwell.usage.prices import Tokens

PREFIX: Final = "claude_code."
SCOPES: Final = ("com.anthropic.claude_code",)
KEYS: Final = (
    "session.id",
    "event.timestamp",
    "event.sequence",
    "prompt.id",
    "request_id",
    "tool_use_id",
    "tool_name",
    "decision",
    "model",
    "input_tokens",
    "output_tokens",
    "duration_ms",
    "attempt",
)

_KNOWN: Final = words(
    "assistant_response api_request_body api_response_body api_retries_exhausted at_mention auth compaction feedback_survey"
    " hook_execution_complete hook_execution_start hook_plugin_metrics hook_registered internal_error managed_settings_resolved"
    " mcp_server_connection permission_mode_changed plugin_installed plugin_loaded retention_sweep subagent_completed"
)
"""Records that count nothing. `api_retries_exhausted` comes beside an `api_error`, `subagent_completed` repeats one request."""

_PROVIDERS: Final = {"bedrock": "aws", "vertex": "google"}
_NAMED_BY_PARAMETERS: Final = frozenset({"mcp_tool", "Skill", "Task", "Agent"})
_WINDOW: Final = re.compile(r"\[\d+[km]\]$", re.IGNORECASE)
_STATUS: Final = re.compile(r"\b[45]\d\d\b")

_SERVER_ON_ALL_BEFORE: Final = (2, 1, 222)


def model_name(name: str | None) -> str | None:
    """A model without the mark of its context window: `claude-opus-4-8[1m]` is `claude-opus-4-8`."""
    return _WINDOW.sub("", name) if name else None


def _stated_version(item: Item) -> str | None:
    return casts.text(item.origin.resource.get("service.version")) or item.text("app.version")


def _common(item: Item, kind: Kind) -> dict[str, Any]:
    version = _stated_version(item)
    return {"session": item.session, "prompt": item.text("prompt.id"), "agent_version": version, "remark": remark(kind, version)}


def says_nothing(name: str) -> bool:
    """Whether a record of this name counts nothing, whatever is in it."""
    bare = name.removeprefix(PREFIX)
    return bare in _KNOWN and bare not in _RECORDS


def read_log(item: Item) -> Rows | None:
    """A record, by its name without prefix."""
    name = item.name.removeprefix(PREFIX)
    reader = _RECORDS.get(name)
    return reader(item) if reader else NOT_USAGE if name in _KNOWN else None


def _prompt(item: Item) -> Rows:
    return (item.event(Kind.PROMPT, prompt_length=item.integer("prompt_length"), **_common(item, Kind.PROMPT)),)


def _request(item: Item) -> Rows:
    get = item.integer
    tokens = Tokens(get("input_tokens"), get("output_tokens"), get("cache_read_tokens"), get("cache_creation_tokens"))
    model, provider = model_name(item.text("model")), _provider(item)
    row = item.request(
        model,
        provider,
        tokens,
        reported=_reported(item),
        duration_ms=item.number("duration_ms"),
        attempts=item.integer("attempt"),
        mcp_server=_server(item),
        skill=item.text("skill.name"),
        subagent=_subagent(item),
        **_common(item, Kind.API_REQUEST),
    )
    return (row,)


def _reported(item: Item) -> float | None:
    dollars = item.number("cost_usd")
    if dollars is None and (micros := item.number("cost_usd_micros")) is not None:
        return micros / 1e6
    return dollars


def _provider(item: Item) -> str:
    return _PROVIDERS.get(item.text("anthropic.provider") or "", "anthropic")


def _server(item: Item) -> str | None:
    """The MCP server that a request worked for; before 2.1.222 it stood on every request of a session that had one."""
    stated = item.text("mcp_server.name")
    version = version_of(_stated_version(item)) if stated else None
    return None if version and version < _SERVER_ON_ALL_BEFORE else stated


def _subagent(item: Item) -> str | None:
    source = item.text("query_source")
    return item.text("agent.name") or (source.rpartition(":")[2] if source and source.startswith("agent:") else None)


def _tool_result(item: Item) -> Rows:
    row = item.event(
        Kind.TOOL_CALL,
        success=item.flag("success"),
        duration_ms=item.number("duration_ms"),
        decision=casts.decision(item.attributes.get("decision_type")),
        error=item.text("error_type"),
        **_tool(item),
        **_common(item, Kind.TOOL_CALL) | {"remark": None},
    )
    return (row,)


def _tool_decision(item: Item) -> Rows:
    if casts.decision(item.attributes.get("decision")) != "reject":
        return NOT_USAGE
    return (item.event(Kind.TOOL_CALL, decision="reject", **_tool(item), **_common(item, Kind.TOOL_CALL)),)


def _tool(item: Item) -> dict[str, Any]:
    """Tool, MCP server, skill and subagent, from wherever this version names them."""
    tool = item.text("tool_name")
    said = casts.members(item.attributes.get("tool_parameters")) if tool in _NAMED_BY_PARAMETERS else {}
    server = casts.text(said.get("mcp_server_name")) or item.text("mcp_server.name", "mcp_server_name")
    if tool and tool.startswith("mcp__"):
        server = tool.split("__")[1] or server
    elif tool == "mcp_tool" and server and (name := casts.text(said.get("mcp_tool_name")) or item.text("mcp_tool.name")):
        tool = f"mcp__{server}__{name}"
    return {
        "tool": tool,
        "mcp_server": server,
        "skill": casts.text(said.get("skill_name")) or item.text("skill.name"),
        "subagent": casts.text(said.get("subagent_type")) or item.text("agent.name"),
    }


def _error(item: Item) -> Rows:
    """A failed request. Its message may quote content, so that only a status in it is kept."""
    named = _STATUS.search(item.text("error") or "")
    row = item.event(
        Kind.ERROR,
        model=model_name(item.text("model")),
        provider=_provider(item),
        error=item.text("status_code", "error_type") or (named[0] if named else item.name.removeprefix(PREFIX)),
        duration_ms=item.number("duration_ms"),
        attempts=item.integer("attempt"),
        subagent=_subagent(item),
        **_common(item, Kind.ERROR),
    )
    return (row,)


def _skill(item: Item) -> Rows:
    return (item.event(Kind.SKILL, skill=item.text("skill.name", "skill_name"), **_common(item, Kind.SKILL)),)


_RECORDS: Final = {
    "user_prompt": _prompt,
    "api_request": _request,
    "tool_result": _tool_result,
    "tool_decision": _tool_decision,
    "api_error": _error,
    "api_refusal": _error,
    "skill_activated": _skill,
}

_TOKENS: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cacheRead": "cache_read_tokens",
    "cacheCreation": "cache_creation_tokens",
}
_LINES: Final = {"added": "lines_added", "removed": "lines_removed"}


def read_point(item: Item) -> Measure | tuple[()] | None:
    """A data point. Tokens and cost only stand in for records."""
    reader = _METRICS.get(item.name.removeprefix(PREFIX))
    return reader(item) if reader else None


def _session(item: Item) -> Measure | tuple[()]:
    start = item.text("start_type")
    if start == "agents_view":
        return NOT_USAGE
    common = _common(item, Kind.SESSION)
    return Measure(Kind.SESSION, "count", common | {"session": None} if start == "continue" else common)


def _usage(item: Item, column: str | None) -> Measure | tuple[()]:
    if column is None:
        return NOT_USAGE
    columns = _common(item, Kind.API_REQUEST) | {
        "model": model_name(item.text("model")),
        "provider": _provider(item),
        "subagent": item.text("agent.name"),
        "skill": item.text("skill.name"),
        "mcp_server": _server(item),
    }
    if column == "cost_usd":
        columns["cost_source"] = CostSource.REPORTED
    return Measure(Kind.API_REQUEST, column, columns, stand_in=True)


def _lines(item: Item) -> Measure | tuple[()]:
    column = _LINES.get(item.text("type") or "")
    return Measure(Kind.EDIT, column, _common(item, Kind.EDIT) | {"remark": None}) if column else NOT_USAGE


def _edit_decision(item: Item) -> Measure:
    made = casts.decision(item.attributes.get("decision"))
    common = _common(item, Kind.EDIT)
    if made != "reject":
        common["remark"] = None
    return Measure(Kind.EDIT, "count", common | {"tool": item.text("tool_name"), "decision": made})


_METRICS: Final[dict[str, Callable[[Item], Measure | tuple[()]]]] = {
    "session.count": _session,
    "token.usage": lambda item: _usage(item, _TOKENS.get(item.text("type") or "")),
    "cost.usage": lambda item: _usage(item, "cost_usd"),
    "lines_of_code.count": _lines,
    "commit.count": lambda item: Measure(Kind.COMMIT, "count", _common(item, Kind.COMMIT)),
    "pull_request.count": lambda item: Measure(Kind.PULL_REQUEST, "count", _common(item, Kind.PULL_REQUEST)),
    "code_edit_tool.decision": _edit_decision,
    "active_time.total": lambda item: Measure(Kind.ACTIVE_TIME, "seconds", _common(item, Kind.ACTIVE_TIME)),
}

DIALECT: Final = Dialect(
    name="claude_code",
    version=1,
    agent="claude-code",
    scopes=SCOPES,
    names=(PREFIX,),
    services=("claude-code",),
    keys=KEYS,
    logs=read_log,
    traces=nothing,
    metrics=read_point,
)
