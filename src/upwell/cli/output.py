"""How results and failures are printed: JSON, aligned columns, one line of error with its next step."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from upwell.errors import UpwellError

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


def data(text: str) -> None:
    """A result, for people or programs."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise  # the reader has left, which is its right: typer ends quietly
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python tries once more on its way out
        raise UpwellError(f"stdout cannot be written: {error.strerror}", hint="Make room there, or write elsewhere.") from None


def message(text: str) -> None:
    """What is said beside the result."""
    print(text, file=sys.stderr)


def as_json(document: Any) -> None:
    """A result as JSON; its fields are described in docs/cli.md and only ever added to."""
    data(json.dumps(document, indent=2, ensure_ascii=False))


def table(titles: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Aligned columns, numbers to the right; without rows, `empty` is said instead."""
    if not rows:
        message(empty)
        return
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[column]) for line in [list(titles), *cells]) for column in range(len(titles))]
    numeric = [all(isinstance(row[column], int | float | None) for row in rows) for column in range(len(titles))]
    for line in [list(titles), *cells]:
        padded = [text.rjust(width) if right else text.ljust(width) for text, width, right in zip(line, widths, numeric, strict=True)]
        data("  ".join(padded).rstrip())


def fail(error: UpwellError) -> None:
    """`error [code]: sentence`, and the next step below it."""
    label = f"error [{error.code}]:"
    message(f"{_colored(label, _RED)} {error.message}\n  next step: {error.hint}")


def _colored(text: str, color: str) -> str:
    wanted = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"{color}{text}{_PLAIN}" if wanted else text


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
