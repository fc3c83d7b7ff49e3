"""What Claude Code's figures meant in which version, from its changelog.

A trend that crosses one of these versions lies unless it is marked, so rows from before a change say so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from upwell.usage.events import Kind

_CHANGES: Final[tuple[tuple[Kind, tuple[int, ...], str], ...]] = (
    (Kind.API_REQUEST, (2, 1, 214), "before 2.1.214: tokens and cost of streams behind a gateway may count twice"),
    (Kind.TOOL_CALL, (2, 1, 216), "before 2.1.216: denials count as rejections"),
    (Kind.EDIT, (2, 1, 216), "before 2.1.216: denials count as rejections"),
    (Kind.PROMPT, (2, 1, 161), "before 2.1.161: records made before start-up was done are missing"),
    (Kind.ACTIVE_TIME, (2, 1, 139), "before 2.1.139: without runs of --print"),
    (Kind.PULL_REQUEST, (2, 1, 129), "before 2.1.129: without those made over MCP"),
    (Kind.SKILL, (2, 1, 126), "before 2.1.126: without typed commands"),
)
"""Kinds, the version in which their figure changed, and what it meant before."""


@lru_cache(maxsize=1024)
def version_of(stated: str | None) -> tuple[int, ...] | None:
    """`2.1.330` as three numbers; None for what begins with none."""
    parts = re.match(r"v?(\d+)\.(\d+)\.(\d+)", stated or "")
    return tuple(int(part) for part in parts.groups()) if parts else None


@lru_cache(maxsize=4096)
def remark(kind: Kind, stated: str | None) -> str | None:
    """What a row of this kind meant in this version, where a later one changed it."""
    version = version_of(stated)
    return next((said for of, changed, said in _CHANGES if of is kind and version and version < changed), None)
