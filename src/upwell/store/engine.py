"""DuckDB, opened as Upwell wants it: no extension is fetched or loaded by itself, memory is bounded, errors are ours."""

from __future__ import annotations

import atexit
import os
import sys
from pathlib import Path

import duckdb

from upwell.errors import DataDirError


def connect(path: Path, memory_limit: int, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection to one file; `memory_limit` in bytes. Raises DataDirError where it cannot be opened."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "checkpoint_threshold": "64MB",  # at 16 MB, the default, a busy store writes the same rows anew several times a second
        "memory_limit": f"{memory_limit // 10**3}KB",
        "preserve_insertion_order": False,
    }
    try:
        return duckdb.connect(str(path), read_only=read_only, config=settings)
    except (duckdb.Error, OSError) as error:
        raise DataDirError(f"{path} cannot be opened: {words(error)}", hint=_HINT) from None


def words(error: Exception) -> str:
    """What DuckDB says, without the lines that quote a statement."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


_HINT = "If the file is damaged, put a backup in its place or move it away, and start again."


def _end_quietly() -> None:
    """DuckDB's binding prints a page on every object alive at the very end, and `upwell.otlp` must keep all of them alive."""
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


atexit.register(_end_quietly)
