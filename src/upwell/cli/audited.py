"""The command line's lines in the audit: who changed keys or replayed what."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def note(directory: Path, deed: str, **words: Any) -> None:
    """Write down a deed of whoever runs this command. Raises DataDirError."""
    import getpass

    from upwell import audit

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = "somebody"
    audit.write(directory, deed, f"{name}, on the command line", **words)
