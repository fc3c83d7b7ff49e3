"""The audit: a line in `audit.jsonl` for every deed that shows a person, or changes what is kept or who may send.

A line is on disk before its deed is done, and what cannot be written down is not done. Lines are only ever added. One says who, what
and when, with the deed's own words; never a secret, and no telemetry.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from upwell.errors import DataDirError

NAME: Final = "audit.jsonl"

REVEAL: Final = "reveal"
REPLAY: Final = "replay"
EXPORT: Final = "export"
KEY: Final = "key"
FORGET: Final = "forget"
POLICY: Final = "policy"


def write(directory: Path, deed: str, asker: str, **words: Any) -> None:
    """Add a line, safe on disk when this returns; processes and threads may write at the same time. Raises DataDirError."""
    at = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    line = json.dumps({"at": at, "deed": deed, "asker": asker, **words}, ensure_ascii=False) + "\n"
    try:
        descriptor = os.open(directory / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode("utf-8", "replace"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DataDirError(f"{directory / NAME} cannot be written ({error.strerror}), so nobody is revealed and nothing done") from None


def read(directory: Path) -> list[dict[str, Any]]:
    """Every line, oldest first. Raises DataDirError."""
    try:
        text = (directory / NAME).read_text("utf-8", "replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise DataDirError(f"{directory / NAME} cannot be read: {error.strerror}") from None
    return [_line(line) for line in text.splitlines()]


def _line(text: str) -> dict[str, Any]:
    try:
        return dict(json.loads(text))
    except ValueError:  # cut off by a crash: that it is there must be seen
        return {"at": None, "deed": None, "asker": None, "report": None, "reason": None, "damaged": text}
