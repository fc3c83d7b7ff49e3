"""Packing: every item of every candidate ends in exactly one place, and no request passes a limit."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from tests.relay.world import START_NS, OpenedBatch, ScriptedSink, batch, ids_in
from upwell.journal.parts import Slice
from upwell.journal.rows import Row
from upwell.otlp import Encoding, Signal, encode, survey
from upwell.relay.intake import Candidate
from upwell.relay.packing import Packing
from upwell.sinks.base import Glance, Limits

HOUR_NS = 3600 * 10**9
LIMITS = Limits(items=12, bytes=1000, spread_ns=24 * HOUR_NS, past_ns=14 * 24 * HOUR_NS, future_ns=2 * HOUR_NS)


@dataclass(frozen=True)
class Given:
    """One row: hours from now of each item's time."""

    hours: tuple[int, ...]
    bad: frozenset[int]


rows = st.lists(
    st.builds(
        Given,
        st.lists(st.sampled_from([0, 0, 0, 0, -1, -30, -400, 1, 3, 60]), min_size=1, max_size=14).map(tuple),
        st.frozensets(st.integers(0, 13), max_size=2),
    ),
    min_size=1,
    max_size=6,
)


def candidates(given: list[Given]) -> list[Candidate]:
    made = []
    for number, one in enumerate(given, 1):
        names = [f"{number}-{item}" for item in range(len(one.hours))]
        content = batch(names, time_ns=lambda item, one=one: START_NS + one.hours[item] * HOUR_NS)  # type: ignore[misc]
        for item in one.bad:
            if item < len(names):
                content["resourceLogs"][0]["scopeLogs"][0]["logRecords"][item]["body"] = {"stringValue": "bad-limit"}
        body = encode(content, Signal.LOGS, Encoding.JSON)
        found = survey(content, Signal.LOGS)
        row = Row("1-a", number, Signal.LOGS, "key", START_NS, found.items, found.oldest_ns, found.newest_ns, body)
        made.append(Candidate(row, 0, found.items, number))
    return made


def names_of(pieces: list[Slice]) -> list[str]:
    return [f"{piece.seq}-{item}" for piece in pieces for item in range(piece.first, piece.last)]


@given(rows, st.booleans())
def test_every_item_ends_in_exactly_one_place(given: list[Given], glances: bool) -> None:
    """Parcel, waiting, expired, quarantined and untouched together are what was given, once."""
    packing = Packing(ScriptedSink(limits=LIMITS, glances=glances), Signal.LOGS, START_NS, 30 * 24 * HOUR_NS)
    untouched = [candidate.slice() for candidate in candidates(given) if not packing.add(candidate)]

    placed = names_of(packing.slices)
    waiting = names_of([piece for piece, _ in packing.waiting])
    faults = names_of([fault.piece for fault in packing.faults])
    everything = placed + waiting + names_of(packing.expired) + faults + names_of(untouched)

    assert sorted(everything) == sorted(f"{n}-{item}" for n, one in enumerate(given, 1) for item in range(len(one.hours)))


@given(rows)
def test_no_request_passes_a_limit(given: list[Given]) -> None:
    """Items, bytes, ages and the spread of what is placed are within the sink's limits."""
    packing = Packing(ScriptedSink(limits=LIMITS, glances=False), Signal.LOGS, START_NS, 30 * 24 * HOUR_NS)
    for candidate in candidates(given):
        packing.add(candidate)

    times = [given[piece.seq - 1].hours[item] for piece in packing.slices for item in range(piece.first, piece.last)]
    assert packing.items == len(times) <= LIMITS.items
    assert packing.weight <= LIMITS.bytes
    assert all(-14 * 24 <= hours <= 2 for hours in times)
    assert max(times, default=0) - min(times, default=0) <= 24


@given(rows)
def test_the_body_holds_what_was_placed(given: list[Given]) -> None:
    """The request is made of the placed slices, in order."""
    packing = Packing(ScriptedSink(limits=LIMITS), Signal.LOGS, START_NS, 30 * 24 * HOUR_NS)
    for candidate in candidates(given):
        packing.add(candidate)
    placed = names_of(packing.slices)

    assert ids_in(packing.body()) == placed


def test_a_nearly_full_parcel_leaves_the_next_row_alone() -> None:
    """Cutting a row to fill the last tenth would cost more than it saves."""
    packing = Packing(ScriptedSink(limits=Limits(items=10, bytes=10_000)), Signal.LOGS, START_NS, HOUR_NS)
    given = [Given((0,) * 9, frozenset()), Given((0,) * 5, frozenset())]

    first, second = [packing.add(candidate) for candidate in candidates(given)]

    assert (first, second, packing.full) == (True, False, True)
    assert packing.waiting == []


class LooseSink(ScriptedSink):
    """Its glances lie above the truth by a factor, and it counts the rows that it opens."""

    def __init__(self, factor: float) -> None:
        super().__init__(limits=Limits(items=1_000, bytes=10_000))
        self.factor = factor
        self.opened = 0

    def glance(self, row: Row) -> Glance | None:
        return Glance(int(100 * row.items * self.factor), row.body)

    def open(self, row: Row) -> OpenedBatch:
        self.opened += 1
        return super().open(row)


def packed_by(sink: LooseSink) -> Packing:
    """A parcel filled from more small rows than it takes."""
    packing = Packing(sink, Signal.LOGS, START_NS, HOUR_NS)
    for candidate in candidates([Given((0,), frozenset())] * 120):
        if not packing.add(candidate):
            break
    assert packing.full
    return packing


def test_a_parcel_that_is_surely_full_enough_is_not_weighed_anew() -> None:
    """Where upper bounds are close to the truth, a few rows tell so, and the rest is sent unopened."""
    sink = LooseSink(1.1)

    packing = packed_by(sink)

    assert packing.items == 90
    assert sink.opened < 20


def test_a_parcel_that_only_looks_full_is_weighed_and_filled() -> None:
    """Where upper bounds waste room, every row is opened once, and the room is used."""
    sink = LooseSink(2.0)

    packing = packed_by(sink)

    assert packing.items >= 85
    assert packing.weight <= 10_000
    assert sink.opened <= 120
