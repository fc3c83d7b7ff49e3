"""The succession of segments, and the journal's health."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from tests.journal.failing import fail
from tests.journal.place import ALL, Place, append_all, current, cut, outcomes
from upwell.errors import DataDirError, JournalFull, JournalUnwritable, SchemaTooNew
from upwell.journal import Journal, Segments, disk, layout, roll
from upwell.otlp.model import Signal

MiB = 2**20


async def until(condition: Callable[[], bool]) -> None:
    """Wait for the journal's background thread."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the background thread did not get there in a minute"
        await asyncio.sleep(0.005)


def settled(journal: Journal) -> bool:
    """Whether the background thread has nothing to do."""
    roll = journal._roll
    return all(job is None or job.done() for job in (*roll._jobs, roll._next, roll._checkpoint))


def test_every_start_makes_a_segment(place: Place) -> None:
    """An old one is never appended to, not even an empty one."""
    for number in range(3):
        place.store(place.entry(number))

    names = place.names()
    assert len(names) == 3
    assert [place.page(name=name).rows[0].seq for name in names] == [1, 1, 1]


def test_older_segments_are_final(place: Place) -> None:
    """A segment is final from the moment that a newer one exists, and the newest is not."""
    place.store(place.entry(1))
    with closing(place.segment()) as segment:
        assert not segment.final

        place.store(place.entry(2))

        assert segment.final
    with closing(place.segment()) as segment:
        assert not segment.final


def test_files_are_private(place: Place) -> None:
    """0700 and 0600, also of the WAL and of the segment held ready, whatever the umask."""

    async def work(journal: Journal) -> dict[str, int]:
        await journal.append(place.entry(1))
        await until(lambda: settled(journal))
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.directory.iterdir()}

    modes = place.run(work)
    assert set(modes.values()) == {0o600}
    assert {Path(name).suffix for name in modes} == {".db", ".db-wal", ".db-shm", ".mark", ".tmp"}
    assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700


def test_closing_leaves_database_and_mark_alone(place: Place) -> None:
    """The WAL is checkpointed and gone, the segment held ready is swept."""
    place.store(place.entry(1))

    assert {path.suffix for path in place.directory.iterdir()} == {".db", ".mark"}


def test_leftovers_of_a_crash_are_swept(place: Place) -> None:
    """The segment that a killed gateway held ready does not stay for ever."""

    async def work(journal: Journal) -> Place:
        await until(lambda: settled(journal))
        return place.crashed()

    crashed = place.run(work)
    assert len(layout.drafts(crashed.directory)) == 1
    crashed.store(crashed.entry(1))
    assert layout.drafts(crashed.directory) == []


