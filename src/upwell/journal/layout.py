"""The names in the journal's directory, and their order.

A segment's name is `<unix milliseconds, 13 digits or more>-<8 random hex digits>`. Its rows are in
`<name>.db` (with SQLite's `-wal` and `-shm`), its high-water mark in `<name>.mark`. `<name>.gone` says that it
is being deleted. Other names are not segments; `next-<hex>.tmp` is one that the gateway holds ready.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import nullcontext
from pathlib import Path

_NAME = re.compile(r"([0-9]{13,}-[0-9a-f]{8})\.(db|mark|gone)")
_DRAFT = re.compile(r"next-[0-9a-f]{8}\.tmp(-wal|-shm|-journal)?")


def order(name: str) -> tuple[int, str]:
    """Sort key of segment names: by their time, also when that gains a digit."""
    return len(name), name


def names(directory: Path) -> list[str]:
    """Segments, oldest first. One whose database is missing counts as long as its mark is there: its rows are lost, not forgotten."""
    found: set[str] = set()
    gone: set[str] = set()
    with os.scandir(directory) if directory.is_dir() else nullcontext(()) as entries:
        for entry in entries:
            if match := _NAME.fullmatch(entry.name):
                (gone if match[2] == "gone" else found).add(match[1])
    return sorted(found - gone, key=order)


def made_ns(name: str) -> int:
    """When a segment was made, Unix nanoseconds, or a little later than that."""
    return int(name.partition("-")[0]) * 1_000_000


def fresh(newest: str | None, now_ns: int) -> str:
    """A name that sorts after `newest`, whatever the clock says."""
    floor = int(newest.partition("-")[0]) + 1 if newest else 0
    return f"{max(now_ns // 1_000_000, floor):013d}-{secrets.token_hex(4)}"


def draft(directory: Path) -> Path:
    """A path for a database that is no segment yet."""
    return directory / f"next-{secrets.token_hex(4)}.tmp"


def drafts(directory: Path) -> list[Path]:
    """Left over from earlier starts."""
    return [entry for entry in directory.iterdir() if _DRAFT.fullmatch(entry.name)]


def database(directory: Path, name: str) -> Path:
    return directory / f"{name}.db"


def wal(directory: Path, name: str) -> Path:
    return directory / f"{name}.db-wal"


def mark(directory: Path, name: str) -> Path:
    return directory / f"{name}.mark"


def files(directory: Path, name: str) -> tuple[Path, ...]:
    """All that belongs to a segment, but the sign that it is going."""
    return tuple(directory / f"{name}{ending}" for ending in (".db", ".db-wal", ".db-shm", ".db-journal", ".mark"))


def tombstone(directory: Path, name: str) -> Path:
    return directory / f"{name}.gone"
