"""How each coding agent is connected: what to paste, where it goes, what it leaks. Data and text; sends nothing, opens no socket."""

from upwell.agents.blocks import PLACEHOLDER, Block, block, exports
from upwell.agents.catalog import AGENTS
from upwell.agents.model import Agent, Part

__all__ = ["AGENTS", "PLACEHOLDER", "Agent", "Block", "Part", "block", "exports"]
