"""A report's answer as the pages use it, and the one place that asks for answers: identical questions are shared.

Figures come from the report engine with the floor applied; nothing here adds, joins or hides one.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, Final

from upwell.console.view import View
from upwell.errors import UpwellError

Perform = Callable[[str, Mapping[str, Any]], Any]
"""An operation of the worker by name, with its arguments: what the command line asks too."""

_LEAST_SECONDS: Final = 1.0
_MOST_SECONDS: Final = 30.0
_SHARE: Final = 20  # an answer that took t seconds is good for 20 t: refreshing pages take a twentieth of one core
_KEPT: Final = 512
_AT_ONCE: Final = 3  # questions; the store uses every core for each of them
_STALE_SECONDS: Final = 120.0
"""An answer this much beyond its time is still given while the next one is counted."""

_MEANWHILE_SECONDS: Final = 0.2

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
    """What a report said. `problem` is the sentence why it could not be asked, `pending` that it is still counted; no rows then."""

    report: str
    columns: Sequence[Column] = ()
    rows: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = ()
    problem: str | None = None
    pending: bool = False

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

    Nobody waits longer than they say: an answer that is a little old is given meanwhile, or, where there is none, the word that
    it is being counted. `asked` counts the questions that really went to the store.
    """

    def __init__(self, perform: Perform, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._perform = perform
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[Any, ...], _Entry] = OrderedDict()
        self._hands = _Hands(_AT_ONCE)
        self.asked = 0

    def ask(
        self,
        report: str,
        view: View,
        by: str | None = None,
        more: Mapping[str, str] | None = None,
        *,
        patience: float = _LEAST_SECONDS,
        within: float = 60.0,
    ) -> Answer:
        """A report over a view, within so many seconds; an answer up to `patience` seconds old will do. What fails is its `problem`."""
        more = dict(more or {})
        arguments = {"name": report, **view.asked(), "by": by, "more": more}
        key = (report, by, *(sorted((name, str(value)) for name, value in {**view.asked(), **more}.items())))
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > _KEPT:
                self._entries.popitem(last=False)
            now = self._monotonic()
            if entry.answer is not None and now < entry.good_until:
                return entry.answer
            if entry.coming is None:
                entry.coming = self._hands.take(partial(self._renew, entry, arguments, patience))
            coming, old = entry.coming, entry.answer if now < entry.good_until + _STALE_SECONDS else None
        try:
            return coming.result(min(within, _MEANWHILE_SECONDS) if old else within)
        except TimeoutError:
            return old or Answer(report, pending=True)

    def _renew(self, entry: _Entry, arguments: Mapping[str, Any], patience: float) -> Answer:
        begun = self._monotonic()
        try:
            answer = self._really(arguments)
            now = self._monotonic()
            entry.good_until = now + min(max(patience, _SHARE * (now - begun)), max(_MOST_SECONDS, patience))
            entry.answer = answer
        finally:
            with self._lock:
                entry.coming = None
        return answer

    def _really(self, arguments: Mapping[str, Any]) -> Answer:
        with self._lock:
            self.asked += 1
        try:
            return Answer.of(self._perform("report", arguments))
        except UpwellError as error:
            return Answer(arguments["name"], problem=f"{error.message}. {error.hint}")


class _Entry:
    """A question: its last answer, how long that is good, and the next one where it is being counted."""

    __slots__ = ("answer", "coming", "good_until")

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.coming: Future[Answer] | None = None
        self.good_until = 0.0


class _Hands:
    """A few threads that count. They end with the process, whatever they are at: a question never delays an ending."""

    def __init__(self, number: int) -> None:
        self._queue: SimpleQueue[tuple[Future[Answer], Callable[[], Answer]]] = SimpleQueue()
        for place in range(number):
            threading.Thread(target=self._work, name=f"console {place}", daemon=True).start()

    def take(self, ask: Callable[[], Answer]) -> Future[Answer]:
        """Have something asked, when a hand is free."""
        coming: Future[Answer] = Future()
        self._queue.put((coming, ask))
        return coming

    def _work(self) -> None:
        while True:
            coming, ask = self._queue.get()
            try:
                coming.set_result(ask())
            except BaseException as error:  # noqa: BLE001 - whoever waits for it meets it
                coming.set_exception(error)


def _column(told: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Column:
    """A column, with the unit that counts do not state."""
    name, unit = told["name"], (told.get("unit") or "").lower()
    if name in TIMES:
        unit = "day"
    elif not unit and name not in DIMENSIONS and all(isinstance(row.get(name), int | float | None) for row in rows):
        unit = "count"
    return Column(name, unit, told.get("title") or name)
