"""What the doctor says of one link of the chain."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from upwell.errors import UpwellError


class State(StrEnum):
    """How a link is: good, good for now, broken."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One link, how it is in a sentence, and for what is not well the next step. `code` is an error's or a lane's."""

    link: str
    state: State
    message: str
    hint: str = ""
    code: str = ""


def ok(link: str, message: str) -> Finding:
    """A link that holds."""
    return Finding(link, State.OK, message)


def warn(link: str, message: str, hint: str, code: str = "") -> Finding:
    """A link that holds, and may not for long, or holds less than it should."""
    return Finding(link, State.WARN, message, hint, code)


def fail(link: str, message: str, hint: str, code: str = "") -> Finding:
    """A broken link."""
    return Finding(link, State.FAIL, message, hint, code)


def failed(link: str, error: UpwellError) -> Finding:
    """A link that raised."""
    return fail(link, error.message, error.hint, error.code)
