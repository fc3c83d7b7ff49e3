"""The gateway's side of the journal: what append promises."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.journal.failing import fail, raiser, wrap
from tests.journal.place import SECRET, Place, append_all, current, outcomes
from upwell.errors import JournalUnwritable
from upwell.journal import Journal, writer
from upwell.journal.digests import WINDOW_SECONDS
from upwell.journal.mark import MarkFile
from upwell.otlp.model import Signal


def test_appended_batches_come_back(place: Place) -> None:
    """What append acknowledged is read back, signal by signal, in order and to the byte."""
    logs, spans = place.entries(5), place.entries(3, Signal.TRACES)

    assert place.store(*logs, *spans) == [True] * 8

    assert place.bodies(Signal.LOGS) == [entry.body for entry in logs]
    assert place.bodies(Signal.TRACES) == [entry.body for entry in spans]
    assert place.bodies(Signal.METRICS) == []


def test_rows_can_be_read_as_soon_as_they_are_acknowledged(place: Place) -> None:
    """The worker need not wait for the segment to be closed."""
    entry = place.entry(1)

    async def work(journal: Journal) -> list[bytes]:
        await journal.append(entry)
        return place.bodies()

    assert place.run(work) == [entry.body]


def test_batches_that_come_together_are_committed_together(place: Place) -> None:
    """64 requests at once cost one fsync."""

    async def work(journal: Journal) -> int:
        assert all(await append_all(journal, *place.entries(64)))
        return journal.counts().commits

    assert place.run(work) == 1


def test_batches_that_come_in_turns_of_the_loop_share_commits(place: Place) -> None:
    """While requests are still arriving the commit waits for them, but not for ever."""

    async def late(journal: Journal, number: int) -> bool:
        for _ in range(number // 2):
            await asyncio.sleep(0)
        return await journal.append(place.entry(number))

    async def work(journal: Journal) -> int:
        assert all(await asyncio.gather(*(late(journal, number) for number in range(60))))
        return journal.counts().commits

    assert 1 < place.run(work) <= 60 / 2 / writer._MAX_TURNS + 2


def test_a_single_batch_waits_for_nobody(place: Place) -> None:
    """At one connection each batch is committed in the next turn of the loop."""

    async def work(journal: Journal) -> list[int]:
        turns = []
        for entry in place.entries(3):
            task = asyncio.ensure_future(journal.append(entry))
            count = 0
            while not task.done():
                await asyncio.sleep(0)
                count += 1
            turns.append(count)
        return turns

    assert max(place.run(work)) <= 4


def test_a_group_is_bounded_in_rows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a group holds is committed in several, in order."""
    monkeypatch.setattr(writer, "_GROUP_ROWS", 10)
    entries = place.entries(25)

    async def work(journal: Journal) -> int:
        assert all(await append_all(journal, *entries))
        return journal.counts().commits

    assert place.run(work) == 3
    assert place.bodies() == [entry.body for entry in entries]


