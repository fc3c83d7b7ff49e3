"""Tells where something unexpected happened without telling what was in it.

An exception's message and a traceback's values may quote telemetry or a key, so only the
exception's type and the place in the program are ever named.
"""

from __future__ import annotations

import logging
from typing import Any, Final

_log: Final = logging.getLogger("upwell.gateway")
_PLACES_KEPT: Final = 100


def place_of(error: BaseException) -> str:
    """`module.function:line` of where an exception was raised."""
    trace = error.__traceback__
    if trace is None:
        return "an unknown place"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}.{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}"


class Faults:
    """Unexpected exceptions: each kind and place logged once, all of them counted."""

    def __init__(self) -> None:
        self.count = 0
        self._seen: set[tuple[str, str]] = set()

    def note(self, error: BaseException, doing: str) -> None:
        """Count an exception, and log it if it is the first of its kind at its place."""
        self.count += 1
        kind = type(error).__name__, place_of(error)
        if kind not in self._seen and len(self._seen) < _PLACES_KEPT:
            self._seen.add(kind)
            _log.error("%s while %s, at %s; more of these are only counted", kind[0], doing, kind[1])

    def on_loop_error(self, _loop: object, context: dict[str, Any]) -> None:
        """For `loop.set_exception_handler`, whose default prints tracebacks."""
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.note(error, "serving connections")
