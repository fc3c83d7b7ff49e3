"""Asks the store who stands behind each cell of an answer: the tables that the floor decides by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from upwell.store.reports.floor import Cell, People


def behind(db: duckdb.DuckDBPyConnection, relation: str, expressions: Sequence[str], parameters: dict[str, Any]) -> dict[Cell, People]:
    """Everybody behind each combination of some expressions' values in a relation."""
    (last,) = db.execute("SELECT coalesce(max(number), 0) FROM people").fetchone() or (0,)
    columns = "".join(f"{expression}, " for expression in expressions)
    query = f"SELECT {columns} bitstring_agg(person, 0, {last})::VARCHAR FROM {relation} GROUP BY ALL"  # noqa: S608 - names of columns
    found = db.execute(query, parameters).fetchall()
    return {tuple(row[:-1]): int(row[-1][::-1], 2) for row in found if row[-1] is not None}
