"""The succession of segments: one is current, one is held ready, the older ones are final.

Also the journal's health: what to do when a commit fails, when to try again, when there is no room.
Knows nothing of requests and of those who wait.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

from upwell import config
from upwell.errors import DataDirError, JournalError, JournalFull, JournalUnwritable
from upwell.journal import current, disk, layout
from upwell.journal.current import Current, Failure
from upwell.journal.mark import Mark
from upwell.journal.record import Record
from upwell.journal.segment import Segments
from upwell.journal.undecided import decide, undecided

_PROBE_NS = 1_000_000_000
"""A disk that failed is tried again at most once a second."""

_CHECKPOINT_BYTES = 4 * 2**20
_COMMIT_BYTES = 3 * 4120
"""WAL bytes of a commit beyond its rows: the leaf page written again, page 1, now and then an interior page, with frame headers."""

_LONGEST_SECONDS = 3600.0
_SHORTEST_SECONDS = 60.0
"""A segment is closed at this age even where it is small, since rows stay until their whole segment has passed `journal.keep`."""

_DISK_ERRORS = (OSError, sqlite3.Error, DataDirError)


class Roll:
    """The segments, as their writer sees them."""

    def __init__(
        self,
        directory: Path,
        settings: config.Journal,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.trouble: str | None = "it is not open"
        """Why the last attempt to write failed; None after one that did not."""
        self.setbacks = 0
        """Checkpoints and preparations that failed in the background: nothing is lost by them, and they are tried again."""
        self._directory = directory
        self._settings = settings
        self._clock_ns = clock_ns
        self._monotonic_ns = monotonic_ns
        self._room = disk.Room(directory, settings, monotonic_ns=monotonic_ns)
        self._segment_bytes = min(settings.segment_bytes, settings.max_bytes // 4)  # the worker can free none but final segments
        self._longest_ns = int(min(_LONGEST_SECONDS, max(_SHORTEST_SECONDS, settings.keep / 4)) * 1e9)
        self._is_open = False
        self._past = Mark()
        self._newest: str | None = None
        self._current: Current | None = None
        self._first_row_ns: int | None = None
        self._unchecked = 0
        self._tried_ns = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._next: Future[Path] | None = None
        self._inherited: list[str] = []
        self._checkpoint: Future[None] | None = None
        self._jobs: list[Future[None]] = []

    def open(self) -> None:
        """Start a new segment; a disk that cannot be written is `trouble`, no error. Raises DataDirError on a network file system."""
        disk.check(self._directory)
        self._is_open = True
        try:
            current.make_directory(self._directory)
            for leftover in layout.drafts(self._directory):
                leftover.unlink(missing_ok=True)
            names = layout.names(self._directory)
            self._newest = next(reversed(names), None)
            self._inherited = undecided(self._directory, names)
            self._start(current.prepare(self._directory))
            self.trouble = None
        except _DISK_ERRORS as error:
            self._troubled(error)

    def close(self) -> None:
        """Checkpoint and close; waits for the disk. For good: nothing can be stored after it."""
        if not self._is_open:
            return
        self._is_open = False
        self.trouble = "it is closed"
        self._retire()
        if self._next is not None:
            self._thread.submit(_discard, self._next)
        self._thread.shutdown(wait=True)

    def admit(self) -> None:
        """Raise JournalUnwritable or JournalFull where nothing can be taken now. Cheap, but once a second when in trouble."""
        if self.trouble is not None:
            self._heal()
        name, size = (self._current.name, self._current.size) if self._current else (None, 0)
        if shortage := self._room.shortage(name, size):
            if self._holds_rows():
                self._succeed()  # so that the worker can settle and free it
            raise JournalFull(shortage)

    def size(self) -> int:
        """Bytes of all files in the journal's directory."""
        return self._room.bytes(*((self._current.name, self._current.size) if self._current else (None, 0)))

    def store(self, records: Sequence[Record]) -> None:
        """Commit rows durably, in a fresh segment where the current one turns out to be damaged.

        Raises Failure; `unmarked` says that they are stored all the same.
        """
        try:
            self._commit(records)
        except Failure as failure:
            self._troubled(failure)
            raise
        self.trouble = None
        self._unchecked += _COMMIT_BYTES + sum(one.size for one in records)
        if self._first_row_ns is None:
            self._first_row_ns = self._monotonic_ns()

    def totals(self) -> Mark:
        """What was stored since `open`."""
        return self._past + self._current.mark if self._current else self._past

    def due(self) -> bool:
        """Whether `tend` has something to do."""
        return self._is_complete() or self._unchecked >= _CHECKPOINT_BYTES or (self._checkpoint is not None and self._checkpoint.done())

    def tend(self) -> None:
        """Between commits: end a segment that is big or old enough; keep its WAL short, most of it in the background."""
        self._harvest()
        if self._is_complete():
            self._succeed()
        elif self._current is None:
            return
        elif self._checkpoint is None and self._unchecked >= _CHECKPOINT_BYTES:
            self._unchecked = 0
            self._checkpoint = self._thread.submit(self._current.checkpoint)
        elif self._checkpoint is not None and self._checkpoint.done():
            done, self._checkpoint = self._checkpoint, None
            if done.exception():
                self.setbacks += 1
            else:
                self._current.catch_up()

    def recent(self, window_seconds: int) -> list[tuple[int, list[bytes]]]:
        """Digests of batches received within the window, by second: their age in nanoseconds, oldest first. To be asked before `open`.

        Raises SchemaTooNew. A segment that cannot be read is a setback: retries of its batches will be stored again.
        """
        now = self._clock_ns()
        since = now - window_seconds * 1_000_000_000
        seconds: dict[int, list[bytes]] = {}
        for name in _written_since(layout.names(self._directory), since):
            try:
                with closing(Segments(self._directory).open(name)) as segment:
                    for received_ns, digest in segment.recent(since):
                        seconds.setdefault(min(received_ns, now) // 1_000_000_000, []).append(digest)
            except (JournalError, OSError):
                self.setbacks += 1
        return [(now - second * 1_000_000_000, seconds[second]) for second in sorted(seconds)]

    def _commit(self, records: Sequence[Record]) -> None:
        try:
            self._renewed().commit(records)
        except Failure as failure:
            self._give_up_if_spent(failure)
            if not (failure.spent and failure.unstored):
                raise
            self._commit_afresh(records)

    def _commit_afresh(self, records: Sequence[Record]) -> None:
        try:
            self._renewed().commit(records)
        except Failure as failure:
            self._give_up_if_spent(failure)
            raise

    def _heal(self) -> None:
        now = self._monotonic_ns()
        if now - self._tried_ns >= _PROBE_NS and self._is_open:
            self._probe()
        if self.trouble is not None:
            raise JournalUnwritable(f"the journal cannot be written: {self.trouble}")

    def _probe(self) -> None:
        try:
            self._renewed().probe()
        except Failure as failure:
            self._give_up_if_spent(failure)
            self._troubled(failure)
        else:
            self.trouble = None

    def _renewed(self) -> Current:
        """The current segment, or a fresh one where there is none; raises Failure."""
        if self._current is not None:
            return self._current
        if not self._is_open:
            raise Failure("the journal is closed", spent=False, unstored=True)
        try:
            return self._start(current.prepare(self._directory))
        except _DISK_ERRORS as error:
            raise Failure(_reason(error), spent=False, unstored=True) from error

    def _start(self, prepared: Path) -> Current:
        """Make a prepared database the current segment. The one before is given up first: nothing may follow in it."""
        self._decide_inherited()
        self._retire()
        self._newest = layout.fresh(self._newest, self._clock_ns())
        self._room.forget()
        try:
            self._current = Current(self._directory, self._newest, prepared)
        except _DISK_ERRORS:
            current.discard(prepared)
            raise
        finally:
            self._prepare_next()
        return self._current

    def _decide_inherited(self) -> None:
        """Before a later segment makes them final. One that cannot be written, a damaged one for one, is tried again with the next."""
        for name in self._inherited:
            with contextlib.suppress(sqlite3.Error):
                decide(self._directory, name)
                self._inherited = [other for other in self._inherited if other != name]

    def _succeed(self) -> None:
        """Go on in the segment held ready. While there is none, the current one goes on."""
        if self._next is None or not self._next.done() or self._next.exception():
            return
        prepared, self._next = self._next.result(), None
        try:
            self._start(prepared)
        except _DISK_ERRORS as error:
            self._troubled(error)

    def _prepare_next(self) -> None:
        if self._next is None:
            self._next = self._thread.submit(current.prepare, self._directory)

    def _retire(self) -> None:
        if self._current is not None:
            self._jobs.append(self._thread.submit(self._current.retire))
        self._forget_current()

    def _give_up_if_spent(self, failure: Failure) -> None:
        if self._current is None or not failure.spent:
            return
        if not failure.unstored:
            self._current.seal()
        self._jobs.append(self._thread.submit(self._current.abandon))
        self._forget_current()

    def _forget_current(self) -> None:
        self._past = self.totals()
        if self._checkpoint is not None:
            self._jobs.append(self._checkpoint)
        self._current = self._checkpoint = None
        self._first_row_ns = None
        self._unchecked = 0

    def _harvest(self) -> None:
        """Note what went wrong in the background."""
        done = [job for job in self._jobs if job.done()]
        self._jobs = [job for job in self._jobs if not job.done()]
        self.setbacks += sum(job.exception() is not None for job in done)
        if self._next is not None and self._next.done() and self._next.exception():
            self.setbacks += 1
            self._next = None

    def _troubled(self, error: Exception) -> None:
        self.trouble = _reason(error)
        self._tried_ns = self._monotonic_ns()

    def _holds_rows(self) -> bool:
        return self._current is not None and self._current.mark.seq > 0

    def _is_complete(self) -> bool:
        if self._current is None or self._first_row_ns is None:
            return False
        return self._current.size >= self._segment_bytes or self._monotonic_ns() - self._first_row_ns >= self._longest_ns


def _written_since(names: list[str], since_ns: int) -> list[str]:
    """Segments that may have rows of that time: a segment's last row came before its successor was made."""
    return [name for name, successor in zip_longest(names, names[1:]) if not successor or layout.made_ns(successor) >= since_ns]


def _discard(prepared: Future[Path]) -> None:
    if prepared.exception() is None:
        current.discard(prepared.result())


def _reason(error: Exception) -> str:
    """Why, without the path: clients get to read it."""
    if isinstance(error, Failure):
        return str(error)
    return getattr(error, "strerror", None) or str(error).rpartition(": ")[2]
