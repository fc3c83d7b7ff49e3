"""A report's answer as the pages use it, and the one place that asks for answers: identical questions are shared.

Figures come from the report engine with the floor applied; nothing here adds, joins or hides one.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from upwell.console.view import View
from upwell.errors import UpwellError

Perform = Callable[[str, Mapping[str, Any]], Any]
"""An operation of the worker by name, with its arguments: what the command line asks too."""

_LEAST_SECONDS: Final = 1.0
_MOST_SECONDS: Final = 30.0
_SHARE: Final = 20  # an answer that took t seconds is good for 20 t: refreshing pages take a twentieth of one core
_KEPT: Final = 512

TIMES: Final = frozenset({"day", "week", "month", "cohort"})
"""Columns that hold days: periods are named after their first one."""

DIMENSIONS: Final = frozenset({"weekday", "hour"})
"""Columns that hold numbers and are names."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer. `unit` is count, tokens, usd, ms or share for figures, and "" for names and days."""

    name: str
    unit: str
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a report said. `problem` is the sentence why it could not be asked; there are no rows then."""

    report: str
    columns: Sequence[Column] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    problem: str | None = None

    @staticmethod
    def of(document: Mapping[str, Any]) -> Answer:
        """From the documented JSON shape."""
        columns = tuple(_column(column, document["rows"]) for column in document["columns"])
        return Answer(document["report"], columns, tuple(document["rows"]), tuple(document.get("notes", ())))

    @property
    def first(self) -> Mapping[str, Any]:
        """The only row of an ungrouped answer; empty where there is none."""
        return self.rows[0] if self.rows else {}

    def unit(self, name: str) -> str:
        """The unit of a column."""
        return next((column.unit for column in self.columns if column.name == name), "")

    def series(self, key: str, value: str) -> dict[Any, Any]:
        """One column against another."""
        return {row.get(key): row.get(value) for row in self.rows}


class Questions:
    """Asks reports, and gives the same answer to whoever asks the same within a moment. May be used by several threads.

    `asked` counts the questions that really went to the store.
    """

    def __init__(self, perform: Perform, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._perform = perform
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()
        self.asked = 0

    def ask(
        self, report: str, view: View, by: str | None = None, more: Mapping[str, str] | None = None, *, patience: float = _LEAST_SECONDS
    ) -> Answer:
        """A report over a view; an answer up to `patience` seconds old will do. What fails becomes the answer's `problem`."""
        more = dict(more or {})
        arguments = {**view.asked(), "by": by, "more": more}
        key = (report, by, *(sorted((name, str(value)) for name, value in {**view.asked(), **more}.items())))
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > _KEPT:
                self._entries.popitem(last=False)
        with entry.lock:  # whoever asks the same meanwhile waits for this answer
            if entry.answer is None or self._monotonic() >= entry.good_until:
                begun = self._monotonic()
                entry.answer = self._really(report, arguments)
                now = self._monotonic()
                entry.good_until = now + min(max(patience, _SHARE * (now - begun)), max(_MOST_SECONDS, patience))
            return entry.answer

    def _really(self, report: str, arguments: Mapping[str, Any]) -> Answer:
        self.asked += 1
        try:
            return Answer.of(self._perform("report", {"name": report, **arguments}))
        except UpwellError as error:
            return Answer(report, problem=f"{error.message}. {error.hint}")


def _column(told: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Column:
    """A column, with the unit that counts do not state."""
    name, unit = told["name"], (told.get("unit") or "").lower()
    if name in TIMES:
        unit = "day"
    elif not unit and name not in DIMENSIONS and all(isinstance(row.get(name), int | float | None) for row in rows):
        unit = "count"
    return Column(name, unit, told.get("title") or name)


class _Entry:
    __slots__ = ("answer", "good_until", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answer: Answer | None = None
        self.good_until = 0.0
