"""What tests of reports share: people at work, and a reporter over them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from tests.store.making import batch, event, reading
from upwell.config import Reports
from upwell.otlp import Signal
from upwell.store import Store
from upwell.store.reports import Answer, Query, Reporter
from upwell.usage import UsageEvent

MONDAY = date(2026, 9, 21)
_MONDAY_NS = int(datetime(2026, 9, 21, tzinfo=UTC).timestamp()) * 10**9
_numbers = itertools.count(1)


def at(day: int, hour: float = 10.0) -> int:
    """A time so many days and hours after a Monday's midnight, UTC."""
    return _MONDAY_NS + round((day * 24 + hour) * 3600 * 10**9)


def use(person: str | None, day: int = 0, hour: float = 10.0, **columns: Any) -> UsageEvent:
    """One thing that somebody did."""
    return event(next(_numbers), time_ns=at(day, hour), person=person, **columns)


def fill(store: Store, rows: Iterable[UsageEvent]) -> None:
    """Store rows, each as an item of its own."""
    store.write(Signal.LOGS, [batch(reading(*rows), seq=next(_numbers))], {})


def reporter(store: Store, *, floor: int = 5, enrolled: int = 100, timezone: str = "UTC") -> Reporter:
    return Reporter(store, Reports(timezone=timezone), floor, lambda: enrolled, rest=0.0)


def ask(store: Store, name: str, *, floor: int = 2, since: date = MONDAY, until: date = date(2026, 10, 19), **query: Any) -> Answer:
    """What a report answers about the four weeks from the Monday on."""
    return reporter(store, floor=floor).answer(name, Query(since=since, until=until, **query))
