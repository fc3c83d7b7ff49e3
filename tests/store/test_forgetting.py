"""Forgetting: rows go, nothing of them comes again, and the counts of items stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.making import DAY_NS, START_NS, ask, batch, event, point, reading
from upwell.identity import NOBODY, Forgotten
from upwell.otlp import Signal
from upwell.store import Counts, Store

ANN = Forgotten(frozenset({"k-ann"}), {"p-ann": START_NS})


class Graves:
    """Tombstones that a test writes."""

    def __init__(self) -> None:
        self.forgotten = NOBODY

    def __call__(self) -> Forgotten:
        return self.forgotten


@pytest.fixture
def graves() -> Graves:
    return Graves()


@pytest.fixture
def store(tmp_path: Path, graves: Graves) -> Iterator[Store]:
    opened = Store(tmp_path / "usage.duckdb", memory_limit=128 * 10**6, forgotten=graves)
    yield opened
    opened.close()


def test_rows_of_a_key_and_of_a_pseudonym_go(store: Store) -> None:
    """Whatever was sent with their keys, under any name or none, and whatever stands under their pseudonym."""
    rows = (event(1, key_id="k-ann"), event(2, person="p-ann"), event(3, person="p-bob"), event(4, key_id="k-ann", person="p-x"))
    store.write(Signal.LOGS, [batch(reading(*rows))], {})
    store.write(Signal.METRICS, [batch(reading(point(5, 2, at=10, person="p-ann", start=-5)), signal=Signal.METRICS)], {})

    gone = store.forget(Forgotten(ANN.keys, {"p-ann": 2**63 - 1}))

    assert gone == 4
    assert ask(store, "SELECT id FROM events") == [(3,)]
    assert ask(store, "SELECT count(*) FROM points") == [(0,)]
    assert store.counts(Signal.LOGS) == Counts(inserted=4)
    assert store.forget(ANN) == 0


def test_a_pseudonym_goes_as_far_as_its_tombstone(store: Store) -> None:
    """Rows from after it are of somebody who began anew."""
    rows = (event(1, person="p-ann"), event(2, person="p-ann", time_ns=START_NS + DAY_NS))
    store.write(Signal.LOGS, [batch(reading(*rows))], {})

    assert store.forget(ANN) == 1
    assert ask(store, "SELECT id FROM events") == [(2,)]


def test_what_comes_again_is_left_out(store: Store, graves: Graves) -> None:
    """Items of who is forgotten are no usage, whether they happened before the tombstone or only came in before it."""
    graves.forgotten = ANN
    late = event(3, person="p-ann", time_ns=START_NS + 1)
    rows = (event(1, key_id="k-ann", time_ns=START_NS + DAY_NS), event(2, person="p-ann"), late, event(4, person="p-bob"))

    assert store.write(Signal.LOGS, [batch(reading(*rows), received_ns=START_NS)], {}) == Counts(inserted=1, not_usage=3)
    assert store.write(Signal.LOGS, [batch(reading(late), received_ns=START_NS + 2)], {}) == Counts(inserted=1)
    assert ask(store, "SELECT id FROM events ORDER BY id") == [(3,), (4,)]


def test_an_item_with_two_rows_is_left_out_once(store: Store, graves: Graves) -> None:
    """Counts are of items here too."""
    graves.forgotten = ANN
    first, second = event(1, key_id="k-ann"), event(2, key_id="k-ann")
    found = replace(reading(first, second), usage_items=1, further=frozenset({second.id}))

    assert store.write(Signal.LOGS, [batch(found)], {}) == Counts(not_usage=1)


def test_a_series_from_before_the_tombstone_stays_away(store: Store, graves: Graves) -> None:
    """Without its deleted points the next total would count whole: the series begins to count when it begins anew."""
    after = 20
    graves.forgotten = Forgotten(frozenset(), {"p-ann": START_NS + 10 * 10**9})
    old, new = point(1, 500, at=after, start=0, person="p-ann"), point(2, 3, at=after + 20, start=after + 5, person="p-ann")

    for one in (old, new):
        store.write(Signal.METRICS, [batch(reading(one), signal=Signal.METRICS, received_ns=START_NS + after * 10**9)], {})

    assert ask(store, 'SELECT "count" FROM usage') == [(3,)]


def test_the_name_leaves_the_file(store: Store, tmp_path: Path) -> None:
    """After a forgetting the rows are out of the log and of the tables."""
    store.write(Signal.LOGS, [batch(reading(*(event(n, person="p-ann" if n % 2 else "p-bob") for n in range(2000))))], {})

    store.forget(Forgotten(frozenset(), {"p-ann": 2**63 - 1}))

    assert ask(store, "SELECT count(*) FROM events WHERE person = 'p-ann'") == [(0,)]
    assert not (tmp_path / "usage.duckdb.wal").exists()


def test_forgetting_works_beside_a_reader(store: Store, tmp_path: Path) -> None:
    """A report under way keeps the file from being written anew, not the rows from going."""
    store.write(Signal.LOGS, [batch(reading(*(event(n, person="p-ann") for n in range(10))))], {"segment": 1})
    with store.connection() as asking:
        asking.execute("BEGIN")
        assert asking.execute("SELECT count(*) FROM events").fetchone() == (10,)
        store.write(Signal.LOGS, [], {"segment": 2})

        assert store.forget(Forgotten(frozenset(), {"p-ann": 2**63 - 1})) == 10
        asking.execute("ROLLBACK")

    assert ask(store, "SELECT count(*) FROM events") == [(0,)]


def test_an_open_store_leaves_no_transaction_behind(store: Store, tmp_path: Path) -> None:
    """One that is opened again can be checkpointed after an update: nothing of the opening is left open."""
    store.close()
    again = Store(tmp_path / "usage.duckdb")
    again.expire(START_NS)

    with again.transaction() as db:
        db.execute("UPDATE retained SET since_ns = since_ns + 1")
    with again.connection() as connection:
        connection.execute("CHECKPOINT")
    again.close()


def test_who_is_known(store: Store) -> None:
    """Somebody is known by a row of theirs."""
    store.write(Signal.LOGS, [batch(reading(event(1, person="p-ann")))], {})
    store.write(Signal.METRICS, [batch(reading(point(2, 1, at=1, person="p-bob")), signal=Signal.METRICS)], {})

    assert [store.knows({name}) for name in ("p-ann", "p-bob", "p-cid")] == [True, True, False]