def test_rows_are_numbered_without_a_gap_through_rotation(place: Place) -> None:
    """Under load each segment has 1, 2, 3... to its mark, and no acknowledged batch is missing or twice."""
    entries = place.entries(600, size=2000)

    async def work(journal: Journal) -> None:
        for start in range(0, 600, 20):
            assert all(await append_all(journal, *entries[start : start + 20]))
            await until(lambda: settled(journal))

    place.run(work, segment_bytes=MiB // 4)

    names = place.names()
    assert len(names) > 2
    for name in names:
        with closing(place.segment(name)) as segment:
            rows = segment.page(Signal.LOGS, 0, ALL, ALL).rows
            assert [row.seq for row in rows] == list(range(1, segment.mark().seq + 1))
    assert place.bodies() == [entry.body for entry in entries]
    assert [path for path in place.directory.iterdir() if path.name.endswith("-wal")] == []


def test_appends_go_on_while_the_next_segment_is_not_ready(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow disk makes a segment longer, not a request slower."""

    async def work(journal: Journal) -> int:
        await until(lambda: settled(journal))
        ready, journal._roll._next = journal._roll._next, Future()
        for entry in place.entries(40, size=20_000):
            assert await journal.append(entry)
        count = len(place.names())
        journal._roll._next = ready
        return count

    assert place.run(work, segment_bytes=MiB // 8) == 1


def test_a_segment_is_closed_by_age(place: Place) -> None:
    """Rows leave the disk with their whole segment, so a quiet journal's segment ends too, even when nothing more comes."""

    async def work(journal: Journal) -> list[int]:
        await journal.append(place.entry(1))
        await until(lambda: settled(journal))
        counts = []
        for seconds in (3500, 200):
            place.advance(seconds)
            journal._tick()
            counts.append(len(place.names()))
        await until(lambda: settled(journal))
        place.advance(10_000)
        journal._tick()
        return [*counts, len(place.names())]

    assert place.run(work) == [1, 2, 2]


def test_the_wal_stays_bounded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints in the background keep it short though no commit ever runs one."""
    monkeypatch.setattr(roll, "_CHECKPOINT_BYTES", MiB // 4)

    async def work(journal: Journal) -> int:
        for entry in place.entries(600, size=4000):
            assert await journal.append(entry)
            await asyncio.sleep(0)
        assert journal.counts().setbacks == 0
        return place.wal().stat().st_size

    assert place.run(work) < MiB
    assert len(place.bodies()) == 600


def test_a_checkpoint_that_fails_loses_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, and tried again with the next one due."""
    monkeypatch.setattr(roll, "_CHECKPOINT_BYTES", 1)
    tried: list[int] = []

    def broken() -> None:
        tried.append(1)
        raise sqlite3.OperationalError("disk I/O error")

    async def work(journal: Journal) -> int:
        monkeypatch.setattr(current(journal), "checkpoint", broken)
        number = 0
        while journal.counts().setbacks < 3:
            number += 1
            assert await journal.append(place.entry(number))
            await until(lambda: settled(journal))
        return number

    assert place.run(work) == len(place.bodies())
    assert len(tried) >= 3


def test_a_clock_set_back_makes_names_that_sort_after(place: Place) -> None:
    """A new segment is the newest, whatever time it is, or the lanes would never come to it."""
    for number, seconds in enumerate((0, -86400, 86400, -(10**9))):
        place.clock.advance(seconds)
        place.store(place.entry(number))

    assert [place.page(name=name).rows[0].newest_ns for name in place.names()] == [place.entry(number).newest_ns for number in range(4)]


def test_the_newest_segment_cannot_be_deleted(place: Place) -> None:
    """It is the floor under the names to come."""
    place.store(place.entry(1))

    with pytest.raises(ValueError, match="newest"):
        Segments(place.directory).unlink(place.names()[-1])


def test_a_full_journal_refuses_and_recovers(place: Place) -> None:
    """At its bound append says so; once the worker has deleted segments it goes on, without a restart."""

    async def work(journal: Journal) -> list[object]:
        number = refused = 0
        while refused < 3:  # the end of the segment being written may make a little room
            number += 1
            place.advance(0.6)
            (found,) = await outcomes(journal, place.entry(number, size=20_000))
            await until(lambda: settled(journal))
            refused += found is not True
        place.advance(0.6)
        reason = journal.ready()
        segments = Segments(place.directory)
        for name in segments.names()[:-1]:
            segments.unlink(name)
        place.advance(0.6)
        return [type(found), reason, number > 20, journal.ready(), await journal.append(place.entry(0))]

    kind, reason, took_some, ready, later = place.run(work, max_bytes=MiB, segment_bytes=MiB // 4)
    assert (kind, took_some, ready, later) == (JournalFull, True, None, True)
    assert "journal.max_bytes is 1048576" in str(reason)


def test_a_full_journal_ends_its_segment(place: Place) -> None:
    """The worker can free none but final segments: if the one being written is all there is, it must become final."""

    async def work(journal: Journal) -> int:
        await journal.append(place.entry(1, size=200_000))
        await until(lambda: settled(journal))
        journal._roll._segment_bytes = ALL
        journal._roll._room._settings = journal._roll._settings.model_copy(update={"max_bytes": 50_000})
        place.advance(1)
        for number in (2, 3, 4):
            (found,) = await outcomes(journal, place.entry(number))
            assert isinstance(found, JournalFull)
        return len(place.names())

    assert place.run(work) == 2


def test_a_retry_is_answered_by_a_full_journal(place: Place) -> None:
    """What is stored already needs no room."""
    entry = place.entry(1, size=200_000)

    async def work(journal: Journal) -> bool:
        await journal.append(entry)
        journal._roll._room._settings = journal._roll._settings.model_copy(update={"max_bytes": 1})
        place.advance(1)
        assert journal.ready() is not None
        return await journal.append(entry)

    assert place.run(work) is False


def test_bytes_count_all_files(place: Place) -> None:
    """What /metrics shows is what the folder takes, half a second ago at most."""
    place.store(*place.entries(50))

    async def work(journal: Journal) -> tuple[int, int]:
        await append_all(journal, *place.entries(90)[50:])
        await until(lambda: settled(journal))
        place.advance(1)
        await journal.append(place.entry(1000))
        return journal.bytes(), sum(path.stat().st_size for path in place.directory.iterdir())

    told, taken = place.run(work)
    assert taken - 100_000 < told <= taken


@pytest.mark.parametrize("damage", ["deleted", "replaced", "wal cut", "wal deleted", "mark deleted", "directory deleted"])
def test_files_taken_away_under_the_gateway_are_noticed(place: Place, damage: str) -> None:
    """SQLite would go on writing where nobody reads: the next batch goes to a fresh segment instead."""

    async def work(journal: Journal) -> bool:
        await append_all(journal, *place.entries(5))
        if damage == "deleted":
            place.database().unlink()
        elif damage == "replaced":
            shutil.copy(place.database(), place.directory / "copy")
            (place.directory / "copy").rename(place.database())
        elif damage == "wal cut":
            cut(place.wal(), 100)
        elif damage == "wal deleted":
            place.wal().unlink()
        elif damage == "mark deleted":
            place.mark().unlink()
        else:
            shutil.rmtree(place.directory)
        return await journal.append(place.entry(9))

    assert place.run(work) is True
    assert place.bodies()[-1] == place.entry(9).body
    with closing(place.segment()) as segment:
        assert (segment.mark().valid, segment.mark().seq) == (True, 1)


def test_a_directory_that_cannot_be_written_is_no_crash(place: Place) -> None:
    """The gateway starts, says why it is not ready, and takes batches as soon as it can."""
    place.directory.parent.mkdir(exist_ok=True)
    place.directory.write_text("a file where the directory should be")

    async def work(journal: Journal) -> list[object]:
        (found,) = await outcomes(journal, place.entry(1))
        reason = journal.ready()
        assert str(place.directory) not in f"{reason} {found}"
        place.directory.unlink()
        place.advance(1)
        return [type(found), reason is None, await journal.append(place.entry(1))]

    assert place.run(work) == [JournalUnwritable, False, True]
    assert len(place.bodies()) == 1


def test_a_directory_taken_away_is_made_again(place: Place) -> None:
    """A file in its place refuses everything; when it is gone, the journal recovers by itself, and leaves no litter."""

    async def work(journal: Journal) -> list[object]:
        await journal.append(place.entry(1))
        await until(lambda: settled(journal))
        aside = place.directory.with_name("aside")
        place.directory.rename(aside)
        place.directory.touch()
        found = await outcomes(journal, place.entry(2))
        for _ in range(3):
            place.advance(1)
            assert journal.ready() is not None
        place.directory.unlink()
        aside.rename(place.directory)
        place.advance(1)
        return [type(found[0]), journal.ready(), await journal.append(place.entry(2))]

    assert place.run(work) == [JournalUnwritable, None, True]
    assert place.bodies() == [place.entry(1).body, place.entry(2).body]
    assert len(place.names()) == 2


def test_a_segment_that_cannot_be_started_leaves_no_files(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails for an hour must not fill the folder with 3,600 beginnings."""

    async def work(journal: Journal) -> list[str]:
        await until(lambda: settled(journal))
        fail(journal, "COMMIT", sqlite3.SQLITE_IOERR_WRITE)
        await outcomes(journal, place.entry(1))
        with monkeypatch.context() as broken:
            broken.setattr("upwell.journal.current.sync_directory", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
            for _ in range(5):
                place.advance(1)
                assert journal.ready() is not None
        await until(lambda: settled(journal))
        return sorted(path.name for path in place.directory.iterdir() if ".tmp" not in path.name)

    names = place.run(work)
    assert {name.partition(".")[0] for name in names} == {names[0].partition(".")[0]}


def test_a_journal_of_a_newer_upwell_is_refused(place: Place) -> None:
    """A downgrade ends with a sentence, before anything is written."""
    place.store(place.entry(1))
    connection = sqlite3.connect(place.database())
    connection.execute("PRAGMA user_version=2")
    connection.close()

    with pytest.raises(SchemaTooNew, match="schema version 2"):
        place.store(place.entry(2))
    assert len(place.names()) == 1


def test_a_network_file_system_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared disk is refused before anything is written."""
    monkeypatch.setattr(disk, "mounts", lambda: [("/", "nfs4")])

    with pytest.raises(DataDirError, match="network file system"):
        place.store(place.entry(1))
    assert not place.directory.exists()


def test_an_earlier_segment_that_cannot_be_read_now_stops_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its digests are not known then: its retries are stored again, which is better than not starting."""
    from upwell.errors import JournalError

    place.store(place.entry(1))
    monkeypatch.setattr(Segments, "open", lambda *_: (_ for _ in ()).throw(JournalError("too many open files")))

    async def work(journal: Journal) -> list[object]:
        return [await journal.append(place.entry(1)), journal.counts().setbacks]

    assert place.run(work) == [True, 1]


@pytest.mark.parametrize("damage", ["empty", "noise", "deleted"])
def test_a_damaged_earlier_segment_stops_nothing(place: Place, damage: str) -> None:
    """The gateway starts beside any wreck."""
    place.store(place.entry(1))
    if damage == "empty":
        cut(place.database(), 0)
    elif damage == "noise":
        place.database().write_bytes(b"\xa5" * 20_000)
    else:
        place.database().unlink()

    assert place.store(place.entry(2)) == [True]
