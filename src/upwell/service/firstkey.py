"""The first key of a new data directory, so that there is something to paste without enrolling anybody."""

from __future__ import annotations

import os
from pathlib import Path

from upwell.identity import Keys, NewKey

TEAM = "default"
"""Whom the first key counts for: nobody in particular."""


def make_first(directory: Path) -> NewKey | None:
    """A key, in a data directory that never had one; None in any other, also where all have been revoked."""
    with Keys(directory / "keys.db") as keys:
        return None if keys.list() else keys.add(None, TEAM)


def keep(directory: Path, key: NewKey) -> Path:
    """Write the key's text to `first-key`, 0600, for a start that nobody watches; the file's path."""
    file = directory / "first-key"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(key.secret_text + "\n")
    return file
