"""What is known of each agent, held against what they were seen to send and read."""

from __future__ import annotations

import pytest

from upwell.agents import AGENTS
from upwell.otlp import Signal
from upwell.usage.dialects import DIALECTS

RECORDED_BODIES = {
    "claude-code": {"logs", "metrics", "traces"},
    "codex": {"logs", "metrics", "traces"},
    "gemini-cli": {"logs", "metrics", "traces"},
    "qwen-code": {"logs", "metrics", "traces"},
    "copilot-cli": {"metrics", "traces"},
    "opencode": {"logs", "traces"},
}
LEAKS = {"codex", "gemini-cli", "qwen-code", "opencode"}


@pytest.mark.parametrize("name", RECORDED_BODIES)
def test_agents_send_the_signals_that_were_recorded(name: str) -> None:
    """An agent that was run here sends what its recordings hold, and no more."""
    assert set(AGENTS[name].sends) == RECORDED_BODIES[name]


def test_every_signal_is_a_signal() -> None:
    """Nobody sends what OTLP has no word for."""
    assert {signal for about in AGENTS.values() for signal in about.sends} == {signal.value for signal in Signal}


@pytest.mark.parametrize("name", LEAKS)
def test_agents_that_were_seen_leaking_are_marked(name: str) -> None:
    """Content found in bodies with all switches off is said."""
    assert AGENTS[name].leaks


@pytest.mark.parametrize("name", ["claude-code", "copilot-cli"])
def test_agents_that_leak_nothing_are_not_accused(name: str) -> None:
    """None of the texts searched for was in their bodies."""
    assert AGENTS[name].leaks is None


def test_every_dialect_has_an_agent_to_connect() -> None:
    """Whatever Upwell can read, it says how to connect."""
    named = {dialect.agent for dialect in DIALECTS if dialect.agent}

    assert named <= set(AGENTS)


@pytest.mark.parametrize("name", AGENTS)
def test_every_file_has_a_path_on_each_platform(name: str) -> None:
    """A part that goes into a file says where on Linux, macOS and Windows."""
    for part in (*AGENTS[name].parts, *AGENTS[name].managed):
        assert not part.files or set(part.files) == {"linux", "macos", "windows"}
