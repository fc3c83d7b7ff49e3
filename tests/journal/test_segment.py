"""Reading segments: whole ones, damaged ones, live ones."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journal.failing import error
from tests.journal.place import ALL, Place, append_all, cut, noise
from upwell.errors import JournalError, SchemaTooNew
from upwell.journal import Entry, Journal, Segment, Segments, Tally, layout
from upwell.journal import segment as reading
from upwell.otlp.model import Signal

MIXED = (Signal.LOGS, Signal.TRACES, Signal.METRICS, Signal.LOGS)


def mixed(place: Place, count: int = 40) -> list[Entry]:
    return [place.entry(number, MIXED[number % 4], items=number + 1) for number in range(count)]


@pytest.fixture
def live(place: Place) -> Place:
    """What a killed gateway leaves: 300 batches, some in the main file and some in the WAL, with a good mark."""
    entries = place.entries(300, size=600)

    async def work(journal: Journal) -> Place:
        for start in range(0, 200, 10):
            await append_all(journal, *entries[start : start + 10])
        segment = journal._roll._current
        assert segment is not None
        segment.checkpoint()
        for start in range(200, 300, 10):
            await append_all(journal, *entries[start : start + 10])
        return place.crashed()

    return place.run(work)


@pytest.fixture
def closed(place: Place) -> Place:
    """A segment of 300 batches that was closed in order."""
    entries = place.entries(300, size=600)
    place.store(*entries)
    return place


def live_wal_bytes(place: Place) -> int:
    """How much of a WAL SQLite would read back: what follows is left over from before a checkpoint."""
    connection = sqlite3.connect(place.crashed().database())
    _, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    connection.close()
    return int(frames) * (4096 + 24)


def assert_salvaged(place: Place, originals: list[bytes]) -> int:
    """What is read is as it was written, in order; what is not is counted. Returns the readable batches."""
    page = place.page()
    found = [row.body for row in page.rows]

    assert [row.seq for row in page.rows] == sorted({row.seq for row in page.rows})
    assert found == [originals[row.seq - 1] for row in page.rows]
    assert len(found) + page.unreadable == page.upto == len(originals)
    with closing(place.segment()) as segment:
        assert segment.mark().valid
        assert segment.readable(Signal.LOGS) == Tally(len(found), len(found))
        assert segment.beyond(Signal.LOGS) == 0
        assert segment.tally(Signal.LOGS).batches <= len(originals)
        assert segment.dropped() == {}
        for row in page.rows[::50]:
            assert segment.row(row.seq) == row
        in_pages = pages(segment, rows=17, size=9000)
    # With a damaged page above the rows it can depend on where a search begins whether SQLite comes by a row.
    assert in_pages == [body for body in originals if body in set(in_pages)]
    return len(found)


def pages(segment: Segment, *, rows: int, size: int, signal: Signal = Signal.LOGS) -> list[bytes]:
    """A lane's way through a segment: page by page from its cursor."""
    found: list[bytes] = []
    after = 0
    while True:
        page = segment.page(signal, after, rows, size)
        assert page.upto >= after
        if not page.rows:
            assert page.upto == segment.last()
            return found
        found += [row.body for row in page.rows]
        after = page.upto


def test_a_page_is_bounded_in_rows(place: Place) -> None:
    """It has as many rows as asked for, and says up to which seq it looked."""
    entries = mixed(place)
    place.store(*entries, together=False)

    page = place.page(Signal.LOGS, rows=5)

    assert [row.seq for row in page.rows] == [1, 4, 5, 8, 9]
    assert 9 <= page.upto < 12
    assert [row.seq for row in place.page(Signal.LOGS, after=page.upto, rows=2).rows] == [12, 13]


def test_a_page_is_bounded_in_bytes_but_has_a_row(place: Place) -> None:
    """Rows come as long as their inflated bodies fit; the first comes whatever its size."""
    entries = place.entries(4)
    size = len(entries[0].body)
    place.store(*entries)

    assert len(place.page(size=2 * size).rows) == 2
    assert len(place.page(size=2 * size - 1).rows) == 1
    assert len(place.page(size=1).rows) == 1


def test_a_page_of_no_rows_ends(place: Place) -> None:
    """Asking for nothing gets nothing, and does not move."""
    place.store(*place.entries(4))

    assert place.page(rows=0).rows == ()
    assert place.page(rows=0).upto == 0


