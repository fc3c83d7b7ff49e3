"""A lane: one sink and one signal. Takes, sends, and books what became of it, one turn at a time.

A turn never sleeps; it says how long to wait before the next one, so that a test can run
days in a moment. What a refusal means for the data is decided here: the destination's
answers are already sorted by the sink.
"""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from upwell.errors import UpwellError
from upwell.journal.book import Book
from upwell.journal.outcomes import Receipt
from upwell.journal.parts import Part, halve, parts_of
from upwell.otlp.model import Signal
from upwell.relay.backoff import PROBE_SECONDS, Backoff
from upwell.relay.intake import Intake
from upwell.relay.packing import Packing
from upwell.relay.shipment import Loader, Shipment
from upwell.sinks.base import Delivered, Hold, Outcome, Oversize, Refused, Retry, Sink

_IDLE_SECONDS = 0.25  # between looks at an empty journal
_DEADLY_ATTEMPTS = 3  # DESIGN §4: a parcel that killed the worker three times is taken apart
_MAX_SUSPECTS = 4  # parcels that may be refused alike before new ones are left alone: by then it is not the data
_CUT_ONCE, _CUT_AGAIN, _SUSPECT = 1, 2, 3
"""A parcel's depth. 0: as packed. 1: half of a first cut. 2: the data is to blame. 3: refused with both halves alike, so perhaps not."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a lane does not flow: `held` until something is mended, or `retrying` by itself."""

    state: str
    code: str
    message: str
    hint: str
    since_ns: int


