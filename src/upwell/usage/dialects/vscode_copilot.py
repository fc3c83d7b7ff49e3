"""VS Code Copilot Chat (and the JetBrains extension): spans are the truth, log records add sessions and edits.

Traps: `session.id` is the editor's window, a conversation is `gen_ai.conversation.id`; `invoke_agent` repeats the sum of its
chats; records of calls, turns and tools repeat spans, and metrics repeat both; cost is not money. Of edits, the hunks that
somebody kept or undid are counted, and lines only where they were kept.
"""

from __future__ import annotations

from typing import Final

from upwell.usage import casts
from upwell.usage.dialects import conventions
from upwell.usage.dialects.base import NOT_USAGE, Dialect, Measure, Rows, words
from upwell.usage.events import Kind
from upwell.usage.item import Item

_PREFIX: Final = "copilot_chat."
_KNOWN: Final = words(
    "tool.call agent.turn edit.feedback edit.survival inline.done user.feedback cloud.session.invoke"
    " gen_ai.client.inference.operation.details"
)


def _conversation(item: Item) -> str | None:
    return item.text("gen_ai.conversation.id", "copilot_chat.chat_session_id", "copilot_chat.session_id")


def _read_span(item: Item) -> Rows | None:
    rows = conventions.read_span(item, {"session": _conversation(item), "prompt": item.trace})
    return NOT_USAGE if rows is None else rows


def _read_log(item: Item) -> Rows | None:
    name = item.name.removeprefix(_PREFIX)
    if name == "session.start":
        model = item.text("gen_ai.response.model", "gen_ai.request.model")
        return (item.event(Kind.SESSION, session=_conversation(item) or item.text("session.id"), model=model),)
    if name == "edit.hunk.action":
        return _hunk(item)
    return NOT_USAGE if name in _KNOWN else None


def _hunk(item: Item) -> Rows:
    decision = casts.decision(item.attributes.get("outcome"))
    kept = decision != "reject"
    row = item.event(
        Kind.EDIT,
        session=_conversation(item),
        decision=decision,
        lines_added=item.integer("lines_added") if kept else None,
        lines_removed=item.integer("lines_removed") if kept else None,
    )
    return (row,)


def _read_point(item: Item) -> Measure | tuple[()]:
    return Measure(Kind.PULL_REQUEST, "count", {}) if item.name == "copilot_chat.pull_request.count" else NOT_USAGE


DIALECT: Final = Dialect(
    name="vscode_copilot",
    version=1,
    agent="vscode-copilot",
    scopes=("copilot-chat", "github.copilot.chat"),
    names=(_PREFIX,),
    services=("copilot-chat",),
    keys=(*conventions.KEYS, "request_id", "outcome", "line_count", "lines_added", "lines_removed", "session.id"),
    logs=_read_log,
    traces=_read_span,
    metrics=_read_point,
)
