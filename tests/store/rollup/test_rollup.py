"""The rollup says what the view `usage` says, whatever came when."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.making import START_NS, ask, batch, event, point, reading
from upwell.identity import Forgotten
from upwell.otlp import Signal
from upwell.store import Store
from upwell.store.rollup.refresh import Rollup
from upwell.usage import CumulativePoint, Kind, UsageEvent

HOUR = 3600

_events = st.builds(
    lambda number, hours, kind, agent, key, stand_in, count: event(
        number, time_ns=START_NS + hours * HOUR * 10**9, kind=kind, agent=agent, key_id=key, stand_in=stand_in, count=count, person=key
    ),
    number=st.integers(1, 40), hours=st.integers(0, 100), kind=st.sampled_from([Kind.PROMPT, Kind.EDIT]),
    agent=st.sampled_from(["codex", "cursor"]), key=st.sampled_from(["one", "two"]), stand_in=st.booleans(), count=st.integers(0, 3),
)  # fmt: skip
_points = st.builds(
    lambda number, value, hours, start, series, stand_in, kind: point(
        number, float(value), at=hours * HOUR, start=start * HOUR, series=series, stand_in=stand_in, kind=kind
    ),
    number=st.integers(100, 140), value=st.integers(0, 9), hours=st.integers(0, 100), start=st.sampled_from([-1, 1]),
    series=st.integers(1, 2), stand_in=st.booleans(), kind=st.sampled_from([Kind.PROMPT, Kind.EDIT]),
)  # fmt: skip
_writes = st.lists(st.tuples(st.lists(st.one_of(_events, _points), max_size=8), st.integers(-2, 2), st.booleans()), max_size=5)


@given(_writes, st.one_of(st.none(), st.integers(0, 100)), st.sampled_from([None, "forget a key", "forget a person", "rebuild"]))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_rollup_equals_the_view(
    writes: list[tuple[list[UsageEvent | CumulativePoint], int, bool]], expired: int | None, change: str | None
) -> None:
    """Late rows, stand-ins, points, a key heard of earlier, retention, forgetting, a rebuild: what is kept equals what is counted anew."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "usage.duckdb", memory_limit=128 * 10**6)
        rollup = Rollup(store.transaction, "UTC")
        for rows, received, refreshed in writes:
            store.write(Signal.LOGS, [batch(reading(*rows), received_ns=START_NS + received * HOUR * 10**9)], {})
            if refreshed:
                rollup.refresh()
        if expired is not None:
            store.expire(START_NS + expired * HOUR * 10**9)
        if change == "rebuild":
            store.replace(Signal.LOGS, "segment", 1, [[batch(reading(*rows)) for rows, _, _ in writes[:2]]])
        elif change is not None:
            store.forget(
                Forgotten(frozenset({"one"} if "key" in change else ()), {} if "key" in change else {"two": START_NS + 50 * HOUR * 10**9})
            )
        rollup.refresh()

        assert ask(store, _ROLLED) == ask(store, _COUNTED)
        store.close()


_ROLLED = """
    SELECT coalesce(person, 'nobody') AS who, agent, slot, sum(prompts)::INT AS prompts, sum(edits)::INT AS edits
    FROM rolled_uses AS uses JOIN (SELECT number, name FROM people) AS people ON people.number = uses.person GROUP BY ALL ORDER BY ALL
""".replace("coalesce(person", "coalesce(people.name")
_COUNTED = f"""
    SELECT coalesce(person, 'nobody') AS who, agent, time_ns // {HOUR * 10**9} AS slot,
        coalesce(sum(count) FILTER (kind = 'prompt'), 0)::INT AS prompts, coalesce(sum(count) FILTER (kind = 'edit'), 0)::INT AS edits
    FROM usage GROUP BY ALL ORDER BY ALL
"""


def test_a_refresh_rests(store: Store) -> None:
    """While rows keep coming, what was counted a moment ago is good enough; later it is counted again."""
    now = [100.0]
    rollup = Rollup(store.transaction, "UTC", clock=lambda: now[0], rest=1.0)
    marked = "SELECT count(*) > 0 FROM marked"

    store.write(Signal.LOGS, [batch(reading(event(1)))], {})
    rollup.refresh()
    store.write(Signal.LOGS, [batch(reading(event(2)), seq=2)], {})
    now[0] += 0.5
    rollup.refresh()
    assert ask(store, marked) == [(True,)]

    now[0] += 0.6
    rollup.refresh()
    assert ask(store, marked) == [(False,)]


def test_another_time_zone_counts_anew(store: Store) -> None:
    """Days are those of the zone that is asked for now."""
    store.write(Signal.LOGS, [batch(reading(event(1)))], {})
    for timezone, hour in (("UTC", 14), ("Asia/Kolkata", 19)):
        Rollup(store.transaction, timezone).refresh()
        assert ask(store, "SELECT hour FROM rolled_uses") == [(hour,)]
