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
_CUT_ONCE, _CUT_AGAIN = 1, 2


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
        stored = self._sendable(self._book.parcels.stored(self.name))
        shipments = [shipment for parts in stored[:at_once] if (shipment := self._stored(parts)) is not None]
        if stored:
            return shipments, 0.0
        wait = self._lingering()
        if wait > 0:
            return [], wait
        while len(shipments) < at_once and (shipment := self._loader.fresh(self._clock_ns())) is not None:
            shipments.append(shipment)
        return shipments, _IDLE_SECONDS

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
        self._backoff.reset()
        self._repaired = False
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
        """Find the item: halve, and halve again. But two halves of a first cut that fail alike blame us, not the data."""
        receipt = self._receipt(shipment, "refused", outcome)
        if shipment.depth == 0 and shipment.items > 1:
            self._cut(shipment, _CUT_ONCE, receipt)
            return 0.0
        if shipment.depth == _CUT_ONCE:
            other = self._other_half(shipment)
            if other is not None and not other.refusal:
                self._book.parcels.survived(shipment.parcel, receipt, refusal=_signature(outcome))
                return 0.0
            if other is not None and other.refusal == _signature(outcome):
                return self._blame_us(other.parcel, shipment, outcome, receipt)
        if shipment.items == 1:
            self._quarantine(shipment, outcome.code, outcome.message, receipt)
        else:
            self._cut(shipment, _CUT_AGAIN, receipt)
        return 0.0

    def _other_half(self, shipment: Shipment) -> Part | None:
        beside = {shipment.parcel - 1, shipment.parcel + 1}
        halves = [parts[0] for parts in self._book.parcels.stored(self.name) if parts[0].parcel in beside]
        return next((part for part in halves if part.depth == _CUT_ONCE), None)

    def _blame_us(self, first: int, shipment: Shipment, outcome: Refused, receipt: Receipt) -> float:
        self._book.parcels.survived(shipment.parcel, receipt)
        self._book.parcels.rejoin(min(first, shipment.parcel), max(first, shipment.parcel))
        self._loader.forget(first)
        self._loader.forget(shipment.parcel)
        hint = "Both halves of a request were refused alike, so the request itself is wrong, not an item of it: read the message."
        self._stand("held", outcome.code, outcome.message, hint)
        return PROBE_SECONDS

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
