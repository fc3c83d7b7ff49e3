"""All lanes of one worker, a thread each, and the janitor. Starts, stops and tells how they do."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from upwell import config
from upwell.errors import BooksDamaged, ConfigError
from upwell.journal.book import Book
from upwell.journal.lanes import USAGE, LaneRecord
from upwell.journal.segment import Segments
from upwell.otlp.model import Signal
from upwell.relay.backoff import PROBE_SECONDS
from upwell.relay.intake import Intake
from upwell.relay.janitor import Janitor, close_lane, reopen_lane
from upwell.relay.lane import Lane, Trouble, describe
from upwell.relay.usage import Retention, UsageLane
from upwell.sinks.base import Sink
from upwell.store import Counts

_JANITOR_SECONDS = 2.0

log = logging.getLogger("upwell.relay")


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """How one lane does. `state` is flowing, retrying, held or failed; times are Unix ns, 0 for none."""

    lane: str
    sink: str
    signal: Signal
    state: str
    code: str
    message: str
    hint: str
    since_ns: int
    pending_batches: int
    pending_items: int
    oldest_pending_ns: int
    delivered: int


class Relay:
    """Lanes for every sink and signal. Raises ConfigError at start where a sink that is gone still has items."""

    def __init__(
        self,
        settings: config.Settings,
        sinks: Sequence[Sink],
        segments: Segments,
        book: Book,
        *,
        usage: Sequence[UsageLane] = (),
        retention: Retention | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._segments = segments
        self._book = book
        self._clock_ns = clock_ns
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._on_damage: Callable[[], object] = lambda: None
        self.damage: BooksDamaged | None = None
        self.usage = usage
        self._retention = retention
        self._refuse_orphans({f"{sink.name}/{signal}" for sink in sinks for signal in sink.signals} | {lane.name for lane in usage})
        by_name = {sink.name: sink for sink in settings.sinks}
        self.lanes = [self._lane(sink, signal, by_name[sink.name]) for sink in sinks for signal in Signal if signal in sink.signals]
        required = frozenset(sink.name for sink in sinks if sink.required)
        self.janitor = Janitor(segments, book, settings.journal, required, clock_ns)

    def _refuse_orphans(self, wanted: set[str]) -> None:
        for lane in self._book.lanes.all():
            if lane.closed_ns is not None or lane.lane in wanted:
                continue
            pending = Intake(lane.lane, Signal(lane.signal), self._segments, self._book)
            items = pending.pending().items + self._book.parcels.waiting(lane.lane).items
            pending.close()
            if items:
                raise ConfigError(
                    f"sink {lane.sink!r} is no longer configured, and {items} items of {lane.signal} wait for it",
                    hint=f"Put the [[sinks]] block back, or give them up with `upwell ledger close {lane.sink}`.",
                )
            close_lane(self._book, self._segments, lane)

    def _lane(self, sink: Sink, signal: Signal, settings: config.AnySink) -> Lane:
        name = f"{sink.name}/{signal}"
        known = next((lane for lane in self._book.lanes.all() if lane.lane == name), None)
        if known and known.closed_ns is not None:
            reopen_lane(self._book, self._segments, known)
        intake = Intake(name, signal, self._segments, self._book)
        return Lane(
            sink,
            signal,
            intake,
            self._book,
            clock_ns=self._clock_ns,
            linger=settings.linger,
            in_flight=settings.in_flight,
            max_age=settings.max_age,
        )

    def start(self, on_damage: Callable[[], object] = lambda: None) -> None:
        """Start the threads. `on_damage` is called, from any of them, when the books turn out to be damaged: then `damage` says how."""
        self._on_damage = on_damage
        for lane in self.lanes:
            self._spawn(f"lane {lane.name}", lane.turn, lane.fail)
        for store in self.usage:
            self._spawn(f"lane {store.name}", store.turn, store.fail)
        if self._retention is not None:
            self._spawn(self._retention.name, self._retention.turn, self._retention.fail)
        self._spawn("janitor", self._tidy, lambda _: None)

    def stop(self, timeout: float | None = None) -> None:
        """Let every lane finish and book the request it has in flight; no backlog is drained."""
        self._stopping.set()
        deadline = None if timeout is None else time.monotonic() + timeout
        for thread in self._threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        for intake in (*(lane.intake for lane in self.lanes), *(lane.intake for lane in self.usage)):
            intake.close()

    def _tidy(self) -> float:
        self.janitor.turn()
        return _JANITOR_SECONDS

    def _spawn(self, name: str, turn: Callable[[], float], fail: Callable[[Exception], None]) -> None:
        thread = threading.Thread(target=self._run, args=(name, turn, fail), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, name: str, turn: Callable[[], float], fail: Callable[[Exception], None]) -> None:
        while not self._stopping.is_set():
            try:
                wait = turn()
            except BooksDamaged as error:
                self.give_up(error)
                return
            except Exception as error:  # noqa: BLE001
                # A lane must outlive whatever goes wrong in it: a full disk, a damaged file, a mistake of ours.
                log.error("%s failed and tries again in %d s: %s", name, PROBE_SECONDS, describe(error))  # noqa: TRY400
                fail(error)
                wait = PROBE_SECONDS
            if wait > 0:
                self._stopping.wait(wait)

    def give_up(self, error: BooksDamaged) -> None:
        """Stop all lanes: nothing can be booked any more, and the next start makes the books anew."""
        self.damage = error
        self._stopping.set()
        self._on_damage()

    def status(self) -> list[LaneStatus]:
        """One entry per lane, pending counted from the journal's rows."""
        return [self._status(lane, lane.sink.name) for lane in self.lanes]

    def usage_status(self) -> list[LaneStatus]:
        """The same for the lanes of the usage store."""
        return [self._status(lane, USAGE) for lane in self.usage]

    def usage_figures(self) -> tuple[Mapping[Signal, Counts], int]:
        """What items were to the usage store, per signal, and its size in bytes; nothing while it is not open."""
        return self.usage[0].shelf.figures() if self.usage else ({}, 0)

    def _status(self, lane: Lane | UsageLane, sink: str) -> LaneStatus:
        reader = Intake(lane.name, lane.signal, self._segments, self._book)
        try:
            waiting = reader.pending() + self._book.parcels.waiting(lane.name)
            oldest_ns = reader.oldest_ns() if waiting.items else 0
        finally:
            reader.close()
        trouble = lane.trouble or Trouble("flowing", "", "", "", 0)
        delivered = sum(items for (result, _), items in self._book.outcomes.of(lane.name).items() if result == "delivered")
        return LaneStatus(
            lane.name,
            sink,
            lane.signal,
            *(trouble.state, trouble.code, trouble.message, trouble.hint, trouble.since_ns),
            *(waiting.batches, waiting.items, oldest_ns, delivered),
        )


def close_sink(book: Book, segments: Segments, name: str) -> int:
    """Close all lanes of a sink and book what they still hold as expired; returns the items."""
    return sum(close_lane(book, segments, lane) for lane in _open_lanes(book, name))


def _open_lanes(book: Book, name: str) -> list[LaneRecord]:
    return [lane for lane in book.lanes.all() if lane.sink == name and lane.closed_ns is None]
