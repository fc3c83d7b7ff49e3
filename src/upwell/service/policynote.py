"""Writes into the audit when the settings changed that decide what is kept of people and who may see it."""

from __future__ import annotations

from typing import Any

from upwell import audit
from upwell.config import Settings


def note(settings: Settings) -> None:
    """Add a line where the settings in force are not those of the last line. Raises DataDirError."""
    stated = in_force(settings)
    lines = [line for line in audit.read(settings.data_dir) if line.get("deed") == audit.POLICY]
    if not lines or lines[-1].get("settings") != stated:
        audit.write(settings.data_dir, audit.POLICY, "start of the worker", settings=stated)


def in_force(settings: Settings) -> dict[str, Any]:
    """The settings that somebody whose work is counted would want to know of."""
    console = settings.console
    return {
        **{f"policy.{name}": value for name, value in settings.policy.model_dump(mode="json").items()},
        "console.floor": console.floor,
        "console.reveal": console.reveal,
        "console.auth": console.auth,
        "store.retention": f"{settings.store.retention / 86400:g}d",
        "journal.keep": f"{settings.journal.keep / 3600:g}h",
    }
