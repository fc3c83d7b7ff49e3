"""One line per record, no content of telemetry, readable by people and by programs."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from upwell.errors import JournalFull
from upwell.service import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raising


def _logged(message: str, *arguments: object, terminal: bool = False, level: int = logging.INFO) -> str:
    stream = io.StringIO()
    logs.configure("gateway", stream, terminal=terminal)
    logging.getLogger("upwell.gateway").log(level, message, *arguments)
    return stream.getvalue()


def test_a_line_has_time_level_process_and_message() -> None:
    """Off a terminal a line is made of `key=value` pairs."""
    line = _logged("listening on %s", "127.0.0.1:4318")

    assert line.startswith("time=20")
    assert line.endswith('Z level=info process=gateway message="listening on 127.0.0.1:4318"\n')


def test_a_message_cannot_break_out_of_its_line() -> None:
    """Line breaks, escapes and quotes in a message stay inside its quotes."""
    line = _logged('a"b\\c\nlevel=error \x1b[31m')

    assert line.count("\n") == 1
    assert '"a\\"b\\\\c level=error  [31m"' in line


def test_a_terminal_gets_a_short_line() -> None:
    """On a terminal the date goes without saying, and so does an ordinary level."""
    assert _logged("ready", terminal=True)[8:] == " gateway ready\n"
    assert _logged("slow", terminal=True, level=logging.WARNING)[8:] == " gateway warning: slow\n"


def test_an_unforeseen_exception_shows_its_place_and_not_its_text() -> None:
    """A ValueError may quote a prompt, so only its type and the places it passed are written."""
    stream = io.StringIO()
    logs.configure("worker", stream)
    try:
        int("fix my marriage")
    except ValueError:
        logging.getLogger("upwell.worker").exception("it broke")

    assert "marriage" not in stream.getvalue()
    assert "it broke (ValueError at test_logs.py:" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_our_own_errors_are_shown_in_words() -> None:
    """What Upwell says itself never holds content, and is worth reading."""
    assert logs.describe(JournalFull("the journal is full")) == "[journal-full] the journal is full"


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    """Describing an exception does not need a traceback."""
    assert logs.describe(KeyError("secret")) == "KeyError"


def test_libraries_are_heard_from_warnings_on() -> None:
    """What libraries say in passing stays out; Upwell's own information comes through."""
    stream = io.StringIO()
    logs.configure("worker", stream)
    logging.getLogger("botocore").info("credentials found")
    logging.getLogger("botocore").warning("clock skew")

    assert "credentials" not in stream.getvalue()
    assert "clock skew" in stream.getvalue()


def test_a_closed_stderr_is_survived() -> None:
    """A process whose terminal is gone goes on."""
    stream = io.StringIO()
    logs.configure("worker", stream)
    stream.close()

    logging.getLogger("upwell.worker").info("nobody hears this")
