"""The audit trail: a line for every deed that shows a person, or changes what is kept or who may send. Appended, never rewritten.

A line says who, what and when, with the deed's own words; never a secret, and no telemetry.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

FILE: Final = "audit.jsonl"

REVEAL: Final = "reveal"
REPLAY: Final = "replay"
EXPORT: Final = "export"
KEY: Final = "key"


class Audit:
    """The trail of one data directory, in `audit.jsonl`, 0600. Processes and threads may write at the same time."""

    def __init__(self, directory: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = directory / FILE
        self._clock = clock

    def write(self, deed: str, who: str, **words: Any) -> None:
        """Add a line and wait until it is on disk. Raises OSError: a deed that cannot be written down is not to be done."""
        at = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = json.dumps({"at": at, "who": who, "deed": deed, **words}, ensure_ascii=False) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode("utf-8", "replace"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> Iterator[dict[str, Any]]:
        """Every line, oldest first; what cannot be read is passed over."""
        try:
            lines = self.path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                continue
