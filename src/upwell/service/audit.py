"""Writes down who had people revealed, and why: `audit.jsonl` in the data directory, a line per question, before it is answered.

Lines are only ever added. What cannot be written down is not told.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from upwell.errors import DataDirError
from upwell.service.when import format_ns

NAME: Final = "audit.jsonl"


def write(directory: Path, asker: str, told: Mapping[str, Any]) -> None:
    """Add a line, safe on disk when this returns. Raises DataDirError."""
    line = json.dumps({"at": format_ns(time.time_ns()), "asker": asker, **told}, ensure_ascii=False) + "\n"
    try:
        descriptor = os.open(directory / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode("utf-8", "replace"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DataDirError(f"{directory / NAME} cannot be written ({error.strerror}), so nobody is revealed") from None


def read(directory: Path) -> list[dict[str, Any]]:
    """Every line, oldest first. Raises DataDirError."""
    try:
        text = (directory / NAME).read_text("utf-8")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataDirError(f"{directory / NAME} cannot be read: {error.strerror}") from None
    return [_line(line) for line in text.splitlines()]


def _line(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except ValueError:  # cut off by a crash: that it is there must be seen
        return {"at": None, "asker": None, "report": None, "reason": None, "damaged": text}
