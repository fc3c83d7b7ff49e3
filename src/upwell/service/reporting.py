"""Reports for whoever asks the worker: questions as JSON in, answers as JSON out, and how many people are enrolled."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from upwell.config import Settings
from upwell.errors import ConfigError
from upwell.identity import Keys
from upwell.store import Store
from upwell.store.reports import REPORTS, Query, Reporter


class Reporting:
    """Keeps one reporter for the store that is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._reporter: Reporter | None = None

    def reporter(self, settings: Settings, store: Store) -> Reporter:
        """The reporter of an open store."""
        with self._lock:
            if self._reporter is None or self._store is not store:
                count = partial(enrolled, settings.data_dir / "keys.db")
                self._store, self._reporter = store, Reporter(store, settings.reports, settings.console.floor, count)
            return self._reporter


def enrolled(keys_db: Path) -> int:
    """How many people hold a key now."""
    if not keys_db.exists():
        return 0
    now_ns = time.time_ns()
    with Keys(keys_db) as keys:
        return len({key.person.casefold() for key in keys.list() if key.person is not None and key.live(now_ns)})


def question(arguments: Mapping[str, Any]) -> Query:
    """A question as JSON has it. Raises ConfigError."""
    told = {name: arguments.get(name) for name in ("by", "agent", "team", "model")}
    more = {str(name): str(value) for name, value in (arguments.get("more") or {}).items()}
    return Query(_day("since", arguments.get("since")), _day("until", arguments.get("until")), **told, more=more)


def catalogue() -> list[dict[str, Any]]:
    """Every report, without its SQL."""
    return [report.as_json() for report in REPORTS.values()]


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(f"{name}: {text!r} is no day", hint="Write a day as 2026-11-21.") from None
