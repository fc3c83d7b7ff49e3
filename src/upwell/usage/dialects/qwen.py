"""Qwen Code, 0.24: a fork of Gemini CLI that keeps its records and says more.

Traps beyond Gemini's: output includes thoughts; a session begins with `session.start`, which has no prefix; `success` is false
for a command that failed; `metadata` is a map, not text; the model may be anybody's, so no provider is assumed; metrics have
no session.
"""

from __future__ import annotations

from typing import Final

from upwell.usage.dialects.base import Dialect, nothing, words
from upwell.usage.dialects.gemini import KEYS, Family

_MORE: Final = words(
    "config auth user_retry user_feedback repeated_tool_failure_guard api_cancel api_retry ripgrep_runtime_recovery"
    " chat.protocol_tag_sanitized subagent_execution prompt_suggestion speculation workflow_keyword workflow_run"
    " workflow_size_warning arena_session_started arena_agent_completed arena_session_ended memory.extract memory.dream"
    " memory.recall memory.recall.delivery memory.search memory.migration memory.recall_mode_transition session.end"
)
_FAMILY: Final = Family("qwen-code.", None, thoughts_on_top=False, session_record="session.start", known=_MORE)

DIALECT: Final = Dialect(
    name="qwen",
    version=1,
    agent="qwen-code",
    scopes=("qwen-code",),
    names=(_FAMILY.prefix,),
    services=("qwen-code",),
    keys=KEYS,
    logs=_FAMILY.read_log,
    traces=nothing,
    metrics=nothing,
)
