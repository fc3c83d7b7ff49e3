"""GitHub Copilot CLI, 1.0.80 to 1.0.102: spans are the truth; there are no log records, and one metric adds lines.

Traps: `invoke_agent` repeats the sum of its chats; cached input is part of input, reasoning part of output; `github.copilot.cost`
is a multiplier of requests, not money; a command's failure shows in `process.exit.code` only; metrics are cumulative, have no
session, and are sent again and again while idle. A prompt is one trace, so that its trace joins all that it caused: tool spans
carry no `interaction_id`.
"""

from __future__ import annotations

from typing import Final

from upwell.usage.dialects import conventions
from upwell.usage.dialects.base import NOT_USAGE, Dialect, Measure, Rows
from upwell.usage.events import Kind
from upwell.usage.item import Item

_LINES: Final = {"github.copilot.code.lines_added": "lines_added", "github.copilot.code.lines_removed": "lines_removed"}


def _read_span(item: Item) -> Rows | None:
    common = {"session": item.text("gen_ai.conversation.id"), "prompt": item.trace or item.text("github.copilot.interaction_id")}
    rows = conventions.read_span(item, common)
    return NOT_USAGE if rows is None else rows


def _read_point(item: Item) -> Measure | tuple[()]:
    column = _LINES.get(item.name)
    if column is None:
        return NOT_USAGE
    return Measure(Kind.EDIT, column, {"model": item.text("gen_ai.response.model", "gen_ai.request.model")})


DIALECT: Final = Dialect(
    name="copilot_cli",
    version=1,
    agent="copilot-cli",
    scopes=("github.copilot",),
    names=("github.copilot.",),
    services=("github-copilot",),
    keys=conventions.KEYS,
    traces=_read_span,
    metrics=_read_point,
)
