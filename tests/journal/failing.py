"""A database connection that fails, or stalls, where a test says."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from tests.journal.place import current
from upwell.journal import Journal


def error(code: int, text: str = "made by the test") -> sqlite3.OperationalError:
    """An error as SQLite reports it."""
    found = sqlite3.OperationalError(text)
    found.sqlite_errorcode = code
    return found


def raiser(code: int) -> Callable[[], None]:
    """A hook that raises such an error."""

    def hook() -> None:
        raise error(code)

    return hook


class Failing:
    """Stands before a real connection; `before` and `after` may raise or wait at a statement that begins so."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        statement: str,
        *,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._statement = statement
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str) -> sqlite3.Cursor:
        return self._at(statement, lambda: self._connection.execute(statement))

    def executemany(self, statement: str, rows: list[Any]) -> sqlite3.Cursor:
        return self._at(statement, lambda: self._connection.executemany(statement, rows))

    def _at(self, statement: str, run: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
        if not statement.startswith(self._statement):
            return run()
        self._before()
        cursor = run()
        self._after()
        return cursor


def fail(journal: Journal, statement: str, code: int, *, times: int = 1) -> None:
    """Let the next statements of the current segment that begin so fail, without having been run."""
    left = [error(code)] * times

    def before() -> None:
        if left:
            raise left.pop()

    wrap(journal, statement, before=before)


def wrap(journal: Journal, statement: str, **hooks: Callable[[], None]) -> None:
    """Put hooks at a statement of the current segment."""
    segment = current(journal)
    segment._connection = Failing(segment._connection, statement, **hooks)  # type: ignore[assignment]
