"""Makes commits of the gateway fail or stall, from outside: Python imports this module at start where its folder is on the path.

The file named by CRASH_TEST_FAULT says how the next commits end; where it is empty or missing they end well.
Nothing in Upwell knows of it: it stands between Python and SQLite.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

_SWITCH = Path(os.environ.get("CRASH_TEST_FAULT", os.devnull))


def _fault() -> str:
    try:
        return _SWITCH.read_text()
    except OSError:
        return ""


def _error(code: int, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


class Connection(sqlite3.Connection):
    """SQLite on a disk that misbehaves at COMMIT."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        """Pass everything on but a COMMIT that is to fail."""
        fault = _fault() if sql == "COMMIT" else ""
        if fault == "not written":
            raise _error(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error")
        if fault == "written, not synced":
            super().execute(sql, *parameters)
            raise _error(sqlite3.SQLITE_IOERR_FSYNC, "disk I/O error")
        if fault == "read-only":
            raise _error(sqlite3.SQLITE_READONLY, "attempt to write a readonly database")
        while fault == "stalled":
            time.sleep(0.02)
            fault = _fault()
        return super().execute(sql, *parameters)


if "gateway" in sys.orig_argv:
    sqlite3.connect = functools.partial(sqlite3.connect, factory=Connection)  # type: ignore[assignment]
