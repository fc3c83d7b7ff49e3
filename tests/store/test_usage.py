"""The view that reports read: events, what cumulative series add, and stand-ins only where nothing better is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.making import DAY_NS, START_NS, ask, batch, event, point, reading
from tests.usage.recordings import KEY, RUNS, bodies, expected, run_name, summary
from tests.usage.test_recordings import assert_matches
from upwell.otlp import Batch, Signal, count, merge, split
from upwell.store import Store
from upwell.usage import CumulativePoint, Kind, Prices, UsageEvent, read

KNOWN_NS = START_NS - 1
"""A first sight of the key before the series of these tests begin, so that their first points count whole."""

PRICES = Prices()
PARTS = ("agent", "agent_version", "dialect", "signal", "key_id", "kind", "session", "prompt", "model", "tool", "mcp_server", "success")
SUMMED = ("count", "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens", "cost_usd", "lines_added", "seconds")
EARLY_NS = 1_600_000_000 * 10**9


def amounts(store: Store, *points: CumulativePoint, received_ns: int = KNOWN_NS) -> list[int]:
    """What these points add, in the order of their times."""
    for number, one in enumerate(points, start=1):
        store.write(Signal.METRICS, [batch(reading(one), seq=number, signal=Signal.METRICS, received_ns=received_ns)], {})
    return [count for (count,) in ask(store, 'SELECT "count" FROM usage ORDER BY time_ns')]


def test_a_series_counts_its_differences(store: Store) -> None:
    """A total of 2, then 5, then 6 is 2, 3 and 1."""
    assert amounts(store, point(1, 2, at=10), point(2, 5, at=20), point(3, 6, at=30)) == [2, 3, 1]


def test_a_total_that_stands_still_makes_no_row(store: Store) -> None:
    """Zero differences are no use."""
    assert amounts(store, point(1, 2, at=10), point(2, 2, at=20), point(3, 3, at=30)) == [2, 1]


def test_a_smaller_total_is_a_reset(store: Store) -> None:
    """A counter that fell began again, and counts whole."""
    assert amounts(store, point(1, 5, at=10), point(2, 2, at=20)) == [5, 2]


def test_a_new_start_is_a_reset(store: Store) -> None:
    """A counter with a new start counts whole, also where it is larger than before."""
    assert amounts(store, point(1, 5, at=10), point(2, 8, at=30, start=20)) == [5, 8]


def test_a_first_total_from_before_the_key_was_known_is_not_counted(store: Store) -> None:
    """What a series had summed up before the store first heard of its key may have been counted elsewhere, or never be ours."""
    assert amounts(store, point(1, 50, at=10), point(2, 53, at=20), received_ns=START_NS + 5) == [3]


def test_the_first_sight_of_a_key_is_that_of_any_signal(store: Store) -> None:
    """A log record makes a key known as well as a point does."""
    store.write(Signal.LOGS, [batch(reading(), received_ns=KNOWN_NS)], {})

    assert amounts(store, point(1, 4, at=10), received_ns=START_NS + 5) == [4]


def test_series_are_apart(store: Store) -> None:
    """Two series never subtract from each other."""
    assert amounts(store, point(1, 5, at=10), point(2, 3, at=20, series=2)) == [5, 3]


def test_a_difference_stands_in_its_own_column(store: Store) -> None:
    """Seconds, lines and tokens are added where they belong, and count no further use."""
    amounts(store, point(1, 1.5, at=10, field="seconds"), point(2, 7, at=20, series=2, field="lines_added", kind=Kind.EDIT))

    found = ask(store, 'SELECT kind, "count", seconds, lines_added FROM usage ORDER BY time_ns')
    assert found == [
        ("prompt", 0, 1.5, None),
        ("edit", 0, None, 7),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_of_arrival_does_not_matter(store: Store, order: tuple[int, ...]) -> None:
    """Late and early points give the same differences."""
    told = [point(1, 2, at=10), point(2, 5, at=20), point(3, 1, at=30), point(4, 4, at=40)]

    assert amounts(store, *[told[number] for number in order]) == [2, 3, 1, 3]


def test_a_stand_in_counts_where_nothing_better_is(store: Store) -> None:
    """With a better row of the same key, agent and kind on its day or the day before, a stand-in is left out."""
    better = event(1, time_ns=START_NS)
    same_day, next_day, later = (event(2 + day, time_ns=START_NS + day * DAY_NS, stand_in=True) for day in (0, 1, 2))
    other_kind = event(5, kind=Kind.TOOL_CALL, stand_in=True)
    other_key = event(6, key_id="other", stand_in=True)

    store.write(Signal.LOGS, [batch(reading(better, same_day, next_day, later, other_kind, other_key))], {})

    assert ask(store, "SELECT id FROM usage ORDER BY id") == [(1,), (4,), (5,), (6,)]


def test_retention_deletes_what_is_old(store: Store) -> None:
    """Rows before the time go, those after it stay, and a second time finds nothing."""
    store.write(Signal.LOGS, [batch(reading(event(1), event(2, time_ns=START_NS + DAY_NS)))], {})

    assert (store.expire(START_NS + 1), store.expire(START_NS + 1)) == (1, 0)
    assert ask(store, "SELECT id FROM usage") == [(2,)]


@pytest.mark.parametrize("cut", [5, 15, 25, 35])
def test_retention_changes_no_difference_that_stays(store: Store, cut: int) -> None:
    """A series whose beginning is deleted counts what came later as before, and nothing of what is gone."""
    told = {10: 2, 20: 3, 30: 1}
    amounts(store, point(1, 2, at=10), point(2, 5, at=20), point(3, 6, at=30))

    store.expire(START_NS + cut * 10**9)

    found = ask(store, 'SELECT "count" FROM usage ORDER BY time_ns')
    assert found == [(count,) for at, count in told.items() if at > cut]


def _rows(run: Sequence[tuple[Batch, Signal]], at_once: int) -> list[tuple[object, ...]]:
    """What a new store says of these batches, so many in a write."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "usage.duckdb", memory_limit=128 * 10**6)
        for signal in Signal:
            contents = [content for content, of in run if of is signal]
            readings = [read(content, signal, key_id=KEY, received_ns=EARLY_NS, prices=PRICES) for content in contents]
            found = [batch(one, seq=seq, signal=signal, received_ns=EARLY_NS, key_id=KEY) for seq, one in enumerate(readings, start=1)]
            for first in range(0, len(found), at_once):
                store.write(signal, found[first : first + at_once], {"segment": first + at_once})
        rows = ask(store, "SELECT * FROM usage ORDER BY ALL")
        assert sum(store.counts(signal).items for signal in Signal) == sum(count(*one) for one in run)
        store.close()
    return rows


