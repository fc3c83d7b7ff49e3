"""What a report is: a named question with its SQL, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

SQL: Final = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Column:
    """A figure: its name in rows, its unit ("" for a count) and its title."""

    name: str
    unit: str
    title: str


@dataclass(frozen=True)
class Report:
    """A named question.

    `counted` says in a few sentences how it is counted. `source` is the table of the rollup that its SQL finds as `facts`, and `where`
    which of its rows; `keys` the dimensions it is always broken down by, `groupings` those that can be asked for beside. `sort` is
    the column that orders rows, the largest first; without it, keys do. `needs` names what must be asked for in `Query.more`.
    """

    name: str
    title: str
    question: str
    counted: str
    columns: tuple[Column, ...]
    source: Literal["uses", "calls", "prompts", "lives", "interaction"] = "uses"
    where: str = "true"
    keys: tuple[str, ...] = ()
    groupings: tuple[str, ...] = ()
    sort: str = ""
    privacy: Literal["aggregate", "interaction"] = "aggregate"
    needs: str = ""

    @cached_property
    def sql(self) -> str:
        """The query, from its own file."""
        return (SQL / f"{self.name}.sql").read_text("utf-8")

    def as_json(self) -> dict[str, Any]:
        """All but the SQL."""
        words = {"name": self.name, "title": self.title, "question": self.question, "counted": self.counted}
        columns = [asdict(column) for column in self.columns]
        return {**words, "columns": columns, "keys": list(self.keys), "groupings": list(self.groupings), "privacy": self.privacy}