def test_a_page_passes_over_other_signals(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two rows of a signal may lie many of another: one page gets past them all."""
    monkeypatch.setattr(reading, "_WINDOW", 7)
    place.store(*(place.entry(number, Signal.LOGS if number in (0, 48) else Signal.TRACES) for number in range(50)), together=False)

    page = place.page(Signal.LOGS)

    assert [row.seq for row in page.rows] == [1, 49]
    assert page.upto == 50
    assert place.page(Signal.METRICS).upto == 50


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(rows=st.integers(1, 50), size=st.integers(1, 5000), window=st.integers(1, 50), signal=st.sampled_from(Signal))
def test_pages_of_any_size_make_up_the_signal(place: Place, rows: int, size: int, window: int, signal: Signal) -> None:
    """However it is cut into pages, each row comes once, in order."""
    entries = mixed(place)
    if not place.directory.exists():
        place.store(*entries, together=False)

    with closing(place.segment()) as segment, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_WINDOW", window)
        found = pages(segment, rows=rows, size=size, signal=signal)

    assert found == [entry.body for entry in entries if entry.signal is signal]


def test_a_row_knows_where_it_stands(place: Place) -> None:
    """A row read by seq is the row that its page had, with all its columns."""
    entry = place.entry(7, Signal.TRACES, items=5, key_id="schl\u00fcssel")
    place.store(place.entry(1), entry, together=False)

    with closing(place.segment()) as segment:
        row = segment.row(2)
        assert segment.row(3) is None

    assert row is not None
    assert (row.segment, row.seq, row.signal, row.key_id, row.items) == (place.names()[0], 2, Signal.TRACES, "schl\u00fcssel", 5)
    assert (row.received_ns, row.oldest_ns, row.newest_ns, row.body) == (
        entry.received_ns,
        entry.oldest_ns,
        entry.newest_ns,
        entry.body,
    )


def test_tallies_count_from_the_columns(place: Place) -> None:
    """Batches and items per signal, after a cursor and up to a row."""
    place.store(*mixed(place, 8), together=False)

    with closing(place.segment()) as segment:
        assert segment.tally(Signal.LOGS) == Tally(4, 1 + 4 + 5 + 8)
        assert segment.tally(Signal.LOGS, 4) == Tally(2, 5 + 8)
        assert segment.tally(Signal.LOGS, 1, 5) == Tally(2, 4 + 5)
        assert segment.tally(Signal.TRACES, 6) == Tally()
        assert segment.readable(Signal.METRICS) == Tally(2, 3 + 7)


def test_dropped_items_are_summed_by_rule(place: Place) -> None:
    """What policy removed, per signal and rule, between two rows."""
    place.store(
        place.entry(1, dropped={"prompts": 2}),
        place.entry(2, dropped={"prompts": 3, "own": 1}),
        place.entry(3),
        place.entry(4, Signal.TRACES, dropped={"own": 7}),
        together=False,
    )

    with closing(place.segment()) as segment:
        logs = {(Signal.LOGS, "prompts"): 5, (Signal.LOGS, "own"): 1}
        assert segment.dropped() == {**logs, (Signal.TRACES, "own"): 7}
        assert segment.dropped(upto=2) == logs
        assert segment.dropped(2) == {(Signal.TRACES, "own"): 7}


def test_rows_beyond_the_mark_are_rows(place: Place) -> None:
    """Killed between commit and mark: the rows are there, nobody was told, and the reader says how many items they hold."""
    entries = mixed(place, 12)

    async def work(journal: Journal) -> bytes:
        for entry in entries[:8]:
            await journal.append(entry)
        mark = place.mark().read_bytes()
        for entry in entries[8:]:
            await journal.append(entry)
        return mark

    mark = place.run(work)
    place.mark().write_bytes(mark)

    assert place.bodies(Signal.LOGS) == [entry.body for entry in entries if entry.signal is Signal.LOGS]
    with closing(place.segment()) as segment:
        assert segment.mark().seq == 8
        assert [segment.beyond(signal) for signal in (Signal.LOGS, Signal.TRACES, Signal.METRICS)] == [9 + 12, 10, 11]
        assert segment.readable(Signal.LOGS).items - segment.beyond(Signal.LOGS) == segment.mark().journaled[Signal.LOGS]


def test_a_segment_without_its_mark_is_read(closed: Place) -> None:
    """All rows come, and the mark says that it knows nothing."""
    closed.mark().unlink()

    assert len(closed.bodies()) == 300
    with closing(closed.segment()) as segment:
        assert not segment.mark().valid
        assert segment.beyond(Signal.LOGS) == 0
        assert segment.readable(Signal.LOGS) == Tally(300, 300)


def test_a_damaged_mark_hides_no_row(closed: Place) -> None:
    """A mark that fails its CRC is no mark."""
    noise(closed.mark(), 4, 8)

    assert len(closed.bodies()) == 300
    with closing(closed.segment()) as segment:
        assert not segment.mark().valid


def test_a_killed_gateways_segment_is_whole(live: Place) -> None:
    """Main file, WAL and mark as a kill leaves them hold everything that was acknowledged."""
    originals = [entry.body for entry in live.entries(300, size=600)]

    assert live.wal().stat().st_size > 0
    assert assert_salvaged(live, originals) == 300


@pytest.mark.parametrize("seed", range(12))
def test_noise_in_a_live_wal(live: Place, seed: int) -> None:
    """200 bytes of noise anywhere in the WAL of a killed gateway: SQLite comes back without the rows after it, and all are counted."""
    originals = [entry.body for entry in live.entries(300, size=600)]
    noise(live.wal(), live_wal_bytes(live) * seed // 12, seed=seed)

    assert assert_salvaged(live, originals) < 300


@pytest.mark.parametrize("part", [0, 1, 31, 32, 5000, 100_000])
def test_a_live_wal_cut_short(live: Place, part: int) -> None:
    """The WAL of a killed gateway ends early: what is left is read, the rest is counted."""
    originals = [entry.body for entry in live.entries(300, size=600)]
    cut(live.wal(), part)

    assert assert_salvaged(live, originals) < 300


def test_a_live_wal_deleted(live: Place) -> None:
    """Without its WAL a segment has what was checkpointed."""
    originals = [entry.body for entry in live.entries(300, size=600)]
    live.wal().unlink()

    assert 0 < assert_salvaged(live, originals) <= 200


@pytest.mark.parametrize("seed", range(24))
def test_noise_in_a_closed_file(closed: Place, seed: int) -> None:
    """200 bytes of noise in a main file cost the rows that they hit, and only where they hit the file's first pages more."""
    originals = [entry.body for entry in closed.entries(300, size=600)]
    size = closed.database().stat().st_size
    noise(closed.database(), max(0, size * seed // 24 - 100), seed=seed)

    assert assert_salvaged(closed, originals) >= (0 if seed < 2 else 270)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(offset=st.floats(0, 1), length=st.integers(1, 3000), seed=st.integers(0, 99))
def test_noise_anywhere_never_raises_and_never_lies(closed: Place, offset: float, length: int, seed: int) -> None:
    """Any noise in the main file: each row is either as it was written or counted as unreadable."""
    path = closed.database()
    whole = path.read_bytes()
    originals = [entry.body for entry in closed.entries(300, size=600)]
    noise(path, int(offset * (len(whole) - 1)), length, seed)
    try:
        assert_salvaged(closed, originals)
    finally:
        for sibling in (path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            sibling.unlink(missing_ok=True)
        path.write_bytes(whole)


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.5, 0.99])
def test_a_closed_file_cut_short(closed: Place, part: float) -> None:
    """The pages that are left are read as far as they lead anywhere."""
    originals = [entry.body for entry in closed.entries(300, size=600)]
    cut(closed.database(), int(closed.database().stat().st_size * part))

    assert assert_salvaged(closed, originals) < 300


def test_noise_in_a_wal_under_a_running_gateway(place: Place) -> None:
    """SQLite does not check a WAL's sums while it is open; the CRC of each row does. The gateway goes on."""
    entries = place.entries(60, size=600)

    async def work(journal: Journal) -> tuple[int, int]:
        for start in range(0, 50, 10):
            await append_all(journal, *entries[start : start + 10])
        noise(place.wal(), place.wal().stat().st_size - 2 * 4120, 2 * 4120)
        page = place.page()
        assert [row.body for row in page.rows] == [entries[row.seq - 1].body for row in page.rows]
        assert all(await append_all(journal, *entries[50:]))
        return len(page.rows), page.unreadable

    readable, unreadable = place.run(work)
    assert readable + unreadable == 50
    assert readable < 50
    assert {entry.body for entry in entries[50:]} <= set(place.bodies())


def test_a_wal_cut_under_a_running_gateway(place: Place) -> None:
    """Rows that are gone are counted; what comes after is stored elsewhere and read."""
    entries = place.entries(60, size=600)

    async def work(journal: Journal) -> int:
        for start in range(0, 50, 10):
            await append_all(journal, *entries[start : start + 10])
        cut(place.wal(), 10_000)
        unreadable = place.page().unreadable
        assert all(await append_all(journal, *entries[50:]))
        return unreadable

    assert place.run(work) > 0
    assert len(place.names()) == 2
    assert {entry.body for entry in entries[50:]} <= set(place.bodies())


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 500, b"SQLite format 3\0" + b"\xa5" * 9000])
def test_a_main_file_that_is_no_database_has_no_rows(closed: Place, content: bytes) -> None:
    """All that the mark promises is unreadable, and nothing raises."""
    closed.database().write_bytes(content)

    assert closed.page() == closed.page(Signal.TRACES)
    assert (closed.page().rows, closed.page().unreadable, closed.page().upto) == ((), 300, 300)
    with closing(closed.segment()) as segment:
        assert segment.tally(Signal.LOGS) == Tally()
        assert segment.row(1) is None


