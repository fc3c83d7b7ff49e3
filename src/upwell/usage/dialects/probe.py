"""Upwell's own marked events (`upwell deploy`, `upwell doctor --send`): known, and no usage of anybody.

Traps: none; the scope is ours alone.
"""

from __future__ import annotations

from typing import Final

from upwell.usage.dialects.base import Dialect, nothing

DIALECT: Final = Dialect(name="probe", version=1, agent=None, scopes=("upwell.probe",), logs=nothing, traces=nothing, metrics=nothing)
