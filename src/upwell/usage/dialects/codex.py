"""Codex CLI and its siblings (exec, VS Code, desktop), 0.150 to 0.169: log records are the truth.

Traps: the name is in `event.name`, and OTLP's own `eventName` is a line of source; `timeUnixNano` is 0; numbers are text and
numbers in one record; each response has two completed records, of which one has tokens, and `tool_token_count` is their total;
cached input is part of input, reasoning part of output; a refused call has a `tool_result` too, so decisions count nothing;
`success` is true for a command that failed. Metrics have no conversation: they only stand in for records, and their
`token_type` total and reasoning_output repeat others. Spans are an internal profile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from upwell.usage import casts
from upwell.usage.dialects.base import NOT_USAGE, Dialect, Measure, Rows, nothing, uncached, words
from upwell.usage.events import CostSource, Kind
from upwell.usage.item import Item
from upwell.usage.prices import Tokens

_PREFIX: Final = "codex."
_PROVIDER: Final = "openai"
_ROOT: Final = "/root"
_KNOWN: Final = words(
    "startup_phase turn_ttft tool_decision websocket_connect websocket_request websocket_event conversation_compacted auth_recovery"
)


def _common(item: Item) -> dict[str, Any]:
    prompt = item.text("turn.id") or item.trace
    return {"session": item.text("conversation.id"), "prompt": prompt}


def _read_log(item: Item) -> Rows | None:
    if not item.name:
        return NOT_USAGE  # the program's own debug lines
    name = item.name.removeprefix(_PREFIX)
    reader = _RECORDS.get(name)
    return reader(item) if reader else NOT_USAGE if name in _KNOWN else None


def _start(item: Item) -> Rows:
    return (item.event(Kind.SESSION, model=item.text("model"), **_common(item)),)


def _prompt(item: Item) -> Rows:
    return (item.event(Kind.PROMPT, prompt_length=item.integer("prompt_length"), **_common(item)),)


def _stream(item: Item) -> Rows:
    """One record per server-sent event; the one that counts is the completed one with tokens."""
    if item.attributes.get("event.kind") != "response.completed" or (total := item.integer("input_token_count")) is None:
        return NOT_USAGE
    read, written = item.integer("cached_token_count"), item.integer("cache_write_token_count")
    tokens = Tokens(uncached(total, read, written), item.integer("output_token_count"), read, written)
    model = item.text("model")
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


def _request(item: Item) -> Rows:
    """The transport's record: it has no tokens, and tells only of failures."""
    status = item.integer("http.response.status_code")
    if (status is None or status < 400) and not item.text("error.message"):
        return NOT_USAGE
    attempt = item.integer("attempt")
    row = item.event(
        Kind.ERROR,
        model=item.text("model"),
        provider=_PROVIDER,
        error=str(status) if status else "connection",
        duration_ms=item.number("duration_ms"),
        attempts=None if attempt is None else attempt + 1,
        **_common(item),
    )
    return (row,)


def _tool_result(item: Item) -> Rows:
    agent = item.text("agent_name")
    row = item.event(
        Kind.TOOL_CALL,
        tool=item.text("tool_name"),
        mcp_server=item.text("mcp_server"),
        success=item.flag("success"),
        duration_ms=item.number("duration_ms"),
        subagent=None if agent == _ROOT else agent,
        **_common(item),
    )
    return (row,)


_RECORDS: Final = {
    "conversation_starts": _start,
    "user_prompt": _prompt,
    "sse_event": _stream,
    "api_request": _request,
    "tool_result": _tool_result,
}

_TOKENS: Final = {
    "input": ("input_tokens", None),
    "cached_input": ("cache_read_tokens", "input_tokens"),
    "cache_write_input": ("cache_creation_tokens", "input_tokens"),
    "output": ("output_tokens", None),
}
"""Token types with the column that takes them, and the column that they are part of."""


def _read_point(item: Item) -> Measure | tuple[()] | None:
    reader = _METRICS.get(item.name)
    return reader(item) if reader else NOT_USAGE


def _tokens(item: Item) -> Measure | tuple[()]:
    column, less = _TOKENS.get(item.text("token_type") or "", (None, None))
    if column is None:
        return NOT_USAGE
    return Measure(Kind.API_REQUEST, column, {"model": item.text("model"), "provider": _PROVIDER}, stand_in=True, less=less)


def _requests(item: Item) -> Measure | tuple[()]:
    """How many requests there were; without tokens, their cost is unknown."""
    if casts.flag(item.attributes.get("success", True)) is False:
        return NOT_USAGE
    columns = {"model": item.text("model"), "provider": _PROVIDER, "cost_source": CostSource.UNKNOWN}
    return Measure(Kind.API_REQUEST, "count", columns, stand_in=True)


def _calls(item: Item) -> Measure:
    return Measure(Kind.TOOL_CALL, "count", {"tool": item.text("tool"), "success": item.flag("success")}, stand_in=True)


def _sessions(_: Item) -> Measure:
    return Measure(Kind.SESSION, "count", {}, stand_in=True)


_METRICS: Final[dict[str, Callable[[Item], Measure | tuple[()]]]] = {
    "codex.turn.token_usage": _tokens,
    "codex.api_request": _requests,
    "codex.tool.call": _calls,
    "codex.thread.started": _sessions,
}

DIALECT: Final = Dialect(
    name="codex",
    version=1,
    agent="codex",
    scopes=("codex",),
    names=(_PREFIX,),
    services=("codex",),
    keys=(
        "conversation.id",
        "event.timestamp",
        "event.kind",
        "call_id",
        "tool_name",
        "tool_result_seq",
        "model",
        "input_token_count",
        "output_token_count",
        "cached_token_count",
        "http.response.status_code",
        "attempt",
        "duration_ms",
    ),
    logs=_read_log,
    traces=nothing,
    metrics=_read_point,
)
