"""Kiro (Enterprise): the real-time records that its service sends, one per model request and one per tool call.

Traps: tool calls come up to 45 minutes late, with the time at which they happened; records come at least once; credits are not
money; the daily metrics repeat the records per user. Its page of attributes was never seen whole: names below the documented
`kiro.user.id` are what its hierarchy (conversation, turn, request, tool call) suggests, so that what stands under another name
stays empty. A turn is a prompt, but no record of its own.
"""

from __future__ import annotations

from typing import Any, Final

from upwell.usage.dialects.base import Dialect, Measure, Rows
from upwell.usage.events import Kind
from upwell.usage.item import Item
from upwell.usage.prices import Tokens


def _common(item: Item) -> dict[str, Any]:
    return {
        "session": item.text("kiro.conversation.id", "kiro.session.id", "conversation.id"),
        "prompt": item.text("kiro.turn.id", "turn.id"),
    }


def _read_log(item: Item) -> Rows | None:
    if item.name == "kiro.chat.message":
        return _request(item)
    return _tool_call(item) if item.name == "kiro.tool.call" else None


def _request(item: Item) -> Rows:
    tokens = Tokens(
        item.integer("kiro.usage.input_tokens", "gen_ai.usage.input_tokens"),
        item.integer("kiro.usage.output_tokens", "gen_ai.usage.output_tokens"),
        item.integer("kiro.usage.cache_read_tokens", "gen_ai.usage.cache_read.input_tokens"),
        item.integer("kiro.usage.cache_creation_tokens", "gen_ai.usage.cache_creation.input_tokens"),
    )
    model = item.text("kiro.model.id", "kiro.model.name", "kiro.model", "gen_ai.request.model")
    row = item.event(
        Kind.API_REQUEST,
        model=model,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_creation_tokens=tokens.cache_creation,
        duration_ms=item.number("kiro.duration_ms"),
        **item.cost(model, None, tokens),
        **_common(item),
    )
    return (row,)


def _tool_call(item: Item) -> Rows:
    status = item.text("kiro.tool.status")
    row = item.event(
        Kind.TOOL_CALL,
        tool=item.text("kiro.tool.name", "gen_ai.tool.name"),
        mcp_server=item.text("kiro.mcp.server.name", "kiro.tool.mcp_server"),
        success=item.flag("kiro.tool.success") if status is None else status.lower() in {"success", "succeeded", "completed"},
        duration_ms=item.number("kiro.tool.duration_ms"),
        **_common(item),
    )
    return (row,)


def _read_point(_: Item) -> Measure | None:
    return None


DIALECT: Final = Dialect(
    name="kiro",
    version=1,
    agent="kiro",
    scopes=("kiro",),
    names=("kiro.",),
    services=("kiro",),
    keys=("kiro.conversation.id", "kiro.turn.id", "kiro.request.id", "kiro.tool.call.id", "kiro.event.id", "kiro.tool.name"),
    logs=_read_log,
    metrics=_read_point,
)
