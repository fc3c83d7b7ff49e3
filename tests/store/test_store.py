"""The store: each row once, every item counted, rows and cursor together or not at all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from tests.store.making import DAY_NS, START_NS, ask, batch, event, point, reading
from upwell.errors import DataDirError, SchemaTooNew
from upwell.otlp import Signal
from upwell.store import Counts, Store
from upwell.usage import CostSource, Kind, UsageEvent


def test_an_event_comes_back_as_it_went_in(store: Store) -> None:
    """Every column of an event is kept, in the event's own order, and its source beside it."""
    full = event(7, kind=Kind.API_REQUEST, person="p-1", claimed=True, team="core", model="m", input_tokens=2**53, cost_usd=0.25)
    full = full._replace(cost_source=CostSource.PRICED, success=False, count=3, session="s", stand_in=True)

    store.write(Signal.LOGS, [batch(reading(full), source="one", seq=9)], {})

    (row,) = ask(store, "SELECT * FROM events")
    assert row == (7, *full[1:], "one", 9)


def test_the_columns_are_those_of_an_event(store: Store) -> None:
    """A column that is added to the model is one of the table too, and of what reports read."""
    names = [name for (name,) in ask(store, "SELECT column_name FROM (DESCRIBE events)")]

    assert names == [*UsageEvent._fields, "source_segment", "source_seq"]
    assert [name for (name,) in ask(store, "SELECT column_name FROM (DESCRIBE usage)")] == list(UsageEvent._fields)


def test_the_same_event_again_is_a_duplicate(store: Store) -> None:
    """Within one write and between two, an id is stored once and counted as what it was."""
    found = reading(event(1), event(2))

    first = store.write(Signal.LOGS, [batch(found), batch(found, seq=2)], {})
    second = store.write(Signal.LOGS, [batch(found, seq=3, source="other")], {})

    assert (first, second) == (Counts(inserted=2, duplicate=2), Counts(duplicate=2))
    assert ask(store, "SELECT id FROM events ORDER BY id") == [(1,), (2,)]
    assert store.counts(Signal.LOGS) == Counts(inserted=2, duplicate=4)


def test_an_item_without_a_time_is_known_again_later(store: Store) -> None:
    """It is dated by its arrival, which its id knows nothing of: sent again the next day, it is a duplicate, in a batch with others too."""
    first, later = START_NS, START_NS + DAY_NS
    store.write(Signal.LOGS, [batch(reading(event(1, time_ns=first)), received_ns=first)], {})

    again = batch(reading(event(1, time_ns=later), event(2, time_ns=later - 5)), seq=2, received_ns=later)

    assert store.write(Signal.LOGS, [again], {}) == Counts(inserted=1, duplicate=1)
    assert ask(store, "SELECT id, time_ns FROM events ORDER BY id") == [(1, first), (2, later - 5)]


def test_an_item_with_two_rows_counts_once(store: Store) -> None:
    """Counts are of items: rows beside an item's first are stored and not counted."""
    found = replace(reading(event(1), event(2)), usage_items=1, further=frozenset({event(2).id}))

    assert store.write(Signal.LOGS, [batch(found)], {}) == Counts(inserted=1)
    assert store.write(Signal.LOGS, [batch(found)], {}) == Counts(duplicate=1)
    assert ask(store, "SELECT count(*) FROM events") == [(2,)]


def test_what_is_no_usage_is_counted(store: Store) -> None:
    """Items that say nothing of use, and items that nobody knows, are in the counts; the latter by name."""
    found = reading(event(1), not_usage=4, unrecognised={"mystery: ping": 2, "mystery: pong": 3})

    store.write(Signal.LOGS, [batch(found), batch(found, seq=2)], {})

    assert store.counts(Signal.LOGS) == Counts(1, 1, 8, 10)
    assert store.unrecognised(Signal.LOGS) == {"mystery: pong": 6, "mystery: ping": 4}
    assert store.counts(Signal.TRACES) == Counts()


