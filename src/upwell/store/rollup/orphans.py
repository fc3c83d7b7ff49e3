"""Gives requests that name no prompt, as Codex' older builds send them, to the last prompt before them in their session.

The prompt is looked for in their own hour and the one before it, so that what an hour counts hangs on no more than these two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb

from upwell.store.rollup.marks import HOUR_NS

_ORPHAN: Final = "prompt IS NULL AND session IS NOT NULL AND signal <> 'metrics' AND kind IN ('api_request', 'tool_call', 'error')"


def mark_next(db: duckdb.DuckDBPyConnection, first_ns: int, last_ns: int) -> None:
    """Mark the hours after the marked ones between two times, where they have such rows: their prompt may be another now."""
    db.execute(_NEXT, {"first": first_ns, "last": last_ns + HOUR_NS})


def adopt(db: duckdb.DuckDBPyConnection, slots: Sequence[int]) -> None:
    """Settle `asked` in the temporary table `told`, which holds the rows of some hours."""
    if not db.execute(f"SELECT 1 FROM told WHERE {_ORPHAN} LIMIT 1").fetchone():  # noqa: S608 - constants
        return
    hours = sorted({*slots, *(slot - 1 for slot in slots)})
    between = {"first": hours[0] * HOUR_NS, "last": (hours[-1] + 1) * HOUR_NS}
    db.execute(_SPOKEN, between)
    db.execute(_ADOPTED)
    db.execute("DROP TABLE temp.spoken")


_NEXT: Final = f"""
    INSERT INTO marked SELECT DISTINCT time_ns // {HOUR_NS} FROM events
    WHERE time_ns >= $first AND time_ns < $last AND {_ORPHAN}
        AND time_ns // {HOUR_NS} IN (SELECT slot + 1 FROM marked WHERE slot >= $first // {HOUR_NS} AND slot < $last // {HOUR_NS})
"""  # noqa: S608 - constants

_SPOKEN: Final = """
    CREATE OR REPLACE TEMP TABLE spoken AS
    SELECT hash(key_id, agent, session) AS sitting, time_ns,
        max(CASE WHEN prompt IS NULL THEN hash(id) ELSE hash(key_id, agent, prompt) END) AS asked
    FROM events
    WHERE kind = 'prompt' AND NOT stand_in AND session IS NOT NULL AND time_ns >= $first AND time_ns < $last
    GROUP BY ALL
"""

_ADOPTED: Final = f"""
    CREATE OR REPLACE TEMP TABLE told AS
    SELECT told.* REPLACE (
        CASE WHEN {_ORPHAN} AND told.time_ns // {HOUR_NS} - spoken.time_ns // {HOUR_NS} <= 1 THEN spoken.asked ELSE told.asked END AS asked
    )
    FROM told ASOF LEFT JOIN spoken ON told.sitting = spoken.sitting AND told.time_ns >= spoken.time_ns
"""  # noqa: S608 - constants
