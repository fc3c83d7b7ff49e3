"""Who had people revealed, and why: the part of the audit that `upwell audit` lists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upwell import audit
from upwell.audit import REVEAL


def write(directory: Path, asker: str, told: Mapping[str, Any]) -> None:
    """Add a line before a question is answered, safe on disk when this returns. Raises DataDirError: then nobody is revealed."""
    audit.write(directory, REVEAL, asker, **told)


def read(directory: Path) -> list[dict[str, Any]]:
    """Every reveal, oldest first, and every line that is damaged. Raises DataDirError."""
    return [line for line in audit.read(directory) if line.get("deed", REVEAL) in (REVEAL, None)]
