"""A journal filled by hand, as the gateway would have filled it, and a lane that empties it turn by turn: no processes, no waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from upwell import policy
from upwell.config import AnySink, Settings
from upwell.config import Journal as JournalSettings
from upwell.gateway.preparing import Arrival, prepare
from upwell.identity import Key, Keys, Pseudonyms
from upwell.journal.book import Book
from upwell.journal.segment import Segments
from upwell.journal.writer import Journal
from upwell.otlp import Encoding, Signal
from upwell.relay.intake import Intake
from upwell.relay.lane import Lane
from upwell.sinks import build

_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body as an agent would send it, inflated."""

    signal: Signal
    encoding: Encoding
    content: bytes


def fill(folder: Path, bodies: Iterable[Body]) -> int:
    """Put bodies through policy into a journal in `folder`; how many there were."""
    keys = Keys(folder / "keys.db")
    key = keys.add(person="bench@example.com", team="bench", expires_ns=None).key
    return asyncio.run(_fill(folder, bodies, key, keys.salt))


async def _fill(folder: Path, bodies: Iterable[Body], key: Key, salt: bytes) -> int:
    steps = policy.pipeline(Settings().policy, Pseudonyms(salt))
    journal = Journal(folder / "journal", JournalSettings(reserve=0), digest_key=salt)
    journal.open()
    count = 0
    group: list[asyncio.Task[bool]] = []
    for body in bodies:
        arrival = Arrival(body.content, False, body.encoding, body.signal, key, time.time_ns())
        entry = prepare(arrival, body.content, steps, journal.digest).entry
        group.append(asyncio.create_task(journal.append(entry)))
        count += 1
        if len(group) == _AT_ONCE:
            await asyncio.gather(*group)
            group = []
    await asyncio.gather(*group)
    journal.close()
    return count


@contextmanager
def lane(folder: Path, sink: AnySink, signal: Signal) -> Iterator[Lane]:
    """One lane on a filled journal."""
    book, built = Book(folder / "relay.db"), build(sink)
    intake = Intake(f"{built.name}/{signal}", signal, Segments(folder / "journal"), book)
    with closing(book), closing(built), closing(intake):
        yield Lane(built, signal, intake, book, clock_ns=time.time_ns, linger=0.0)


def empty(lane: Lane) -> None:
    """Turn after turn until nothing is left to send. Raises SystemExit where the lane stands still."""
    while (wait := lane.turn()) == 0:
        pass
    if lane.trouble is not None:
        raise SystemExit(f"{lane.name} is {lane.trouble.state}: {lane.trouble.code} {lane.trouble.message}, asks for {wait} s")
