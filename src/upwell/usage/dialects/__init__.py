"""The dialects: one module per agent, all of the same shape, in the order in which they are asked."""

from typing import Final

from upwell.usage.dialects import (
    claude_code,
    codex,
    copilot_cli,
    cowork,
    cursor,
    gemini,
    genai,
    kiro,
    opencode,
    probe,
    qwen,
    vscode_copilot,
)
from upwell.usage.dialects.base import Dialect

DIALECTS: Final[tuple[Dialect, ...]] = (
    cowork.DIALECT,
    claude_code.DIALECT,
    codex.DIALECT,
    gemini.DIALECT,
    qwen.DIALECT,
    vscode_copilot.DIALECT,
    copilot_cli.DIALECT,
    cursor.DIALECT,
    opencode.DIALECT,
    kiro.DIALECT,
    probe.DIALECT,
    genai.DIALECT,
)
"""Whoever is recognised by nothing falls to the last, the general conventions."""
