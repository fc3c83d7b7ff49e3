"""The names in the journal's directory, and their order.

A segment's name is `<unix milliseconds, 13 digits or more>-<8 random hex digits>`. Its rows are in
`<name>.db` (with SQLite's `-wal` and `-shm`), its high-water mark in `<name>.mark`. `<name>.gone` says that it
is being deleted. Other names are not segments; `next-<hex>.tmp` is one that the gateway holds ready.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

_NAME = re.compile(r"([0-9]{13,}-[0-9a-f]{8})\.(db|mark|gone)")
_DRAFT = re.compile(r"next-[0-9a-f]{8}\.tmp(-wal|-shm|-journal)?")


def order(name: str) -> tuple[int, str]:
    """Sort key of segment names: by their time, also when that gains a digit."""
    return len(name), name


def names(directory: Path) -> list[str]:
    """Segments, oldest first. One whose database is missing counts as long as its mark is there: its rows are lost, not forgotten."""
    matches = [match for match in map(_NAME.fullmatch, _entries(directory)) if match]
    gone = {match[1] for match in matches if match[2] == "gone"}
    return sorted({match[1] for match in matches} - gone, key=order)


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
    return [directory / name for name in _entries(directory) if _DRAFT.fullmatch(name)]


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


def going(directory: Path) -> list[str]:
    """Segments whose deletion was begun."""
    return [match[1] for match in map(_NAME.fullmatch, _entries(directory)) if match and match[2] == "gone"]


def _entries(directory: Path) -> list[str]:
    if not directory.is_dir():
        return []
    with os.scandir(directory) as entries:  # a lane asks some times a second: pathlib takes four times as long
        return [entry.name for entry in entries]
