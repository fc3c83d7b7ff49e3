"""The OpenTelemetry GenAI conventions: what an agent without a module of its own still says."""

from __future__ import annotations

from typing import Final

from upwell.usage.dialects.base import Dialect

DIALECT: Final = Dialect(name="genai", version=1, agent=None, logs=lambda _: None, traces=lambda _: None, metrics=lambda _: None)
