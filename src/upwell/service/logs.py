"""Logging to stderr, one line each: `time=… level=… process=… message="…"`, and shorter on a terminal.

An unforeseen exception is logged by its type and the places it passed, never by its text:
that may quote what an agent sent, and telemetry's content is no business of a log.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from pathlib import Path
from types import TracebackType
from typing import TextIO

from upwell.errors import UpwellError

_PLACES = 8  # the innermost frames say where; more make the line long


class LineFormatter(logging.Formatter):
    """One record, one line. `terminal` leaves out what a person looking on knows already."""

    def __init__(self, process: str, *, terminal: bool) -> None:
        super().__init__()
        self._process = process
        self._terminal = terminal

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line without its newline."""
        message = _line(record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            message += f" ({describe(record.exc_info[1])})"
        if self._terminal:
            clock = time.strftime("%H:%M:%S", time.localtime(record.created))
            level = "" if record.levelno <= logging.INFO else f" {record.levelname.lower()}:"
            return f"{clock} {self._process}{level} {message}"
        clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        quoted = message.replace("\\", "\\\\").replace('"', '\\"')
        return f'time={clock}.{int(record.msecs):03d}Z level={record.levelname.lower()} process={self._process} message="{quoted}"'


def configure(process: str, stream: TextIO | None = None, *, terminal: bool | None = None) -> None:
    """Send this process's log lines to `stream` (stderr), in the form that fits it."""
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter(process, terminal=stream.isatty() if terminal is None else terminal))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # other people's libraries
    logging.getLogger("upwell").setLevel(logging.INFO)
    logging.raiseExceptions = False  # a closed stderr must not become a second failure


def describe(error: BaseException) -> str:
    """An exception without its text, unless the text is one of ours: `KeyError at a.py:12 < b.py:30`."""
    if isinstance(error, UpwellError):
        return f"[{error.code}] {_line(error.message)}"
    places = " < ".join(reversed(_places(error.__traceback__)))
    return f"{type(error).__name__} at {places}" if places else type(error).__name__


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-_PLACES:]]


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