def joined(pieces: Sequence[tuple[Batch, Signal]], rng: Random) -> list[tuple[Batch, Signal]]:
    """The pieces in requests of one or more, as a collector in between may put them together."""
    told: list[tuple[Batch, Signal]] = []
    for piece, signal in pieces:
        if told and told[-1][1] is signal and rng.random() < 0.5:
            told[-1] = merge([told[-1][0], piece], signal), signal
        else:
            told.append((piece, signal))
    return told


@pytest.mark.parametrize("run", RUNS, ids=run_name)
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 2**32), size=st.integers(3, 200), at_once=st.integers(10, 50))
def test_order_split_merge_and_repetition_change_nothing(run: Path, seed: int, size: int, at_once: int) -> None:
    """Recorded batches in any order, cut, joined and repeated give the rows that they give as they came, and every item is counted."""
    told, rng = bodies(run), Random(seed)
    pieces = [(piece, signal) for content, signal in told for piece in split(content, signal, size)]
    requests = joined(rng.sample(pieces, len(pieces)), rng)
    again = rng.sample(pieces, len(pieces) // 3) + told[:1]
    mixed = rng.sample(requests + again, len(requests) + len(again))

    assert _rows(mixed, at_once) == _rows(told, len(told))


@pytest.mark.parametrize("run", RUNS, ids=run_name)
def test_a_recording_gives_its_numbers_out_of_the_store(run: Path) -> None:
    """What reports read of a recording is what its expected.json says."""
    told = bodies(run)
    found = [UsageEvent._make(row)._replace(kind=Kind(str(row[2]))) for row in _rows(told, len(told))]

    assert_matches(summary(found), expected(run))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(RUNS), st.integers(0, 3)), min_size=1, max_size=4), st.sets(st.sampled_from(PARTS), min_size=1))
def test_any_partition_adds_up(told: list[tuple[Path, int]], by: set[str]) -> None:
    """Over any columns, the groups' sums are the whole's: no use is in two groups or in none."""
    with TemporaryDirectory() as folder:
        store = Store(Path(folder) / "usage.duckdb", memory_limit=128 * 10**6)
        for seq, (run, key) in enumerate(told, start=1):
            for signal in Signal:
                found = [content for content, of in bodies(run) if of is signal]
                readings = [read(content, signal, key_id=f"k-{key}", received_ns=EARLY_NS, prices=PRICES) for content in found]
                made = [batch(one, seq=seq, signal=signal, received_ns=EARLY_NS, key_id=f"k-{key}") for one in readings]
                store.write(signal, made, {"segment": seq})
        sums = ", ".join(f'coalesce(sum("{name}"), 0)' for name in SUMMED)
        columns = ", ".join(f'"{name}"' for name in sorted(by))
        (whole,) = ask(store, f"SELECT count(*), {sums} FROM usage")
        groups = ask(store, f"SELECT count(*), {sums} FROM usage GROUP BY {columns}")
        store.close()

    assert [sum(column) for column in zip(*groups, strict=True)] == pytest.approx(list(whole), rel=1e-12)
