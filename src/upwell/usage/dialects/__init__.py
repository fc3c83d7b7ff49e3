"""The dialects: one module per agent, all of the same shape, in the order in which they are asked."""

from typing import Final

from upwell.usage.dialects import claude_code, genai
from upwell.usage.dialects.base import Dialect

GENERAL: Final = genai.DIALECT
"""The OpenTelemetry GenAI conventions, asked last, for agents that nobody has written a module for."""

DIALECTS: Final[tuple[Dialect, ...]] = (claude_code.DIALECT,)
