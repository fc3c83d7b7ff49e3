"""OpenCode 1.18: its own spans, and the records and metrics of the plugin `@devtheops/opencode-plugin-otel`.

Traps of its spans: `ai.streamText` repeats the tokens of its `doStream`; input includes what was cached, output reasoning; a
user's message is a span without a session; a session's title is a request of its own; the last request of a run is never sent;
a failed command's span is OK. Traps of the plugin: its metrics may be named after Claude Code's, so the scope tells; input
excludes the cache and output excludes reasoning; a cost of 0 is a model without a price. Who runs both counts once: spans then
stand in for records.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from upwell.usage import casts
from upwell.usage.dialects.base import NOT_USAGE, Dialect, Measure, Rows, uncached, words
from upwell.usage.events import CostSource, Kind
from upwell.usage.item import Item
from upwell.usage.prices import Tokens

_CALLS: Final = frozenset(
    {"ai.streamText.doStream", "ai.generateText.doGenerate", "ai.streamObject.doStream", "ai.generateObject.doGenerate"}
)
_KNOWN: Final = words("session.idle session.error session.status subtask_invoked tool_decision")
"""Records that count nothing. A refused call has a failed `tool_result` too, so that a decision is never a call."""


def _read_span(item: Item) -> Rows:
    if item.name in _CALLS:
        return _call(item)
    if item.name == "ai.toolCall":
        return _tool_call(item)
    if item.name == "SessionPrompt.createUserMessage":
        return (item.event(Kind.PROMPT, stand_in=True, **_common(item)),)
    return NOT_USAGE


def _common(item: Item) -> dict[str, Any]:
    return {"session": item.text("session.id", "ai.telemetry.metadata.sessionId"), "prompt": item.trace}


def _call(item: Item) -> Rows:
    details = "ai.usage.inputTokenDetails."
    read = item.integer(f"{details}cacheReadTokens", "ai.usage.cachedInputTokens")
    written = item.integer(f"{details}cacheWriteTokens")
    fresh = item.integer(f"{details}noCacheTokens")
    if fresh is None:
        fresh = uncached(item.integer("ai.usage.inputTokens", "ai.usage.promptTokens"), read, written)
    tokens = Tokens(fresh, item.integer("ai.usage.outputTokens", "ai.usage.completionTokens"), read, written)
    model, provider = item.text("ai.response.model", "ai.model.id"), (item.text("ai.model.provider") or "").partition(".")[0] or None
    columns = {"model": model, "provider": provider, "duration_ms": item.span_ms, "stand_in": True, **_common(item)}
    if item.failed and tokens.input is None and tokens.output is None:
        return (item.event(Kind.ERROR, error="error", **columns),)
    row = item.event(
        Kind.API_REQUEST,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_creation_tokens=tokens.cache_creation,
        **item.cost(model, provider, tokens),
        **columns,
    )
    return (row,)


def _tool_call(item: Item) -> Rows:
    row = item.event(
        Kind.TOOL_CALL,
        tool=item.text("ai.toolCall.name"),
        success=not item.failed,
        duration_ms=item.span_ms,
        stand_in=True,
        **_common(item),
    )
    return (row,)


def _read_log(item: Item) -> Rows | None:
    if "event.name" not in item.attributes:
        return NOT_USAGE  # the program's own log
    reader = _RECORDS.get(item.name)
    return reader(item) if reader else NOT_USAGE if item.name in _KNOWN else None


def _beside(item: Item) -> dict[str, Any]:
    subagent = item.text("agent") if item.attributes.get("agent.type") == "subagent" else None
    version = item.text("app.version") or casts.text(item.origin.resource.get("app.version"))
    return {"session": item.text("session.id"), "prompt": item.trace, "subagent": subagent, "agent_version": version}


def _session(item: Item) -> Rows:
    return NOT_USAGE if item.flag("is_subagent") else (item.event(Kind.SESSION, **_beside(item)),)


def _prompt(item: Item) -> Rows:
    row = item.event(Kind.PROMPT, prompt_length=item.integer("prompt_length"), model=item.text("model"), **_beside(item))
    return NOT_USAGE if row.subagent else (row,)


def _request(item: Item) -> Rows:
    output = item.integer("output_tokens")
    if output is not None:
        output += item.integer("reasoning_tokens") or 0
    tokens = Tokens(item.integer("input_tokens"), output, item.integer("cache_read_tokens"), item.integer("cache_creation_tokens"))
    model, provider = item.text("model"), item.text("provider")
    row = item.event(
        Kind.API_REQUEST,
        model=model,
        provider=provider,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_creation_tokens=tokens.cache_creation,
        duration_ms=item.number("duration_ms"),
        **item.cost(model, provider, tokens, item.number("cost_usd") or None),
        **_beside(item),
    )
    return (row,)


def _error(item: Item) -> Rows:
    row = item.event(
        Kind.ERROR,
        model=item.text("model"),
        provider=item.text("provider"),
        error=item.text("status_code", "error_type") or "api_error",
        duration_ms=item.number("duration_ms"),
        **_beside(item),
    )
    return (row,)


def _tool_result(item: Item) -> Rows:
    row = item.event(
        Kind.TOOL_CALL,
        tool=item.text("tool_name"),
        success=item.flag("success"),
        duration_ms=item.number("duration_ms"),
        **_beside(item),
    )
    return (row,)


def _commit(item: Item) -> Rows:
    return (item.event(Kind.COMMIT, **_beside(item)),)


_RECORDS: Final[dict[str, Callable[[Item], Rows]]] = {
    "session.created": _session,
    "user_prompt": _prompt,
    "api_request": _request,
    "api_error": _error,
    "tool_result": _tool_result,
    "commit": _commit,
}

_TOKENS: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "reasoning": "output_tokens",
    "cacheRead": "cache_read_tokens",
    "cacheCreation": "cache_creation_tokens",
}
_LINES: Final = {"added": "lines_added", "removed": "lines_removed"}


def _read_point(item: Item) -> Measure | tuple[()] | None:
    """A metric of the plugin, whatever prefix it was given."""
    beside = _beside(item) | {"model": item.text("model")}
    kind = item.text("type") or ""
    if item.name.endswith("token.usage") and (column := _TOKENS.get(kind)):
        return Measure(Kind.API_REQUEST, column, beside, stand_in=True)
    if item.name.endswith("cost.usage"):
        return Measure(Kind.API_REQUEST, "cost_usd", beside | {"cost_source": CostSource.REPORTED}, stand_in=True)
    if item.name.endswith("lines_of_code.count") and (column := _LINES.get(kind)):
        return Measure(Kind.EDIT, column, beside)
    if item.name.endswith("session.count") and not item.flag("is_subagent"):
        return Measure(Kind.SESSION, "count", beside, stand_in=True)
    if item.name.endswith("commit.count"):
        return Measure(Kind.COMMIT, "count", beside, stand_in=True)
    return NOT_USAGE


DIALECT: Final = Dialect(
    name="opencode",
    version=1,
    agent="opencode",
    scopes=("opencode", "com.opencode"),
    names=("opencode.",),
    services=("opencode",),
    keys=(
        "session.id",
        "model",
        "provider",
        "tool_name",
        "call_id",
        "duration_ms",
        "prompt_length",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "event.timestamp",
    ),
    logs=_read_log,
    traces=_read_span,
    metrics=_read_point,
)
