"""Spans by the OpenTelemetry GenAI conventions, for the agents that follow them.

One span per model call (`chat`), one per tool call (`execute_tool`), and `invoke_agent` round them, whose tokens are the sum
of its calls and are never counted. Traps: input includes what was cached; the conventions renamed most of their attributes,
and agents send either name; tools succeed though the command that they ran failed.
"""

from __future__ import annotations

from typing import Any, Final

from upwell.usage import casts
from upwell.usage.dialects.base import NOT_USAGE, Rows, uncached
from upwell.usage.events import Kind
from upwell.usage.item import Item
from upwell.usage.prices import Tokens

KEYS: Final = ("gen_ai.conversation.id", "gen_ai.response.id", "gen_ai.tool.call.id", "event.timestamp")

_CALLS: Final = frozenset({"chat", "generate_content", "text_completion", "embeddings"})
_OTHERS: Final = frozenset({"execute_hook", "create_agent", "invoke_workflow", "retrieval", "plan", "session", "chain"})
_PROVIDERS: Final = {
    "github": "github-copilot",
    "aws.bedrock": "aws",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "gcp.gen_ai": "google",
    "mistral_ai": "mistral",
    "x_ai": "x-ai",
}
"""The conventions' names of providers that genai-prices calls otherwise."""


def operation(item: Item) -> str | None:
    """What a span is about; None if it isn't by the conventions."""
    return item.text("gen_ai.operation.name")


def read_span(item: Item, common: dict[str, Any]) -> Rows | None:
    """A span's row. `common` are the columns that its agent fills in its own way."""
    about = operation(item)
    if about in _CALLS:
        return _call(item, common)
    if about == "execute_tool":
        return _tool(item, common)
    if about == "invoke_agent":
        return NOT_USAGE if item.raw.get("parentSpanId") else _prompt(item, common)
    return NOT_USAGE if about in _OTHERS else None


def tokens_of(item: Item) -> Tokens:
    """A call's tokens, under the conventions' old names and new."""
    read = item.integer("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
    creation = item.integer(
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation_input_tokens"
    )
    total = item.integer("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
    return Tokens(
        uncached(total, read, creation), item.integer("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"), read, creation
    )


def provider_of(item: Item) -> str | None:
    """Who runs the model, as genai-prices calls them."""
    stated = item.text("gen_ai.provider.name", "gen_ai.system")
    return _PROVIDERS.get(stated, stated) if stated else None


def _model(item: Item) -> str | None:
    return item.text("gen_ai.response.model", "gen_ai.request.model")


def _failure(item: Item) -> str | None:
    if (kind := item.text("error.type")) is not None:
        return kind
    return "error" if item.failed else None


def _call(item: Item, common: dict[str, Any]) -> Rows:
    """A model call; one that failed before it used a token is an error, not a request."""
    tokens, model, provider, failure = tokens_of(item), _model(item), provider_of(item), _failure(item)
    columns = {"model": model, "provider": provider, "duration_ms": item.span_ms, "error": failure, **common}
    if failure is not None and tokens.input is None and tokens.output is None:
        return (item.event(Kind.ERROR, **columns),)
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


def _tool(item: Item, common: dict[str, Any]) -> Rows:
    code, failure = item.integer("process.exit.code"), _failure(item)
    row = item.event(
        Kind.TOOL_CALL,
        tool=item.text("gen_ai.tool.name") or item.name.removeprefix("execute_tool ").strip() or None,
        mcp_server=item.text("github.copilot.tool.parameters.mcp_server_name", "mcp.server.name"),
        skill=item.text("github.copilot.tool.parameters.skill_name"),
        success=failure is None and not code,
        error=failure or (f"exit code {code}" if code else None),
        duration_ms=item.span_ms,
        **common,
    )
    return (row,)


def _prompt(item: Item, common: dict[str, Any]) -> Rows:
    """The outermost agent: one for each prompt."""
    row = item.event(
        Kind.PROMPT,
        repository=without_credentials(item.text("github.copilot.git.repository", "copilot_chat.repo.remote_url")),
        branch=item.text("github.copilot.git.branch", "copilot_chat.repo.head_branch_name"),
        **common,
    )
    return (row,)


def without_credentials(address: str | None) -> str | None:
    """A repository's address; a remote may carry a name and a token before its host."""
    if address is None or "://" not in address:
        return casts.text(address)
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