def test_a_group_is_bounded_in_bytes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Big bodies do not make one endless transaction."""
    monkeypatch.setattr(writer, "_GROUP_BYTES", 10_000)

    async def work(journal: Journal) -> int:
        assert all(await append_all(journal, *place.entries(4, size=24_000)))
        return journal.counts().commits

    assert place.run(work) == 4


def test_a_big_body_is_stored_like_any_other(place: Place) -> None:
    """Compressed in a thread, committed and known as a retry all the same."""
    big = place.entry(1, size=2_000_000)

    async def work(journal: Journal) -> list[bool]:
        return [*await append_all(journal, big, place.entry(2), big), await journal.append(big)]

    assert place.run(work) == [True, True, False, False]
    assert max(place.bodies(), key=len) == big.body


def test_an_empty_body_is_stored(place: Place) -> None:
    """A batch of which policy left nothing is still a row, for the sake of its counts."""
    entry = place.entry(1, items=0, dropped={"prompts": 4})

    place.store(entry)

    with closing(place.segment()) as segment:
        assert segment.dropped() == {(Signal.LOGS, "prompts"): 4}
        assert segment.mark().accepted[Signal.LOGS] == 4
        assert segment.mark().journaled[Signal.LOGS] == 0


def test_counts_say_what_was_done(place: Place) -> None:
    """Items before and after policy, batches, retries and commits."""

    async def work(journal: Journal) -> writer.Counts:
        await journal.append(place.entry(1, items=3, dropped={"own": 2}))
        await journal.append(place.entry(1, items=3, dropped={"own": 2}))
        await journal.append(place.entry(2, Signal.METRICS, items=10))
        return journal.counts()

    counts = place.run(work)
    assert counts.accepted == {Signal.METRICS: 10, Signal.TRACES: 0, Signal.LOGS: 5}
    assert counts.journaled == {Signal.METRICS: 10, Signal.TRACES: 0, Signal.LOGS: 3}
    assert counts.batches == {Signal.METRICS: 1, Signal.TRACES: 0, Signal.LOGS: 1}
    assert counts.duplicates == {Signal.METRICS: 0, Signal.TRACES: 0, Signal.LOGS: 1}
    assert (counts.commits, counts.failed_commits, counts.setbacks, counts.retry_window_seconds) == (2, 0, 0, WINDOW_SECONDS)


def test_a_retry_is_not_stored_twice(place: Place) -> None:
    """The same body of the same key and signal is stored once."""
    entry = place.entry(1)

    assert place.store(entry, entry, place.entry(1, key_id="k2"), place.entry(1, Signal.TRACES), together=False) == [
        True,
        False,
        True,
        True,
    ]
    assert len(place.bodies()) == 2


def test_a_retry_in_flight_waits_for_the_commit(place: Place) -> None:
    """It is answered when the first is safe, and not before."""
    entry = place.entry(1)

    async def work(journal: Journal) -> list[bool]:
        first, retry = asyncio.ensure_future(journal.append(entry)), asyncio.ensure_future(journal.append(entry))
        await asyncio.sleep(0)
        assert not retry.done()
        return [await first, await retry]

    assert place.run(work) == [True, False]
    assert place.bodies() == [entry.body]


def test_a_retry_of_a_failed_commit_fails_too_and_the_next_is_stored(place: Place) -> None:
    """No retry is answered on the strength of a commit that did not happen."""
    entry = place.entry(1)

    async def work(journal: Journal) -> list[bool | BaseException]:
        fail(journal, "COMMIT", sqlite3.SQLITE_FULL)
        found = await outcomes(journal, entry, entry)
        place.advance(1)
        return [*found, await journal.append(entry)]

    first, retry, later = place.run(work)
    assert isinstance(first, JournalUnwritable)
    assert isinstance(retry, JournalUnwritable)
    assert later is True
    assert place.bodies() == [entry.body]


def test_a_retry_after_a_restart_is_known(place: Place) -> None:
    """The digest stands in the batch's own row, and is read back."""
    entries = place.entries(3)
    place.store(*entries)
    place.advance(60)

    assert place.store(entries[1], place.entry(9)) == [False, True]
    assert len(place.bodies()) == 4


def test_a_retry_after_the_window_is_new(place: Place) -> None:
    """Five minutes later the same body counts as new data, in one process and across a restart."""
    entry = place.entry(1)

    async def work(journal: Journal) -> bool:
        await journal.append(entry)
        place.advance(WINDOW_SECONDS + 1)
        return await journal.append(entry)

    assert place.run(work) is True
    place.advance(WINDOW_SECONDS + 2)
    assert place.store(entry) == [True]


def test_a_retry_after_many_restarts_is_known(place: Place) -> None:
    """All segments that may hold rows of the window are looked at, not just the last."""
    entry = place.entry(1)
    place.store(entry)
    for number in range(2, 6):
        place.advance(10)
        place.store(place.entry(number))

    assert place.store(entry) == [False]


def test_a_restart_with_the_clock_set_back_knows_retries(place: Place) -> None:
    """Rows from the future count as rows of now."""
    entry = place.entry(1)
    place.store(entry)
    place.clock.advance(-3600)

    assert place.store(entry) == [False]


def test_a_cancelled_request_takes_nobody_with_it(place: Place) -> None:
    """The batch goes on to the disk, and a retry that was waiting for it is answered."""
    entry = place.entry(1)

    async def work(journal: Journal) -> bool:
        first = asyncio.ensure_future(journal.append(entry))
        retry = asyncio.ensure_future(journal.append(entry))
        await asyncio.sleep(0)
        first.cancel()
        return await retry

    assert place.run(work) is False
    assert place.bodies() == [entry.body]


