"""The live view of `upwell serve` on a terminal: one quiet line per signal, below whatever is logged."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from upwell.errors import UpwellError
from upwell.service import client

_SECONDS = 1.0
_COLUMNS = ("accepted", "delivered", "pending", "refused", "usage")


class LiveView:
    """Asks the worker once a second, and redraws. It shows what it last heard when the worker does not answer."""

    def __init__(self, directory: Path, console: Console | None = None) -> None:
        self._directory = directory
        self._console = console or Console(stderr=True, highlight=False)
        self._live = Live(Text("starting ..."), console=self._console, auto_refresh=False)
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="live view", daemon=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        self._thread.join()
        self._live.stop()

    def say(self, line: str) -> None:
        """Print a log line above the live ones."""
        self._console.print(Text.from_ansi(line))

    def _watch(self) -> None:
        while not self._leaving.wait(_SECONDS):
            try:
                found = client.call(self._directory, "glance", {}, timeout=5.0)
            except (OSError, UpwellError):
                continue
            self._live.update(lines(found), refresh=True)


def lines(found: dict[str, Any]) -> Table:
    """The figures of one look, a row per signal; what there is none of, without sinks, is a dash."""
    table = Table.grid(padding=(0, 2))
    for signal, figures in found.items():
        cells = [f"{name} {'-' if figures[name] is None else format(figures[name], ',')}" for name in _COLUMNS]
        table.add_row(signal, *cells, figures["trouble"] or "")
    return table
