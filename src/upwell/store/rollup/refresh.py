"""Brings the marked hours of the rollup up to date: day by day, each in a transaction of its own, so that no writer waits long.

A day is counted from the rows of its marked hours. Which stand-ins count hangs on what else their key sent that UTC day and the
day before: that is kept in `better`, and where it changes, the hours of the stand-ins concerned are marked too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

import duckdb

from upwell.store.rollup import counting, orphans
from upwell.store.rollup.marks import HOUR_NS, mark_all

DAY_NS: Final = 24 * HOUR_NS

Transaction = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]


class Rollup:
    """The rollup of one store, for one time zone. May be refreshed from any thread."""

    def __init__(self, transaction: Transaction, timezone: str, *, clock: Callable[[], float] = time.monotonic, rest: float = 0.0) -> None:
        """`rest`: seconds for which an answer may be old; then, and where counting took long, a refresh is skipped."""
        self._transaction = transaction
        self._timezone = timezone
        self._clock = clock
        self._rest = rest
        self._next = float("-inf")
        self._stopped = threading.Event()
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Count every marked hour anew."""
        with self._lock:
            begun = self._clock()
            if begun < self._next:
                return
            self._settle()
            while not self._stopped.is_set() and (day := self._first_day()) is not None:
                with self._transaction() as db:
                    _refresh_day(db, day, self._timezone)
            ended = self._clock()
            self._next = ended + max(self._rest, min(2 * (ended - begun), 30.0)) if self._rest else ended

    def stop(self) -> None:
        """End a refresh after the day it is at, and begin none: what is marked stays marked."""
        self._stopped.set()

    def _settle(self) -> None:
        """Count everything anew for another time zone, or another DuckDB: its `hash` makes the numbers of sessions."""
        now = f"{self._timezone}, DuckDB {duckdb.__version__}"
        with self._transaction() as db:
            if db.execute("SELECT timezone FROM rolled_for").fetchall() == [(now,)]:
                return
            db.execute("DELETE FROM rolled_for")
            db.execute("INSERT INTO rolled_for VALUES (?)", [now])
            mark_all(db)

    def _first_day(self) -> int | None:
        with self._transaction() as db:
            found = db.execute("SELECT min(slot) // 24 FROM marked").fetchone()
        return None if found is None or found[0] is None else int(found[0])


def _refresh_day(db: duckdb.DuckDBPyConnection, day: int, timezone: str) -> None:
    """The marked hours of one UTC day; marks that this sets on the next day stay for the next turn."""
    _mark_stand_ins(db, day)
    orphans.mark_next(db, day * DAY_NS, (day + 1) * DAY_NS)
    slots = [slot for (slot,) in db.execute("SELECT DISTINCT slot FROM marked WHERE slot // 24 = ?", [day]).fetchall()]
    counting.gather(db, slots)
    counting.count(db, slots, timezone)
    db.execute("DELETE FROM marked WHERE slot // 24 = ?", [day])
    for table in ("told", "senders", "changed"):  # or they keep their memory until the next turn
        db.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _mark_stand_ins(db: duckdb.DuckDBPyConnection, day: int) -> None:
    """Settle which keys tell of which kinds themselves on a day, and mark the stand-ins that this brings or takes away."""
    first, last = day * DAY_NS, (day + 1) * DAY_NS
    counting.tell(db, first, last)
    db.execute(
        """CREATE OR REPLACE TEMP TABLE changed AS
        WITH now AS (SELECT DISTINCT key_id, agent, kind FROM senders WHERE NOT stand_in),
             before AS (SELECT key_id, agent, kind FROM better WHERE on_day = $day)
        (FROM now EXCEPT FROM before) UNION ALL (FROM before EXCEPT FROM now)""",
        {"day": day},
    )
    if db.execute("SELECT count(*) FROM changed").fetchone() == (0,):
        return
    db.execute("DELETE FROM better WHERE on_day = ?", [day])
    db.execute("INSERT INTO better SELECT DISTINCT key_id, agent, kind, ?::BIGINT FROM senders WHERE NOT stand_in", [day])
    db.execute(
        f"""INSERT INTO marked SELECT DISTINCT time_ns // {HOUR_NS} FROM (
            SELECT key_id, agent, kind, time_ns FROM events WHERE stand_in AND time_ns >= $first AND time_ns < $last
            UNION ALL SELECT key_id, agent, kind, time_ns FROM points WHERE stand_in AND time_ns >= $first AND time_ns < $last
        ) SEMI JOIN changed USING (key_id, agent, kind)""",  # noqa: S608 - constants
        {"first": first, "last": last + DAY_NS},
    )
