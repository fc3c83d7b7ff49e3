"""The worker: lanes and janitor in threads, and beside them the two ways to ask it something."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial

from upwell import console
from upwell.errors import DataDirError
from upwell.otlp import Signal
from upwell.relay import Relay, Retention, UsageLane
from upwell.service import consolesecret, control, http, operations, policynote, unix
from upwell.service.desk import Desk
from upwell.service.post import Post
from upwell.service.serve import worker_grace
from upwell.service.usage import prices
from upwell.sinks import build
from upwell.store import FILE

_COUNTING_SECONDS = 15.0

_log = logging.getLogger("upwell.worker")


def run(post: Post) -> None:
    """Work until SIGTERM or SIGINT, then book what is in flight.

    Raises ConfigError, DataDirError, SchemaTooNew, SinkError at the start, and BooksDamaged when another start is needed.
    """
    with Desk.open(post.settings) as books:
        sinks = [build(sink) for sink in post.settings.sinks]
        try:
            retention = Retention(books.shelf, books.book, post.settings.store.retention, clock_ns=time.time_ns)
            relay = Relay(post.settings, sinks, books.segments, books.book, usage=usage_lanes(books), retention=retention)
            asyncio.run(_work(replace(books, relay=relay), relay, post))
        finally:
            for sink in sinks:
                sink.close()


def usage_lanes(desk: Desk) -> list[UsageLane]:
    """The usage store's lanes, one per signal."""
    # prices for each lane, since what they remember is not made for threads
    return [UsageLane(each, desk.segments, desk.book, desk.shelf, prices(desk.settings), clock_ns=time.time_ns) for each in Signal]


async def _keep_up(desk: Desk, stop: asyncio.Event) -> None:
    """Count for reports what has come, now and then, so that the first question after a while finds it done."""
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _COUNTING_SECONDS)
        try:
            await asyncio.to_thread(lambda: desk.reporting.keep_up(desk.settings, desk.shelf.store()) if not stop.is_set() else None)
        except DataDirError as error:
            _log.warning("usage could not be counted for reports: %s", error.message)


async def _work(desk: Desk, relay: Relay, post: Post) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    journal = post.settings.data_dir / "journal"
    vitals = console.Cached(partial(console.take, journal, desk.book, desk.segments, relay))
    policynote.note(post.settings)
    secret = consolesecret.take(post.settings.data_dir)
    pages = console.build(post.settings, vitals=vitals, perform=partial(operations.perform, desk), secret=secret)
    with unix.listen(post.settings.data_dir) as listening:
        relay.start(partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set))
        sinks = ", ".join(lane.name for lane in relay.lanes) or "no sinks, batches are kept"
        _log.info("working: %s; usage is counted in %s all the same", sinks, FILE)
        counting = asyncio.create_task(_keep_up(desk, stop))
        try:
            await http.serve([(control.build(desk, vitals), [listening]), (pages, post.sockets)], stop)
        finally:
            stop.set()
            desk.reporting.stop()
            await counting
            await asyncio.to_thread(relay.stop, worker_grace(post.settings))
    (post.settings.data_dir / unix.NAME).unlink(missing_ok=True)
    if relay.damage:
        raise relay.damage
    _log.info("stopped")