def test_a_commit_that_stalls_answers_nobody(place: Place) -> None:
    """As long as the disk has not answered there is no True; then there is."""
    reached, go_on = threading.Event(), threading.Event()

    def stall() -> None:
        reached.set()
        go_on.wait(60)

    async def work(journal: Journal) -> bool:
        wrap(journal, "COMMIT", before=stall)
        return await journal.append(place.entry(1))

    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(place.run, work)
        assert reached.wait(60)
        assert not answer.done()
        assert place.bodies() == []
        go_on.set()
        assert answer.result(60) is True


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT", "COMMIT"])
def test_a_commit_that_fails_answers_nobody_true(place: Place, statement: str) -> None:
    """Wherever a full disk shows, nobody in the group is told that it was stored, and nothing is."""

    async def work(journal: Journal) -> list[bool | BaseException]:
        fail(journal, statement, sqlite3.SQLITE_FULL)
        return await outcomes(journal, *place.entries(3))

    assert [type(found) for found in place.run(work)] == [JournalUnwritable] * 3
    assert place.bodies() == []


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT"])
@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_IOERR_READ]
)
def test_a_damaged_segment_is_left_for_a_fresh_one(place: Place, statement: str, code: int) -> None:
    """Before COMMIT it is certain that nothing was stored, so the group goes to a new segment at once."""
    entries = place.entries(6)

    async def work(journal: Journal) -> list[bool]:
        before = await append_all(journal, *entries[:2])
        fail(journal, statement, code)
        return before + await append_all(journal, *entries[2:])

    assert place.run(work) == [True] * 6
    assert len(place.names()) == 2
    assert place.bodies() == [entry.body for entry in entries]


