"""Every report at ten million events: the median of its answers, with the store's usual memory limit.

The events are made by SQL, straight into the tables of a temporary store: what is measured is asking, not writing.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from upwell.config import Reports
from upwell.config import Store as StoreSettings
from upwell.store import FILE, Store
from upwell.store.reports import REPORTS, Query, Reporter
from upwell.store.rollup import marks

PEOPLE: Final = 400
DAYS: Final = 60
ROWS_OF_A_PROMPT: Final = 16
LAST_DAY: Final = date(2026, 11, 20)
ROUNDS: Final = 5

_EVENTS_OF_A_DAY: Final = Path(__file__).with_suffix(".sql")


def main(*, quick: bool) -> None:
    """Make the store, ask everything, print the medians."""
    events = 200_000 if quick else 10_000_000
    memory_limit = StoreSettings().memory_limit
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / FILE, memory_limit=memory_limit)
        try:
            fill(store, events)
            begun = time.perf_counter()
            reporter = Reporter(store, Reports(timezone="Europe/Berlin"), 5, lambda: PEOPLE)
            reporter.answer("overview", Query())
            print(f"\nreports: {events:,} events of {PEOPLE} people in {DAYS} days, memory limit {memory_limit // 10**6} MB")
            print(
                f"  counted from nothing in {time.perf_counter() - begun:.1f} s; file {(Path(folder) / FILE).stat().st_size / 1e6:.0f} MB"
            )
            measure(reporter)
        finally:
            store.close()


def measure(reporter: Reporter) -> None:
    """Ask each report for all days: as it is, by day, and confined to one team."""
    since, until = LAST_DAY - timedelta(days=DAYS), LAST_DAY + timedelta(days=1)
    print(f"  {'report':<18}{'whole':>9}{'by day':>9}{'a team':>9}   median ms of {ROUNDS}")
    for name, report in REPORTS.items():
        if report.privacy != "aggregate":
            continue
        questions = [Query(since, until), Query(since, until, by="day"), Query(since, until, team="team-1")]
        fitting = [question if question.by is None or question.by in report.groupings else None for question in questions]
        times = [None if question is None else _median(reporter, name, question) for question in fitting]
        print(f"  {name:<18}" + "".join(f"{'-':>9}" if took is None else f"{took:9.0f}" for took in times), flush=True)


def _median(reporter: Reporter, name: str, question: Query) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        reporter.answer(name, question)
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def fill(store: Store, events: int) -> None:
    """Write about so many events, a day at a time, as they would have come."""
    prompts = events // ROWS_OF_A_PROMPT // DAYS
    first = datetime.combine(LAST_DAY, datetime.min.time(), UTC) - timedelta(days=DAYS - 1)
    for day in range(DAYS):
        start_ns = int((first + timedelta(days=day)).timestamp()) * 10**9
        given = {"day": day, "start": start_ns, "prompts": prompts, "people": PEOPLE, "rows_of_a_prompt": ROWS_OF_A_PROMPT}
        with store.transaction() as db:
            db.execute("CREATE OR REPLACE TEMP MACRO drawn(a, b) AS (hash(a, b) >> 1)::BIGINT")
            db.execute(_EVENTS_OF_A_DAY.read_text("utf-8"), given)
            db.execute("INSERT INTO marked SELECT DISTINCT time_ns // ? FROM events WHERE time_ns >= ?", [marks.HOUR_NS, start_ns])
