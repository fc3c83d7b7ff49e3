"""Any other agent that follows the OpenTelemetry GenAI conventions, under its own `service.name`.

Spans are the truth; the token histogram stands in for agents that send none, with cached input counted as input, because it
has no type for it. Traps: the convention's log record repeats its span; a framework and a client library that both make spans
for one call count it twice, and nothing in the data tells.
"""

from __future__ import annotations

from typing import Final

from upwell.usage.dialects import conventions
from upwell.usage.dialects.base import NOT_USAGE, Dialect, Measure, Rows
from upwell.usage.events import Kind
from upwell.usage.item import Item

_TOKENS: Final = {"input": "input_tokens", "prompt": "input_tokens", "output": "output_tokens", "completion": "output_tokens"}


def _read_log(item: Item) -> Rows | None:
    return NOT_USAGE if item.name.startswith("gen_ai.") else None


def _read_span(item: Item) -> Rows | None:
    session = item.text("gen_ai.conversation.id", "session.id")
    return conventions.read_span(item, {"session": session, "prompt": item.trace})


def _read_point(item: Item) -> Measure | tuple[()] | None:
    if not item.name.startswith("gen_ai."):
        return None
    column = _TOKENS.get(item.text("gen_ai.token.type") or "")
    if item.name != "gen_ai.client.token.usage" or column is None:
        return NOT_USAGE
    columns = {
        "model": item.text("gen_ai.response.model", "gen_ai.request.model"),
        "provider": conventions.provider_of(item),
        "session": item.text("gen_ai.conversation.id", "session.id"),
    }
    return Measure(Kind.API_REQUEST, column, columns, stand_in=True)


DIALECT: Final = Dialect(
    name="genai",
    version=1,
    agent=None,
    keys=conventions.KEYS,
    logs=_read_log,
    traces=_read_span,
    metrics=_read_point,
)