def test_a_main_file_that_is_missing_has_no_rows(closed: Place) -> None:
    """As long as the mark is there the segment is listed, and its rows are known to be lost."""
    closed.database().unlink()

    assert len(closed.names()) == 1
    assert (closed.page().rows, closed.page().unreadable) == ((), 300)


def test_a_row_changed_by_hand_is_unreadable(closed: Place) -> None:
    """A file that SQLite finds perfect may still not hold what was written."""
    connection = sqlite3.connect(closed.database())
    connection.execute("UPDATE batches SET items = items + 1 WHERE seq = 7")
    connection.execute("UPDATE batches SET signal = 'lags' WHERE seq = 8")
    connection.execute("DELETE FROM batches WHERE seq = 9")
    connection.execute("UPDATE batches SET signal = 'traces' WHERE seq = 10")
    connection.commit()
    connection.close()

    page = closed.page()

    assert [seq for seq in range(1, 13) if seq not in {row.seq for row in page.rows}] == [7, 8, 9, 10]
    assert page.unreadable == 3  # row 10 now passes for a row of the traces' lane, which finds its CRC wrong
    assert closed.page(Signal.TRACES).unreadable == 3


def test_noise_in_the_numbers_does_not_lead_astray(closed: Place) -> None:
    """A row far beyond what the file could hold is noise: nobody counts up to it."""
    connection = sqlite3.connect(closed.database())
    connection.execute("UPDATE batches SET seq = 1 << 60 WHERE seq = 300")
    connection.commit()
    connection.close()

    page = closed.page()

    assert (len(page.rows), page.unreadable, page.upto) == (299, 1, 300)


