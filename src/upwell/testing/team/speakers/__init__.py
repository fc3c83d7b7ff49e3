"""How each agent of the team tells what its people do: one module an agent, with the shapes of its recordings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upwell.testing.team.speakers.claude_code import ClaudeCode
from upwell.testing.team.speakers.codex import Codex
from upwell.testing.team.speakers.copilot_cli import CopilotCli
from upwell.testing.team.speakers.gemini_cli import GeminiCli
from upwell.testing.team.speakers.opencode import OpenCode
from upwell.testing.team.wire import Speaker

SPEAKERS: Final[Mapping[str, Speaker]] = {
    "claude-code": ClaudeCode(),
    "codex": Codex(),
    "copilot-cli": CopilotCli(),
    "gemini-cli": GeminiCli(),
    "opencode": OpenCode(),
}
"""By the agent's name."""
