"""Decides what a killed writer left undecided: rows that no reader sees, but that would come back.

SQLite commits by writing frames to the WAL, syncing them, and then telling the WAL's index, which all processes
share. A gateway killed between the last two leaves rows that nobody sees while the worker has the file open. When the
worker is killed too, the next who opens it makes the index anew from the WAL, and there they are: beside their retry,
which was stored as new, and in a segment that the lanes have finished with. Nobody was told that they are stored, so
either way is right, but it must not change.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from upwell.journal import layout

_LOCK_SECONDS = 1.0


def undecided(directory: Path, names: list[str]) -> list[str]:
    """Those of the segments, none of which has a writer, that still have a WAL."""
    return [name for name in names if _has_wal(directory, name)]


def decide(directory: Path, name: str) -> None:
    """Commit page 1 as it is: that takes the place of frames the index does not know; those it knows stay. Raises sqlite3.Error."""
    uri = f"{layout.database(directory, name).absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_LOCK_SECONDS)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version={version}")


def _has_wal(directory: Path, name: str) -> bool:
    try:
        return layout.wal(directory, name).stat().st_size > 0
    except OSError:
        return False
