"""Exports usage rows under the floor: what is written can be handed on, and no row can be told to be somebody's by its labels.

A row is one person's doing, so it is written without who, where and when exactly: the day, and labels that the floor or more people
share on that day. Labels shared by fewer are merged into `other`, one after another; a row that even then stands for fewer is left out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import duckdb

from upwell.store.reports import floor, people
from upwell.store.reports.dimensions import OTHER
from upwell.store.reports.floor import Table
from upwell.store.rollup import counting

Format: TypeAlias = Literal["parquet", "csv"]

_LABELS: Final = ("kind", "agent", "model", "team", "tool", "mcp_server", "skill", "subagent")
_STEPS: Final = ((), ("team",), ("skill", "subagent"), ("model",), ("tool", "mcp_server"), ("agent",))
"""Which labels are merged, one step after another, until enough people share the rest."""

_SAID: Final = ("success", "decision", "error", "cost_source")
_FIGURES: Final = (
    *("count", "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens", "cost_usd", "duration_ms"),
    *("seconds", "lines_added", "lines_removed", "prompt_length", "attempts"),
)
COLUMNS: Final = ("day", *_LABELS, "session", "prompt", *_SAID, *_FIGURES)
"""The columns of an export. `session` and `prompt` are made anew for each export, under a salt that is thrown away."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote, and what it left out."""

    since: date
    until: date
    files: tuple[Path, ...]
    rows: int
    left_out: int
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The documented shape."""
        days = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {
            **days,
            "files": [str(file) for file in self.files],
            "rows": self.rows,
            "left_out": self.left_out,
            "notes": list(self.notes),
        }


class Export:
    """One export from one connection. `least` is the floor, 0 for an installation that is one group."""

    def __init__(self, db: duckdb.DuckDBPyConnection, period: tuple[date, date], timezone: str, least: int) -> None:
        self._db = db
        self._period = period
        self._timezone = timezone
        self._least = least
        self._salt = secrets.token_hex(16)

    def write(self, target: Path, format: Format) -> Exported:  # noqa: A002 - the word for it
        """Write a Parquet file per day into the folder `target`, or everything into the CSV file `target`."""
        told, left_out = 0, 0
        files: list[Path] = []
        days, hidden = self._days()
        for day in days:
            rows, without = self._prepare(day)
            left_out += without
            if rows:
                told += rows
                files.append(self._write_day(target, format, day, first=not files))
        return Exported(*self._period, tuple(dict.fromkeys(files)), told, left_out, tuple(self._notes(hidden, left_out)))

    def _days(self) -> tuple[list[date], int]:
        """The days that may be told of, and how many may not."""
        given = {"since": self._period[0], "until": self._period[1]}
        relation = 'rolled_uses WHERE "day" >= $since AND "day" < $until'
        behind = people.behind(self._db, relation, ['"day"'], given)
        verdict = floor.decide((), Table({}, self._least), Table(behind, self._least), ("blank",))
        told = [] if verdict.withheld else [day for (day,) in sorted(behind, key=str) if (day,) not in verdict.blank]
        return [day for day in told if isinstance(day, date)], len(behind) - len(told)

    def _prepare(self, day: date) -> tuple[int, int]:
        """The temporary table `going_out` for one day: how many rows it has, and how many it lacks."""
        slots = [slot for (slot,) in self._db.execute('SELECT DISTINCT slot FROM rolled_uses WHERE "day" = ?', [day]).fetchall()]
        counting.gather(self._db, slots)
        self._db.execute(_CANDIDATES, {"day": day, "timezone": self._timezone, "salt": self._salt})
        self._db.execute("CREATE OR REPLACE TEMP TABLE going_out AS FROM candidates LIMIT 0")
        for step in _STEPS:
            self._merge(step if self._least or step != () else ("team",))
            self._db.execute(_SHARED, {"least": self._least})
            self._db.execute("INSERT INTO going_out SELECT candidates.* FROM candidates SEMI JOIN shared USING (labels)")
            self._db.execute(
                "CREATE OR REPLACE TEMP TABLE candidates AS SELECT candidates.* FROM candidates ANTI JOIN shared USING (labels)"
            )
        return self._size("going_out"), self._size("candidates")

    def _merge(self, labels: Sequence[str]) -> None:
        for label in labels:
            self._db.execute(f"UPDATE candidates SET {label} = '{OTHER}' WHERE {label} IS NOT NULL")  # noqa: S608 - constants
        self._db.execute(f"UPDATE candidates SET labels = hash({', '.join(_LABELS)})")  # noqa: S608 - constants

    def _size(self, table: str) -> int:
        (rows,) = self._db.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)  # noqa: S608 - constants
        return int(rows)

    def _write_day(self, target: Path, format: Format, day: date, *, first: bool) -> Path:  # noqa: A002
        columns = ", ".join(f'"{name}"' for name in COLUMNS)
        query = f"SELECT {columns} FROM going_out ORDER BY session, prompt, kind, labels"  # noqa: S608 - constants
        if format == "parquet":
            file = target / f"usage-{day.isoformat()}.parquet"
            self._db.execute(f"COPY ({query}) TO {_quoted(file)} (FORMAT parquet, COMPRESSION zstd)")
            return file
        part = target.with_name(f"{target.name}.part")
        try:
            self._db.execute(f"COPY ({query}) TO {_quoted(part)} (FORMAT csv, HEADER {str(first).lower()})")
            with part.open("rb") as source, target.open("ab") as sink:
                while chunk := source.read(2**20):
                    sink.write(chunk)
        finally:
            part.unlink(missing_ok=True)
        return target

    def _notes(self, hidden: int, left_out: int) -> Iterator[str]:
        yield "Rows are single uses, without person, key, time of day, repository and version; sessions and prompts are numbered anew."
        if not self._least:
            yield "Fewer people are enrolled than the floor asks for: they are one group, and no team is named."
            return
        yield f"Every combination of labels is shared by {self._least} people or more on its day; what fewer share is called {OTHER}."
        if hidden:
            yield f"{hidden} days are left out: they rest on fewer than {self._least} people, or would tell of so few."
        if left_out:
            yield f"{left_out} rows are left out: fewer than {self._least} people share even what is left of their labels."


def _quoted(file: Path) -> str:
    return "'" + str(file).replace("'", "''") + "'"


_CANDIDATES: Final = f"""
    CREATE OR REPLACE TEMP TABLE candidates AS
    SELECT $day::DATE AS "day", kind, agent, model, team, tool, mcp_server, skill, subagent,
        left(md5($salt || told.sitting::VARCHAR), 16) AS session, left(md5($salt || told.asked::VARCHAR), 16) AS prompt,
        {", ".join(f'"{name}"' for name in (*_SAID, *_FIGURES))}, {counting.who("told")} AS who, 0::UBIGINT AS labels
    FROM told WHERE timezone($timezone, to_timestamp(time_ns // 1000000000))::DATE = $day
"""  # noqa: S608 - constants

_SHARED: Final = """
    CREATE OR REPLACE TEMP TABLE shared AS
    SELECT labels FROM candidates GROUP BY labels HAVING count(DISTINCT who) >= $least
"""