def test_names_of_what_nobody_knows_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that makes up names cannot fill the store with them."""
    monkeypatch.setattr("upwell.store.store._NAMES_KEPT", 2)

    store.write(Signal.LOGS, [batch(reading(unrecognised={f"name {number}": 1 for number in range(5)}))], {})

    assert store.unrecognised(Signal.LOGS) == {"others": 3, "name 0": 1, "name 1": 1}


def test_a_write_that_fails_leaves_nothing(store: Store) -> None:
    """Rows, counts and cursor are one transaction, and the next write goes through."""
    wrong = event(2, kind=Kind.PROMPT)._replace(time_ns=None)  # type: ignore[arg-type]

    with pytest.raises((duckdb.Error, TypeError)):
        store.write(Signal.LOGS, [batch(reading(event(1), wrong))], {"segment": 1})

    assert ask(store, "SELECT * FROM events") == []
    assert (store.cursor(Signal.LOGS, "segment"), store.counts(Signal.LOGS)) == (0, Counts())
    assert store.write(Signal.LOGS, [batch(reading(event(1)))], {"segment": 1}) == Counts(inserted=1)


def test_the_cursor_is_kept_per_signal_and_source(store: Store, tmp_path: Path) -> None:
    """What is stored of one segment and signal says nothing of another, and a restart finds it."""
    store.write(Signal.LOGS, [batch(reading(event(1)))], {"segment": 5})
    store.write(Signal.LOGS, [], {"segment": 8})
    store.close()
    again = Store(tmp_path / "usage.duckdb")

    assert [again.cursor(Signal.LOGS, "segment"), again.cursor(Signal.TRACES, "segment"), again.cursor(Signal.LOGS, "b")] == [8, 0, 0]
    again.close()


def test_text_that_is_no_unicode_is_stored(store: Store) -> None:
    """Lone surrogates, quotes and NUL in a client's names lose no row."""
    store.write(Signal.LOGS, [batch(reading(event(1, tool="a\ud800'\"", model="b\x00c"), unrecognised={"x\ud800": 1}))], {})

    assert ask(store, "SELECT tool, model FROM events") == [("a?'\"", "b\x00c")]
    assert store.unrecognised(Signal.LOGS) == {"x?": 1}


def test_reports_read_beside_a_write(store: Store) -> None:
    """A question sees what is committed when it is asked."""
    with store.connection() as asking:
        store.write(Signal.LOGS, [batch(reading(event(1)))], {})
        assert asking.execute("SELECT count(*) FROM usage").fetchone() == (1,)


def test_a_newer_file_is_refused(store: Store, tmp_path: Path) -> None:
    """A file of a later Upwell is left alone."""
    with store.connection() as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    store.close()

    with pytest.raises(SchemaTooNew, match="schema version 99"):
        Store(tmp_path / "usage.duckdb")


def test_a_file_that_is_no_store_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    """What DuckDB cannot open is said in Upwell's own error."""
    (tmp_path / "usage.duckdb").write_bytes(b"no database" * 1000)

    with pytest.raises(DataDirError, match=r"usage\.duckdb cannot be opened"):
        Store(tmp_path / "usage.duckdb")


def test_the_file_is_its_owners(store: Store, tmp_path: Path) -> None:
    """Nobody else on the machine reads who did what."""
    assert (tmp_path / "usage.duckdb").stat().st_mode & 0o777 == 0o600


def test_extensions_are_not_fetched(store: Store) -> None:
    """The store never reaches for the network by itself."""
    settings = ask(store, "SELECT value FROM duckdb_settings() WHERE name IN ('autoinstall_known_extensions', 'autoload_known_extensions')")

    assert settings == [("false",), ("false",)]


def test_a_process_with_a_store_ends_quietly() -> None:
    """The end of a command is not followed by pages from DuckDB's binding."""
    ended = subprocess.run(
        [sys.executable, "-c", "import upwell.store, sys; print('told', file=sys.stderr)"],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stderr == "told\n"


def test_points_count_as_items(store: Store) -> None:
    """A point that repeats is a duplicate; one with another time or value is not."""
    found = reading(point(1, 3, at=10), point(2, 5, at=20))

    assert store.write(Signal.METRICS, [batch(found, received_ns=START_NS)], {}) == Counts(inserted=2)
    assert store.write(Signal.METRICS, [batch(reading(point(1, 3, at=10), point(3, 6, at=30)))], {}) == Counts(inserted=1, duplicate=1)


def test_a_copy_has_what_was_written(store: Store, tmp_path: Path) -> None:
    """A copy that is taken while the store is open holds every write that was finished."""
    store.write(Signal.LOGS, [batch(reading(event(1)))], {"segment": 1})
    (tmp_path / "copy").mkdir()

    store.copy(tmp_path / "copy")

    copied = Store(tmp_path / "copy" / "usage.duckdb")
    assert ask(copied, "SELECT id FROM usage") == [(1,)]
    assert copied.cursor(Signal.LOGS, "segment") == 1
    copied.close()