def test_without_mark_and_with_damage_the_last_row_is_found(closed: Place) -> None:
    """Where neither the mark nor SQLite tells the last seq, it is searched for."""
    closed.mark().unlink()
    size = closed.database().stat().st_size
    for page in range(2, size // 4096, 5):
        noise(closed.database(), page * 4096, 64, page)

    found = closed.page()

    originals = [entry.body for entry in closed.entries(300, size=600)]
    assert [row.body for row in found.rows] == [originals[row.seq - 1] for row in found.rows]
    assert 100 < len(found.rows) < 300
    assert found.upto <= 300


def test_damage_is_narrowed_down_without_reading_each_row(closed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bad page costs some queries, not one per row and not one per pair of rows."""
    queries: list[str] = []
    noise(closed.database(), closed.database().stat().st_size // 8192 * 4096, 100)
    with closing(closed.segment()) as segment:
        assert segment._scan._connection is not None
        segment._scan._connection.set_trace_callback(queries.append)
        page = segment.page(Signal.LOGS, 0, ALL, ALL)

    assert 0 < page.unreadable < 20
    assert len(queries) < 200


@pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM])
def test_what_may_pass_is_not_called_lost(closed: Place, code: int) -> None:
    """A lock, a disk that does not answer, too many open files: the reader says so, and a later look finds the rows."""
    with closing(closed.segment()) as segment:
        real = segment._scan._connection

        class Busy:
            def execute(self, *_: object) -> None:
                raise error(code, "database is locked")

        segment._scan._connection = Busy()  # type: ignore[assignment]
        with pytest.raises(JournalError, match="cannot be read at present: database is locked"):
            segment.page(Signal.LOGS, 0, ALL, ALL)
        segment._scan._connection = real

        assert len(segment.page(Signal.LOGS, 0, ALL, ALL).rows) == 300


def test_a_segment_that_cannot_be_opened_now_says_so(closed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no file descriptor left nothing is read, and nothing is called lost."""

    def fail(*_: object, **__: object) -> None:
        raise error(sqlite3.SQLITE_CANTOPEN, "unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", fail)

    with pytest.raises(JournalError, match="unable to open"):
        closed.segment()


def test_a_segment_of_a_newer_upwell_is_refused(closed: Place) -> None:
    """It is not damage, and not to be read by rules that may have changed."""
    connection = sqlite3.connect(closed.database())
    connection.execute("PRAGMA user_version=2")
    connection.close()

    with pytest.raises(SchemaTooNew, match="version 2"):
        closed.segment()


def test_reading_beside_a_writer_sees_each_row_once(place: Place) -> None:
    """Neither waits for the other: a lane follows while batches come, and has them all in the end."""
    entries = place.entries(400, size=1000)
    found: list[bytes] = []
    done = threading.Event()

    def follow() -> None:
        segments = Segments(place.directory)
        after: dict[str, int] = {}
        opened: dict[str, Segment] = {}
        while True:
            last_look = done.is_set()
            for name in segments.names():
                segment = opened.get(name) or opened.setdefault(name, segments.open(name))
                page = segment.page(Signal.LOGS, after.get(name, 0), 50, ALL)
                assert page.unreadable == 0
                after[name] = page.upto
                found.extend(row.body for row in page.rows)
                last_look = last_look and not page.rows
            if last_look:
                break
        for segment in opened.values():
            segment.close()

    async def work(journal: Journal) -> None:
        for start in range(0, 400, 5):
            assert all(await append_all(journal, *entries[start : start + 5]))

    lane = threading.Thread(target=follow)
    lane.start()
    try:
        place.run(work, segment_bytes=2**18)
    finally:
        done.set()
        lane.join()

    assert found == [entry.body for entry in entries]


def test_bytes_are_those_of_all_files(closed: Place) -> None:
    """Database, WAL, shared memory and mark; nothing for a name that is not there."""
    segments = Segments(closed.directory)

    assert segments.bytes(closed.names()[0]) == sum(path.stat().st_size for path in closed.directory.iterdir())
    assert segments.bytes(layout.fresh(None, 0)) == 0


def test_unlink_leaves_nothing(place: Place) -> None:
    """All files of a segment go, and no other's."""
    place.store(place.entry(1))
    place.store(place.entry(2))
    first, second = place.names()

    Segments(place.directory).unlink(first)

    assert {path.name for path in place.directory.iterdir()} == {f"{second}.db", f"{second}.mark"}


@pytest.mark.parametrize("removed", [(), (".db",), (".mark",), (".db", ".mark")])
def test_a_deletion_cut_short_is_finished(place: Place, removed: tuple[str, ...]) -> None:
    """Wherever a crash meets it, what is half deleted is neither read again nor called lost."""
    place.store(place.entry(1))
    place.store(place.entry(2))
    first, second = place.names()
    layout.tombstone(place.directory, first).touch()
    for ending in removed:
        (place.directory / f"{first}{ending}").unlink()

    assert place.names() == [second]
    assert {path.name.partition(".")[0] for path in place.directory.iterdir()} == {second}


def test_deletions_of_others_are_not_finished(place: Place) -> None:
    """Only names of segments are acted upon."""
    place.store(place.entry(1))
    for name in ("notes.gone", "notes.db"):
        (place.directory / name).touch()

    Segments(place.directory)

    assert (place.directory / "notes.db").exists()


def test_a_missing_directory_has_no_segments(tmp_path: Path) -> None:
    """A worker may be started before any gateway."""
    segments = Segments(tmp_path / "journal")

    assert segments.names() == []
    assert segments.newest() is None


def test_a_closed_reader_says_so(closed: Place) -> None:
    """Using a segment after close is a fault of the caller, and is not taken for damage."""
    segment = closed.segment()
    segment.close()

    with pytest.raises(JournalError, match="closed"):
        segment.tally(Signal.LOGS)
