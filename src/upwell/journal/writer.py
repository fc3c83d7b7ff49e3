"""The gateway's side of the journal: batches in, `True` when they are durable.

All of it runs on one event loop. Batches that arrive together are committed together, one fsync for
all (a commit on the loop was measured cheaper than handing it to a thread). Nothing is acknowledged that is
not committed, fsynced and marked; what cannot be stored raises, and the journal recovers by itself when the disk does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from upwell import config
from upwell.errors import JournalError, JournalUnwritable
from upwell.journal import digests, record
from upwell.journal.current import Failure
from upwell.journal.digests import Digests
from upwell.journal.record import Record
from upwell.journal.roll import Roll
from upwell.journal.rows import Entry
from upwell.otlp.model import Signal

_GROUP_ROWS = 512
_GROUP_BYTES = 8 * 2**20
_MAX_TURNS = 8
"""Turns of the event loop that a growing group waits for more; each is some tens of microseconds."""

_OFF_LOOP_BYTES = 256 * 2**10
"""Bodies above this are compressed in a thread: at some 200 MB/s they would hold the loop for over a millisecond."""

_TICK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Counts:
    """What the journal did since it was opened.

    `accepted` and `journaled` count items, before and after policy, `batches` and `duplicates` batches. `setbacks` are
    failures in the background that lose nothing and are tried again. The window is shorter than 300 s only under a flood.
    """

    accepted: Mapping[Signal, int]
    journaled: Mapping[Signal, int]
    batches: Mapping[Signal, int]
    duplicates: Mapping[Signal, int]
    commits: int
    failed_commits: int
    setbacks: int
    retry_window_seconds: float


Told = Callable[["bool | JournalError"], None]
"""Who hands a batch in is told once: True, stored and fsynced; False, it was there already; or why it is not acknowledged."""


class _Flight:
    """A batch on its way to a commit, and all who wait for that commit: its own request and its retries."""

    __slots__ = ("_waiting",)

    def __init__(self, told: Told) -> None:
        self._waiting: list[tuple[Told, bool]] = [(told, True)]

    def join(self, told: Told) -> None:
        """A retry waits too."""
        self._waiting.append((told, False))

    def land(self, problem: str | None) -> None:
        """Tell all of them how it ended: None is well."""
        for told, stored in self._waiting:
            told(stored if problem is None else JournalUnwritable(problem))


class Journal:
    """The durable queue, as the gateway sees it. `open` it inside a running event loop, and `close` it there."""

    def __init__(
        self,
        directory: Path,
        settings: config.Journal,
        *,
        digest_key: bytes,
        clock_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`digest_key`: 1 to 64 secret bytes, the same after each restart."""
        self._secret = digest_key
        self._roll = Roll(directory, settings, clock_ns=clock_ns, monotonic_ns=monotonic_ns)
        self._digests: Digests[_Flight] = Digests(monotonic_ns=monotonic_ns)
        self._compressor = record.compressor()
        self._queue: list[tuple[Record, _Flight]] = []
        self._queued_bytes = 0
        self._turns = 0
        self._seen = 0
        self._timer: asyncio.TimerHandle | None = None
        self._duplicates = dict.fromkeys(Signal, 0)
        self._commits = 0
        self._failed_commits = 0

    def open(self) -> None:
        """Start a new segment and learn the digests of the last minutes.

        Raises DataDirError on a network file system and SchemaTooNew. A disk that cannot be written raises nothing: `ready` says so.
        """
        for age_ns, group in self._roll.recent(digests.WINDOW_SECONDS):
            self._digests.stored(group, age_ns=age_ns)
        self._roll.open()

    def close(self) -> None:
        """Commit what is queued, checkpoint and close the segment. Waits for the disk."""
        if self._timer is not None:
            self._timer.cancel()
        while self._queue:
            self._commit()
        self._roll.close()

    def digest(self, key_id: str, signal: Signal, body: bytes) -> bytes:
        """The keyed BLAKE2b-128 by which a retry is known; `body` is inflated. May be called from any thread."""
        return digests.digest(self._secret, key_id, signal, body)

    def submit(self, entry: Entry, told: Told) -> None:
        """Take a batch in; `told` is called on the loop, at once or when its commit has ended, and must not raise.

        Nothing takes a batch back that is on its way. A batch within the retry window counts once; one that is not acknowledged
        counts as new when it comes again. Raises JournalFull or JournalUnwritable where it cannot be taken at all.
        """
        if entry.digest in self._digests:
            self._again(entry, told)
            return
        self._roll.admit()
        self._begin(entry, _Flight(told))

    async def append(self, entry: Entry) -> bool:
        """`submit`, awaited. Cancelling leaves the batch on its way to the disk. Raises JournalFull or JournalUnwritable."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.submit(entry, partial(_settle, future))
        return await future

    def _again(self, entry: Entry, told: Told) -> None:
        flight = self._digests.in_flight(entry.digest)
        if flight is None and self._roll.trouble is not None:
            self._roll.admit()  # what is stored may still lack its mark, which comes before any acknowledgement
        if flight is not None:
            flight.join(partial(self._told_again, entry.signal, told))
        else:
            self._told_again(entry.signal, told, False)

    def _told_again(self, signal: Signal, told: Told, end: bool | JournalError) -> None:
        self._duplicates[signal] += end is False
        told(end)

    def ready(self) -> str | None:
        """None: it can accept. Else the sentence why not."""
        try:
            self._roll.admit()
        except JournalError as error:
            return error.message
        return None

    def counts(self) -> Counts:
        """Figures for /metrics."""
        totals = self._roll.totals()
        return Counts(
            totals.accepted,
            totals.journaled,
            totals.batches,
            dict(self._duplicates),
            self._commits,
            self._failed_commits,
            self._roll.setbacks,
            self._digests.held_seconds(),
        )

    def _begin(self, entry: Entry, flight: _Flight) -> None:
        if len(entry.body) <= _OFF_LOOP_BYTES:
            self._enqueue(record.record(entry, self._compressor), flight)
        else:
            job = asyncio.get_running_loop().run_in_executor(None, lambda: record.record(entry, record.compressor()))
            job.add_done_callback(lambda done: self._compressed(entry, flight, done))
        self._digests.begin(entry.digest, flight)

    def _compressed(self, entry: Entry, flight: _Flight, done: asyncio.Future[Record]) -> None:
        if error := "cancelled" if done.cancelled() else done.exception():
            self._digests.failed([entry.digest])
            flight.land(f"a batch could not be compressed: {error}")
        else:
            self._enqueue(done.result(), flight)

    def _enqueue(self, one: Record, flight: _Flight) -> None:
        self._queue.append((one, flight))
        self._queued_bytes += one.size
        if len(self._queue) == 1:
            self._await_more()

    def _turn(self) -> None:
        """Commit, unless requests are still arriving in this very turn of the loop: then one fsync shall serve them too."""
        waiting = len(self._queue)
        full = waiting >= _GROUP_ROWS or self._queued_bytes >= _GROUP_BYTES
        if self._seen < waiting and not full and self._turns < _MAX_TURNS:
            self._seen = waiting
            self._turns += 1
            asyncio.get_running_loop().call_soon(self._turn)
        elif waiting:
            try:
                self._commit()
            finally:
                self._after_commit()

    def _after_commit(self) -> None:
        loop = asyncio.get_running_loop()
        if self._queue:
            self._await_more()
        if self._roll.due():
            loop.call_soon(self._roll.tend)  # after the answers have been written
        if self._timer is None:
            self._timer = loop.call_later(_TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """An idle journal's segment comes of age too."""
        self._roll.tend()
        self._timer = asyncio.get_running_loop().call_later(_TICK_SECONDS, self._tick)

    def _await_more(self) -> None:
        self._seen, self._turns = len(self._queue), 0
        asyncio.get_running_loop().call_soon(self._turn)

    def _take(self) -> list[tuple[Record, _Flight]]:
        size = count = 0
        for one, _ in self._queue[:_GROUP_ROWS]:
            size += one.size
            count += 1
            if size >= _GROUP_BYTES:
                break
        group, self._queue = self._queue[:count], self._queue[count:]
        self._queued_bytes -= size
        return group

    def _commit(self) -> None:
        group = self._take()
        records = [one for one, _ in group]
        names = [one.entry.digest for one in records]
        stored = False
        problem: str | None = "the commit was interrupted"
        try:
            self._roll.store(records)
            stored, problem = True, None
        except Failure as failure:
            stored, problem = failure.unmarked, f"the commit failed: {failure}"
        finally:
            (self._digests.stored if stored else self._digests.failed)(names)
            for _, flight in group:
                flight.land(problem)
            self._commits += problem is None
            self._failed_commits += problem is not None

    def bytes(self) -> int:
        """Bytes of all segment files."""
        return self._roll.size()


def _settle(future: asyncio.Future[bool], end: bool | JournalError) -> None:
    if future.done():  # its request was cancelled
        return
    if isinstance(end, bool):
        future.set_result(end)
    else:
        future.set_exception(end)