def test_a_damaged_segment_is_left_once_only(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the fresh segment fails like the old one, the group is refused: no loop of new files."""
    from upwell.journal.current import Current, Failure

    def broken(self: Current, records: object) -> None:
        raise Failure("broken", spent=True, unstored=True)

    async def work(journal: Journal) -> list[bool | BaseException]:
        monkeypatch.setattr(Current, "commit", broken)
        return await outcomes(journal, *place.entries(2))

    assert [type(found) for found in place.run(work)] == [JournalUnwritable] * 2
    assert len(place.names()) == 2


@pytest.mark.parametrize("stored", [False, True])
def test_a_commit_of_unknown_outcome_is_void(place: Place, stored: bool) -> None:
    """After an I/O error of COMMIT itself its rows may be in the file: refused, they count for nothing, and the retry is stored once."""
    entries = place.entries(4)

    async def work(journal: Journal) -> list[object]:
        before = await append_all(journal, *entries[:2])
        if stored:
            wrap(journal, "COMMIT", after=raiser(sqlite3.SQLITE_IOERR_FSYNC))
        else:
            fail(journal, "COMMIT", sqlite3.SQLITE_IOERR_FSYNC)
        failed = await outcomes(journal, *entries[2:])
        assert journal.ready() is not None
        place.advance(1)
        assert journal.ready() is None
        return [*before, *map(type, failed), *await append_all(journal, *entries[2:])]

    assert place.run(work) == [True, True, JournalUnwritable, JournalUnwritable, True, True]
    assert len(place.names()) == 2
    assert place.bodies() == [entry.body for entry in entries]
    with closing(place.segment(place.names()[0])) as segment:
        assert (segment.mark().sealed, segment.beyond(Signal.LOGS), segment.readable(Signal.LOGS).batches) == (True, 0, 2)
    assert place.store(*entries) == [False] * 4


def test_a_mark_that_cannot_be_written_is_no_acknowledgement(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are stored but not promised: the retry is answered only once the mark is written, and is not stored again."""
    entry = place.entry(1)

    async def work(journal: Journal) -> list[object]:
        with monkeypatch.context() as broken:
            broken.setattr(MarkFile, "write", lambda *_: (_ for _ in ()).throw(OSError(5, "Input/output error")))
            found = await outcomes(journal, entry)
            again = await outcomes(journal, entry)
        place.advance(1)
        return [type(found[0]), type(again[0]), await journal.append(entry)]

    assert place.run(work) == [JournalUnwritable, JournalUnwritable, False]
    assert place.bodies() == [entry.body]
    with closing(place.segment()) as segment:
        assert segment.mark().seq == 1


def test_after_a_failure_the_disk_is_tried_once_a_second(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests in between are refused without touching it."""
    probes: list[int] = []

    async def work(journal: Journal) -> list[bool | BaseException]:
        fail(journal, "COMMIT", sqlite3.SQLITE_FULL)
        found = await outcomes(journal, place.entry(1))
        segment = current(journal)
        monkeypatch.setattr(segment, "probe", lambda: probes.append(1))
        for number in range(2, 50):
            found += await outcomes(journal, place.entry(number))
        assert probes == []
        place.advance(1)
        return found + await outcomes(journal, place.entry(50))

    found = place.run(work)
    assert [type(one) for one in found[:-1]] == [JournalUnwritable] * 49
    assert found[-1] is True
    assert probes == [1]


def test_readiness_recovers_without_a_request(place: Place) -> None:
    """A balancer that sends nothing while it is not ready would otherwise never send again."""

    async def work(journal: Journal) -> list[str | None]:
        fail(journal, "COMMIT", sqlite3.SQLITE_FULL)
        await outcomes(journal, place.entry(1))
        found = [journal.ready()]
        place.advance(1)
        return [*found, journal.ready()]

    first, later = place.run(work)
    assert first is not None
    assert "made by the test" in first
    assert later is None


def test_an_unexpected_fault_fails_its_group_and_no_other(place: Place) -> None:
    """A fault of our own is refused like a failed commit, and the next batch is taken."""

    async def work(journal: Journal) -> list[object]:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))

        def fault() -> None:
            if not faults:
                raise MemoryError

        wrap(journal, "INSERT", after=fault)
        found = await outcomes(journal, place.entry(1))
        await asyncio.sleep(0)
        assert [type(one) for one in faults] == [MemoryError]
        return [type(found[0]), await journal.append(place.entry(2)), await journal.append(place.entry(1))]

    assert place.run(work) == [JournalUnwritable, True, True]
    assert len(place.bodies()) == 2


def test_a_body_that_cannot_be_compressed_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in its thread a fault reaches the request, and its retry is new."""
    big = place.entry(1, size=1_000_000)

    async def work(journal: Journal) -> list[object]:
        with monkeypatch.context() as broken:
            broken.setattr("upwell.journal.record.compressor", lambda: None)
            failed = await outcomes(journal, big, big)
        return [*map(type, failed), await journal.append(big)]

    assert place.run(work) == [JournalUnwritable, JournalUnwritable, True]


def test_an_entry_that_cannot_be_stored_fails_alone(place: Place) -> None:
    """A column that SQLite cannot take is found before the group is made."""
    from dataclasses import replace

    bad = replace(place.entry(1), received_ns=2**70)

    async def work(journal: Journal) -> list[bool | BaseException]:
        return await outcomes(journal, place.entry(2), bad, place.entry(3))

    first, wrong, last = place.run(work)
    assert (first, last) == (True, True)
    assert isinstance(wrong, Exception)
    assert len(place.bodies()) == 2


def test_closing_commits_what_waits(place: Place) -> None:
    """A request whose batch was queued when the gateway ended is answered, and truly."""
    entry = place.entry(1)

    async def main() -> bool:
        journal = place.journal()
        journal.open()
        answer = asyncio.ensure_future(journal.append(entry))
        await asyncio.sleep(0)
        journal.close()
        return await answer

    assert asyncio.run(main()) is True
    assert place.bodies() == [entry.body]


@pytest.mark.parametrize("state", ["not open", "closed"])
def test_a_journal_that_is_not_open_takes_nothing(place: Place, state: str) -> None:
    """Before open and after close append refuses with a sentence, and no file is made."""

    async def main() -> BaseException:
        journal = place.journal()
        if state == "closed":
            journal.open()
            journal.close()
        assert journal.ready() == f"the journal cannot be written: it is {'not open' if state == 'not open' else 'closed'}"
        place.advance(60)
        (found,) = await outcomes(journal, place.entry(1))
        assert isinstance(found, JournalUnwritable)
        return found

    asyncio.run(main())
    assert len(place.names()) == (state == "closed")


def test_closing_twice_is_closing(place: Place) -> None:
    """The second close finds nothing to do."""
    journal = place.journal()
    journal.open()
    journal.close()
    journal.close()


def test_the_digest_is_keyed(place: Place) -> None:
    """Two gateways with different secrets name the same body differently; one body has one name under one key and signal."""
    journal = place.journal()

    assert journal.digest("k1", Signal.LOGS, b"x") == journal.digest("k1", Signal.LOGS, b"x")
    assert journal.digest("k1", Signal.LOGS, b"x") != journal.digest("k2", Signal.LOGS, b"x")
    assert SECRET not in journal.digest("k1", Signal.LOGS, b"x")