class Lane:
    """One lane's state between turns. Used by one thread; `trouble` may be read by others."""

    def __init__(
        self,
        sink: Sink,
        signal: Signal,
        intake: Intake,
        book: Book,
        *,
        clock_ns: Callable[[], int],
        linger: float = 1.0,
        in_flight: int = 1,
        max_age: float = 14 * 86400.0,
        backoff: Backoff | None = None,
    ) -> None:
        self.name = f"{sink.name}/{signal}"
        self.sink = sink
        self.signal = signal
        self.intake = intake
        self.trouble: Trouble | None = None
        self._book = book
        self._clock_ns = clock_ns
        self._linger = linger
        self._in_flight = in_flight
        self._backoff = backoff or Backoff()
        self._packing = partial(self._new_packing, max_age_ns=int(max_age * 1e9))
        self._loader = Loader(self.name, signal, intake, book, self._packing)
        self._repaired = False
        self._refused_alone = ""
        book.lanes.ensure(self.name, sink.name, signal)

    def _new_packing(self, max_age_ns: int) -> Packing:
        return Packing(self.sink, self.signal, self._clock_ns(), max_age_ns)

    def turn(self) -> float:
        """Send what is due and book it. Returns the seconds until the next turn is worth it; 0: at once."""
        shipments, wait = self._due()
        if not shipments:
            return wait
        return max(self._settle(shipment, outcome) for shipment, outcome in zip(shipments, self._send(shipments), strict=True))

    def fail(self, error: Exception) -> None:
        """A turn raised: say so, and let the next one try."""
        self._stand("failed", type(error).__name__, describe(error), "If it stays so, report it with this place in the code.")

    def _send(self, shipments: Sequence[Shipment]) -> list[Outcome]:
        send = partial(self.sink.send, self.signal)
        if len(shipments) == 1:
            return [send(shipments[0].body)]
        with ThreadPoolExecutor(len(shipments)) as pool:
            return list(pool.map(send, [shipment.body for shipment in shipments]))

    # What is due

    def _due(self) -> tuple[list[Shipment], float]:
        at_once = 1 if self.trouble else self._in_flight
        stored = self._book.parcels.stored(self.name)
        suspects = [parts for parts in stored if parts[0].depth == _SUSPECT]
        others = [parts for parts in self._sendable(stored) if parts[0].depth != _SUSPECT]
        if others:
            return self._all_stored(others[:at_once]), 0.0
        if suspects:
            fresh = self._loader.fresh(self._clock_ns()) if len(suspects) < _MAX_SUSPECTS else None
            return ([fresh] if fresh else self._all_stored(suspects[:1])), 0.0
        wait = self._lingering()
        if wait > 0:
            return [], wait
        shipments: list[Shipment] = []
        while len(shipments) < at_once and (shipment := self._loader.fresh(self._clock_ns())) is not None:
            shipments.append(shipment)
        return shipments, _IDLE_SECONDS

    def _all_stored(self, parcels: list[list[Part]]) -> list[Shipment]:
        return [shipment for parts in parcels if (shipment := self._stored(parts)) is not None]

    def _sendable(self, stored: list[list[Part]]) -> list[list[Part]]:
        """Without first halves that wait to hear how their other half fares."""
        untried = {parts[0].parcel for parts in stored if parts[0].depth == _CUT_ONCE and not parts[0].refusal}
        return [parts for parts in stored if not (parts[0].refusal and parts[0].parcel + 1 in untried)]

    def _stored(self, parts: list[Part]) -> Shipment | None:
        shipment = self._loader.stored(parts)
        if shipment is None:
            return None
        if parts[0].attempts >= _DEADLY_ATTEMPTS:
            self._take_apart(shipment)
            return None
        self._book.parcels.attempt(shipment.parcel)
        return shipment

    def _take_apart(self, shipment: Shipment) -> None:
        """It was in flight each time the worker died: send it batch by batch, and the culprit not at all."""
        if shipment.batches == 1:
            self._quarantine(shipment, "killed-worker", f"in flight {_DEADLY_ATTEMPTS} times when the worker was killed", None)
            return
        groups = [parts_of([piece], depth=_CUT_AGAIN) for piece in shipment.slices]
        self._book.parcels.replace(self.name, shipment.parcel, groups)
        self._loader.forget(shipment.parcel)

    def _lingering(self) -> float:
        """Seconds until the oldest new row has waited long enough for company; 0: send what there is."""
        now_ns = self._clock_ns()
        if self._book.parcels.loose(self.name, now_ns, limit=1):
            return 0.0
        first = next(self.intake.fresh(), None)
        if first is None:
            return _IDLE_SECONDS
        waited = max(0.0, (now_ns - first.row.received_ns) / 1e9)
        return min(max(0.0, self._linger - waited), self._linger)

    # What became of it

    def _settle(self, shipment: Shipment, outcome: Outcome) -> float:
        match outcome:
            case Delivered():
                return self._delivered(shipment, outcome)
            case Retry():
                self._book.parcels.survived(shipment.parcel, self._receipt(shipment, "retry", outcome))
                self._stand("retrying", outcome.code, outcome.message, "It is tried again by itself.")
                return self._backoff.next(outcome.after)
            case Hold():
                self._book.parcels.survived(shipment.parcel, self._receipt(shipment, "hold", outcome))
                return self._hold(outcome)
            case Oversize():
                self._oversize(shipment, outcome)
            case Refused():
                return self._refused(shipment, outcome)
        return 0.0

    def _delivered(self, shipment: Shipment, outcome: Delivered) -> float:
        self._book.parcels.settle(self.name, shipment.parcel, self._receipt(shipment, "delivered", outcome), outcome.rejected)
        self._loader.forget(shipment.parcel)
        self._book.parcels.clear(self.name, _SUSPECT, _CUT_AGAIN)  # something was taken: what was refused alike has itself to blame
        self._backoff.reset()
        self._repaired = False
        self._refused_alone = ""
        self.trouble = None
        return 0.0

    def _hold(self, hold: Hold) -> float:
        repaired_before, self._repaired = self._repaired, True
        if self.sink.repair(self.signal, hold) and not repaired_before:
            return 0.0
        self._stand("held", hold.code, hold.message, hold.hint)
        self._repaired = False
        return PROBE_SECONDS

    def _stand(self, state: str, code: str, message: str, hint: str) -> None:
        since_ns = self.trouble.since_ns if self.trouble and self.trouble.state == state else self._clock_ns()
        self.trouble = Trouble(state, code, message, hint, since_ns)

    def _oversize(self, shipment: Shipment, outcome: Oversize) -> None:
        if shipment.items == 1:
            self._quarantine(shipment, outcome.code, outcome.message, self._receipt(shipment, "oversize", outcome))
        else:
            self._cut(shipment, _CUT_AGAIN, self._receipt(shipment, "oversize", outcome))

    def _refused(self, shipment: Shipment, outcome: Refused) -> float:
        """Find the item: halve, and halve again. But two halves of a first cut that fail alike may blame us, not the data."""
        receipt, signature = self._receipt(shipment, "refused", outcome), _signature(outcome)
        if shipment.depth == _SUSPECT:
            self._book.parcels.survived(shipment.parcel, receipt)
            return self._suspect(shipment.parcel, shipment.parcel, outcome)
        if shipment.depth == 0 and shipment.items > 1:
            self._cut(shipment, _CUT_ONCE, receipt)
            return 0.0
        if shipment.depth == 0 and signature == self._refused_alone:
            return self._suspect(shipment.parcel, shipment.parcel, outcome)
        if shipment.depth == _CUT_ONCE:
            other = self._other_half(shipment)
            if other is not None and not other.refusal:
                self._book.parcels.survived(shipment.parcel, receipt, refusal=signature)
                return 0.0
            if other is not None and other.refusal == signature:
                self._book.parcels.survived(shipment.parcel, receipt)
                return self._suspect(shipment.parcel, other.parcel, outcome)
        if shipment.items == 1:
            self._refused_alone = signature
            self._quarantine(shipment, outcome.code, outcome.message, receipt)
        else:
            self._cut(shipment, _CUT_AGAIN, receipt)
        return 0.0

    def _other_half(self, shipment: Shipment) -> Part | None:
        beside = {shipment.parcel - 1, shipment.parcel + 1}
        halves = [parts[0] for parts in self._book.parcels.stored(self.name) if parts[0].parcel in beside]
        return next((part for part in halves if part.depth == _CUT_ONCE), None)

    def _suspect(self, parcel: int, other: int, outcome: Refused) -> float:
        """Hold, and let another parcel witness: if that is taken, the data was to blame after all; else it is us."""
        self._book.parcels.suspect(parcel, other, _SUSPECT, _signature(outcome))
        self._loader.forget(parcel)
        self._loader.forget(other)
        hint = "Whatever is sent is refused alike, so the request itself is wrong, not an item of it: read the message."
        self._stand("held", outcome.code, outcome.message, hint)
        suspects = sum(parts[0].depth == _SUSPECT for parts in self._book.parcels.stored(self.name))
        witnesses = suspects < _MAX_SUSPECTS and self._lingering() == 0
        return 0.0 if witnesses else PROBE_SECONDS

    def _cut(self, shipment: Shipment, depth: int, receipt: Receipt) -> None:
        left, right = halve(shipment.slices)
        groups = [parts_of(half, depth=depth) for half in (left, right)]
        self._book.parcels.replace(self.name, shipment.parcel, groups, receipt=receipt)
        self._loader.forget(shipment.parcel)

    def _quarantine(self, shipment: Shipment, code: str, message: str, receipt: Receipt | None) -> None:
        batches = self._loader.quarantine(shipment, code, message)
        self._book.parcels.replace(self.name, shipment.parcel, [], quarantined=batches, receipt=receipt)
        self._loader.forget(shipment.parcel)

    def _receipt(self, shipment: Shipment, word: str, outcome: Outcome) -> Receipt:
        code = getattr(outcome, "code", "")
        return Receipt(self.name, self._clock_ns(), shipment.batches, shipment.items, len(shipment.body), word, code, outcome.message[:500])


def _signature(outcome: Refused) -> str:
    """A refusal without the numbers and places in which two alike may differ."""
    return outcome.code + " " + "".join(character for character in outcome.message if not character.isdigit())[:400]


def describe(error: Exception) -> str:
    """What failed and where. The words of an error are shown only where they cannot hold content."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    words = f": {error}" if isinstance(error, (OSError, sqlite3.Error, UpwellError)) else ""
    return f"{type(error).__name__}{words}{place}"
