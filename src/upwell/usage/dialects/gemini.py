"""Gemini CLI, 0.x: log records are the truth, and always come with the metrics and spans that repeat them.

Traps: `service.version` is Node's; each request and response is recorded twice, once as `gen_ai.client.inference.operation.details`;
cached input is part of input, thoughts come on top of output; metrics are cumulative and repeat both; `success` is true for a
command that failed; the lines of an edit stand in a tool call's `metadata`, as JSON text. What a model was asked for has no
cost. Qwen Code is a fork that differs where `Family` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from upwell.usage import casts
from upwell.usage.dialects.base import NOT_USAGE, Dialect, Rows, nothing, uncached, words
from upwell.usage.events import Kind
from upwell.usage.item import Item
from upwell.usage.prices import Tokens

KEYS: Final = (
    "session.id",
    "event.timestamp",
    "prompt_id",
    "call_id",
    "response_id",
    "function_name",
    "model",
    "status_code",
    "duration_ms",
    "input_token_count",
    "output_token_count",
)

_KNOWN: Final = words(
    "api_request file_operation slash_command slash_command.model model_routing startup_stats ripgrep_fallback flash_fallback"
    " next_speaker_check ide_connection conversation_finished chat_compression malformed_json_response chat.invalid_chunk"
    " chat.content_retry chat.content_retry_failure tool_output_truncated edit_strategy edit_correction web_fetch_fallback_attempt"
    " extension_install extension_uninstall extension_enable extension_disable extension_update agent.start agent.finish"
    " agent.recovery_attempt network_retry_attempt plan.execution plan.approval_mode_switch plan.approval_mode_duration"
    " approval_mode_switch approval_mode_duration hook_call llm_loop_check loop_detected loop_detection_disabled rewind"
    " keychain.availability token_storage.initialization startup.performance memory.usage performance.baseline"
    " performance.regression session_end end_session onboarding.start onboarding.success"
)
_ELSEWHERE: Final = words(
    "gen_ai.client.inference.operation.details kitty_sequence_overflow approval_mode_switch approval_mode_duration plan_execution"
)


@dataclass(frozen=True, slots=True)
class Family:
    """How one of Gemini CLI's kin differs: its prefix, the provider whose prices apply, and what its figures include."""

    prefix: str
    provider: str | None
    thoughts_on_top: bool
    session_record: str
    known: frozenset[str] = frozenset()

    def read_log(self, item: Item) -> Rows | None:
        """A record, by its name behind the prefix."""
        name = item.name.removeprefix(self.prefix)
        reader = _RECORDS.get(name)
        if item.name == self.session_record:
            return (item.event(Kind.SESSION, session=item.session),)
        if reader:
            return reader(self, item)
        return NOT_USAGE if name in _KNOWN or name in self.known or item.name in _ELSEWHERE else None


def _common(item: Item) -> dict[str, Any]:
    return {"session": item.session, "prompt": item.text("prompt_id")}


def _prompt(_: Family, item: Item) -> Rows:
    return (item.event(Kind.PROMPT, prompt_length=item.integer("prompt_length"), **_common(item)),)


def _response(family: Family, item: Item) -> Rows:
    read, output = item.integer("cached_content_token_count"), item.integer("output_token_count")
    if family.thoughts_on_top and output is not None:
        output += item.integer("thoughts_token_count") or 0
    tokens = Tokens(uncached(item.integer("input_token_count"), read), output, read, None)
    model = item.text("model")
    row = item.event(
        Kind.API_REQUEST,
        model=model,
        provider=family.provider,
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        duration_ms=item.number("duration_ms"),
        subagent=item.text("subagent_name"),
        **item.cost(model, family.provider, tokens),
        **_common(item),
    )
    return (row,)


def _error(family: Family, item: Item) -> Rows:
    row = item.event(
        Kind.ERROR,
        model=item.text("model", "model_name"),
        provider=family.provider,
        error=item.text("status_code", "error_type", "error.type") or "unknown",
        duration_ms=item.number("duration_ms" if "duration_ms" in item.attributes else "duration"),
        subagent=item.text("subagent_name"),
        **_common(item),
    )
    return (row,)


def _tool_call(_: Family, item: Item) -> Rows:
    tool, decision = item.text("function_name"), casts.decision(item.attributes.get("decision"))
    call = item.event(
        Kind.TOOL_CALL,
        tool=tool,
        mcp_server=item.text("mcp_server_name"),
        success=None if decision == "reject" else item.flag("success"),
        decision=decision,
        duration_ms=item.number("duration_ms"),
        error=item.text("error_type", "error.type"),
        **_common(item),
    )
    added, removed = _lines(item)
    if added is None and removed is None:
        return (call,)
    edit = item.further(1, Kind.EDIT, tool=tool, decision=decision, lines_added=added, lines_removed=removed, **_common(item))
    return (call, edit)


def _lines(item: Item) -> tuple[int | None, int | None]:
    """What the model added and removed, from a call's metadata or the `diffStat` within it."""
    said = casts.members(item.attributes.get("metadata"))
    within = said.get("diffStat")
    lines = casts.members(within) or (within if isinstance(within, dict) else said)
    return casts.integer(lines.get("model_added_lines")), casts.integer(lines.get("model_removed_lines"))


def _skill(_: Family, item: Item) -> Rows:
    return (item.event(Kind.SKILL, skill=item.text("skill_name"), success=item.flag("success"), **_common(item)),)


_RECORDS: Final = {
    "user_prompt": _prompt,
    "api_response": _response,
    "api_error": _error,
    "tool_call": _tool_call,
    "skill_launch": _skill,
}

_FAMILY: Final = Family("gemini_cli.", "google", thoughts_on_top=True, session_record="gemini_cli.config")

DIALECT: Final = Dialect(
    name="gemini",
    version=1,
    agent="gemini-cli",
    scopes=("gemini-cli",),
    names=(_FAMILY.prefix,),
    services=("gemini-cli",),
    version_key=None,
    keys=KEYS,
    logs=_FAMILY.read_log,
    traces=nothing,
    metrics=nothing,
)
