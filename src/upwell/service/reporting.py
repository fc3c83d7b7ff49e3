"""Reports for whoever asks the worker: questions as JSON in, answers as JSON out; who is enrolled, and who proves to be whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from upwell.config import Settings
from upwell.errors import ConfigError
from upwell.identity import Keyring, Keys, Pseudonyms
from upwell.service import reveals
from upwell.store import Store
from upwell.store.reports import REPORTS, Query, Reporter, Viewer


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
                write = partial(reveals.write, settings.data_dir)
                self._store = store
                self._reporter = Reporter(store, settings.reports, settings.console.floor, count, audit=write)
            return self._reporter

    def keep_up(self, settings: Settings, store: Store) -> None:
        """Count what has come, so that nobody who asks has to wait for it. Raises DataDirError."""
        self.reporter(settings, store).refresh()

    def stop(self) -> None:
        """Let go of what is being counted."""
        with self._lock:
            if self._reporter is not None:
                self._reporter.stop()


def enrolled(keys_db: Path) -> int:
    """How many people hold a key now."""
    if not keys_db.exists():
        return 0
    now_ns = time.time_ns()
    with Keys(keys_db) as keys:
        return len({key.person.strip().casefold() for key in keys.list() if key.person is not None and key.live(now_ns)})


def question(arguments: Mapping[str, Any]) -> Query:
    """A question as JSON has it. Raises ConfigError."""
    told = {name: arguments.get(name) or None for name in ("by", "agent", "team", "model", "person")}
    more = {str(name): str(value) for name, value in (arguments.get("more") or {}).items()}
    return Query(_day("since", arguments.get("since")), _day("until", arguments.get("until")), **told, more=more)


def viewer(settings: Settings, arguments: Mapping[str, Any]) -> Viewer:
    """Who asks: `key`, a person's ingest key, proves who they are; `reason` asks to reveal, and `asker` is written down with it.

    Raises Unauthenticated where the key is not one, ConfigError where it names no person.
    """
    person = _holder(settings, arguments["key"]) if arguments.get("key") else None
    return Viewer(person, arguments.get("reason"), str(arguments.get("asker") or "unnamed"))


def catalogue() -> list[dict[str, Any]]:
    """Every report, without its SQL."""
    return [report.as_json() for report in REPORTS.values()]


def _holder(settings: Settings, text: str) -> str:
    """What the holder of a key is called in rows."""
    path = settings.data_dir / "keys.db"
    with closing(Keyring(path)) as keyring:
        key = keyring.authenticate(text, time.time_ns())
    if key.person is None:
        raise ConfigError("the key is a team's, and names no person", hint="Use a key of `upwell keys add --person`.")
    if settings.policy.person == "none":
        return f"key {key.id}"
    with Keys(path) as keys:
        return key.person if settings.policy.person == "email" else Pseudonyms(keys.salt).of(key.person)


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(f"{name}: {text!r} is no day", hint="Write a day as 2026-11-21.") from None
