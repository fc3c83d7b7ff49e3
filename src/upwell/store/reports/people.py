"""Asks the store who stands behind each cell of an answer: the tables that the floor decides by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import duckdb

from upwell.store.reports.floor import Cell, People

_CROWDED: Final = frozenset({"day", '"day"', "hour"})
"""Expressions with so many values that people stand behind few cells twice: telling pairs apart first would only cost."""


def behind(db: duckdb.DuckDBPyConnection, relation: str, expressions: Sequence[str], parameters: dict[str, Any]) -> dict[Cell, People]:
    """Everybody behind each combination of some expressions' values in a relation."""
    (last,) = db.execute("SELECT coalesce(max(number), 0) FROM people").fetchone() or (0,)
    named = "".join(f"{expression} AS value_{place}, " for place, expression in enumerate(expressions))
    values = "".join(f"value_{place}, " for place in range(len(expressions)))
    once = "" if _CROWDED.intersection(expressions) else "DISTINCT"
    pairs = f"SELECT {once} {named} person FROM {relation}"  # noqa: S608 - names of columns
    found = db.execute(f"SELECT {values} bitstring_agg(person, 0, {last})::VARCHAR FROM ({pairs}) GROUP BY ALL", parameters).fetchall()  # noqa: S608
    return {tuple(row[:-1]): int(row[-1][::-1], 2) for row in found if row[-1] is not None}
