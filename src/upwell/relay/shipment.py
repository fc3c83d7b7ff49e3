"""A shipment: one parcel, taken and booked, with the request that will carry it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upwell.journal.book import Book
from upwell.journal.outcomes import Result
from upwell.journal.parcels import Move, Taking
from upwell.journal.parts import Part, Slice, parts_of
from upwell.journal.quarantine import Quarantined
from upwell.otlp import encode, load, select, survey
from upwell.otlp.model import Encoding, Signal
from upwell.relay.intake import Intake
from upwell.relay.packing import UNREADABLE, Fault, Packing


@dataclass(frozen=True, slots=True)
class Shipment:
    """What goes out in one request. `depth` is how often it was cut after a refusal."""

    parcel: int
    parts: tuple[Part, ...]
    slices: tuple[Slice, ...]
    body: bytes
    oldest_ns: int

    @property
    def items(self) -> int:
        return sum(piece.items for piece in self.slices)

    @property
    def batches(self) -> int:
        return len(self.slices)

    @property
    def depth(self) -> int:
        return max(part.depth for part in self.parts)


class Loader:
    """Makes shipments for one lane: packs, books the taking, and keeps what it may have to send again."""

    def __init__(self, lane: str, signal: Signal, intake: Intake, book: Book, packing: Callable[[], Packing]) -> None:
        self._lane = lane
        self._signal = signal
        self._intake = intake
        self._book = book
        self._packing = packing
        self._kept: dict[int, Shipment] = {}

    def fresh(self, now_ns: int) -> Shipment | None:
        """The next parcel: due loose parts first, then new rows. None: nothing was left to send."""
        while True:
            packing = self._packing()
            consumed, moves, leftover, busy = self._fill(packing, now_ns)
            if not busy:
                return None
            taking = Taking(
                moves=moves,
                consumed=consumed,
                parcel=parts_of(packing.slices),
                loose=[*_loose(packing), *parts_of(leftover)],
                ended=_ended(packing),
                quarantined=[self._quarantined(fault) for fault in packing.faults],
            )
            parts = self._book.parcels.take(self._lane, taking, self._intake.names)
            if parts:
                return self._keep(parts, packing)

    def _fill(self, packing: Packing, now_ns: int) -> tuple[list[int], list[Move], list[Slice], bool]:
        consumed: list[int] = []
        leftover: list[Slice] = []
        for part in self._book.parcels.loose(self._lane, now_ns):
            if packing.full:
                break
            candidates = self._intake.stored(part)
            consumed.append(part.id)
            leftover += [candidate.slice() for candidate in candidates if not packing.add(candidate)]
        reached: dict[str, tuple[int, int]] = {}
        if not packing.full:
            for candidate in self._intake.fresh():
                if not packing.add(candidate):
                    break
                _, items = reached.get(candidate.row.segment, (0, 0))
                reached[candidate.row.segment] = (candidate.row.seq, items + candidate.row.items)
                if packing.full:
                    break
        moves = [Move(name, self._intake.starts[name], seq, items) for name, (seq, items) in reached.items()]
        return consumed, moves, leftover, bool(consumed or moves)

    def stored(self, parts: list[Part]) -> Shipment | None:
        """A parcel that was taken before, packed again. None: nothing of it was left to send."""
        number = parts[0].parcel
        kept = self._kept.get(number)
        if kept is not None and not self._too_old(kept):
            return kept
        packing = self._packing()
        candidates = [candidate for part in parts for candidate in self._intake.stored(part)]
        leftover = [candidate.slice() for candidate in candidates if not packing.add(candidate)]
        if not candidates:
            return None  # nothing of it can be read any more, and that is booked
        if not (packing.waiting or packing.expired or packing.faults or leftover):
            return self._keep(parts, packing)
        depth = max(part.depth for part in parts)
        self._book.parcels.replace(
            self._lane,
            number,
            [parts_of(packing.slices, depth=depth)],
            loose=[*_loose(packing), *parts_of(leftover)],
            ended=_ended(packing),
            quarantined=[self._quarantined(fault) for fault in packing.faults],
        )
        return None

    def _keep(self, parts: list[Part], packing: Packing) -> Shipment:
        shipment = Shipment(parts[0].parcel, tuple(parts), tuple(packing.slices), packing.body(), packing.oldest_ns)
        self._kept = {shipment.parcel: shipment} if len(self._kept) > 8 else {**self._kept, shipment.parcel: shipment}
        return shipment

    def _too_old(self, shipment: Shipment) -> bool:
        return not self._packing().covers(shipment.oldest_ns)

    def forget(self, parcel: int) -> None:
        """The parcel ended or was cut: its request is of no more use."""
        self._kept.pop(parcel, None)

    def quarantine(self, shipment: Shipment, code: str, message: str) -> list[Quarantined]:
        """The shipment's items as quarantined batches."""
        candidates = [candidate for part in shipment.parts for candidate in self._intake.stored(part)]
        return [self._quarantined(Fault(candidate.row, candidate.slice(), code, message)) for candidate in candidates]

    def _quarantined(self, fault: Fault) -> Quarantined:
        row, piece = fault.row, fault.piece
        if piece.whole or fault.code == UNREADABLE:
            return Quarantined(fault.code, fault.message, row.key_id, row.received_ns, piece.items, row.oldest_ns, row.newest_ns, row.body)
        batch = select(load(row.body), self._signal, piece.first, piece.last)
        found = survey(batch, self._signal)
        body = encode(batch, self._signal, Encoding.JSON)
        return Quarantined(fault.code, fault.message, row.key_id, row.received_ns, found.items, found.oldest_ns, found.newest_ns, body)


def _loose(packing: Packing) -> list[Part]:
    parts: list[Part] = []
    run: list[Slice] = []
    due = 0
    for piece, not_before_ns in [*packing.waiting]:
        if run and not_before_ns != due:
            parts += parts_of(run, not_before_ns=due)
            run = []
        run.append(piece)
        due = not_before_ns
    return [*parts, *parts_of(run, not_before_ns=due)]


def _ended(packing: Packing) -> list[tuple[Result, str, int]]:
    items = sum(piece.items for piece in packing.expired)
    return [("expired", "age", items)] if items else []
