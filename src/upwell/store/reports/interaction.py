"""Gathers the rows of one prompt from the store itself: the rollup knows what a prompt caused, not in which order."""

from __future__ import annotations

from datetime import date
from typing import Final

import duckdb

from upwell.store.rollup import counting


def gather(db: duckdb.DuckDBPyConnection, prompt: str, since: date, until: date) -> None:
    """The temporary table `caused`: all rows of a prompt, by the store's number of it or by the agent's own id."""
    db.execute(_NUMBERS, {"prompt": prompt, "since": since, "until": until})
    slots = [slot for (slot,) in db.execute(_SLOTS, {"since": since, "until": until}).fetchall()]
    counting.gather(db, slots or [0])
    db.execute(_CAUSED)


_NUMBERS: Final = f"""
    CREATE OR REPLACE TEMP TABLE wanted AS
    SELECT $prompt AS asked UNION SELECT ({counting.number("prompt")})::VARCHAR FROM events WHERE prompt = $prompt
        AND time_ns >= epoch_ns($since::DATE - INTERVAL 1 DAY) AND time_ns < epoch_ns($until::DATE + INTERVAL 1 DAY)
"""  # noqa: S608 - constants

_SLOTS: Final = """
    SELECT DISTINCT slot FROM rolled_prompts WHERE "day" >= $since AND "day" < $until AND prompt::VARCHAR IN (SELECT asked FROM wanted)
"""

_CAUSED: Final = f"""
    CREATE OR REPLACE TEMP TABLE caused AS
    SELECT told.* REPLACE (people.number AS person), DATE '1970-01-01' + (time_ns // 86400000000000)::INTEGER AS "day"
    FROM told JOIN people ON people.who = {counting.who("told")} WHERE told.asked::VARCHAR IN (SELECT asked FROM wanted)
"""  # noqa: S608 - constants
