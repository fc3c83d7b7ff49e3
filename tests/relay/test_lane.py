"""What a lane does with each answer, and what it leaves in the book."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.relay.world import START_NS, ScriptedSink, World, batch
from upwell.journal.ledger import LaneSum
from upwell.sinks.base import Delivered, Hold, Limits, Outcome, Oversize, Refused, Retry

MakeWorld = Callable[..., World]
HOUR_NS = 3600 * 10**9


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MakeWorld]:
    made: list[World] = []

    def make(
        answer: Callable[[list[str]], Outcome] | None = None, *, limits: Limits | None = None, glances: bool = True, **lane: Any
    ) -> World:
        made.append(World(tmp_path, ScriptedSink(answer, limits=limits, glances=glances), **lane))
        return made[-1]

    yield make
    for one in made:
        one.close()


def lane_sum(world: World) -> LaneSum:
    (found,) = world.ledger().lanes
    return found


def names(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def test_neighbours_go_out_together_once(world: MakeWorld) -> None:
    """Batches that fit one request are merged in order, and never sent again."""
    w = world()
    w.write(batch(["a", "b"]), batch(["c"]), batch(["d"]))

    w.turns()
    w.turns()

    assert w.sink.sent == [["a", "b", "c", "d"]]
    assert lane_sum(w).delivered == 4
    assert w.ledger().problems() == []


def test_a_lane_waits_for_company_but_not_longer_than_its_linger(world: MakeWorld) -> None:
    """New rows wait `linger` seconds from their arrival."""
    w = world(linger=5.0)
    w.write(batch(["a"]))

    assert w.lane.turn() == pytest.approx(5.0)
    w.clock.forward(5)
    w.turns()

    assert w.sink.sent == [["a"]]


def test_a_parcel_never_passes_the_limits(world: MakeWorld) -> None:
    """Items and bytes of a request stay within the sink's limits, and every item goes once."""
    w = world(limits=Limits(items=7, bytes=100_000))
    w.write(*[batch(names(f"b{number}-", 3)) for number in range(9)])

    w.turns()

    assert [len(ids) for ids in w.sink.sent] == [7, 7, 7, 6]
    assert list(chain(*w.sink.sent)) == [f"b{number}-{item}" for number in range(9) for item in range(3)]
    assert w.ledger().problems() == []


def test_an_upper_bound_does_not_waste_room(world: MakeWorld) -> None:
    """Where bounds would end a parcel early, the rows are weighed exactly: 100 bytes an item, not 110."""
    w = world(limits=Limits(items=1000, bytes=990))
    w.write(*[batch([f"{number}"]) for number in range(20)])

    w.turns()

    assert [len(ids) for ids in w.sink.sent] == [9, 9, 2]


def test_a_row_larger_than_a_request_is_cut(world: MakeWorld) -> None:
    """One batch of more items than a request may have goes out in several, in order."""
    w = world(limits=Limits(items=10, bytes=100_000))
    w.write(batch(names("i", 25)), batch(["last"]))

    w.turns()

    assert list(chain(*w.sink.sent)) == [*names("i", 25), "last"]
    assert all(len(ids) <= 10 for ids in w.sink.sent)
    assert w.ledger().problems() == []


def test_a_retry_keeps_the_parcel_and_backs_off(world: MakeWorld) -> None:
    """A failed request is sent again as it was, later and later, and Retry-After is honoured."""
    answers: list[Outcome] = [Retry("http-503", "busy"), Retry("http-429", "slow down", after=17.0)]
    w = world(lambda ids: answers.pop(0) if answers else Delivered())
    w.write(batch(["a"]))

    first = w.lane.turn()
    w.write(batch(["b"]))
    second = w.lane.turn()
    w.turns()

    assert 0.2 <= first <= 0.5
    assert second == 17.0
    assert w.sink.sent == [["a"], ["a"], ["a"], ["b"]]


def test_days_of_an_upstream_that_is_down_lose_nothing(world: MakeWorld) -> None:
    """Three days of 503, then everything arrives in order."""
    down = True
    w = world(lambda ids: Retry("http-503", "down") if down else Delivered())
    w.write(batch(["a"]))
    while w.clock.now_ns < START_NS + 72 * HOUR_NS:
        w.clock.forward(max(w.lane.turn(), 60))
    w.write(batch(["b"], time_ns=w.clock()))
    down = False

    w.turns()

    assert w.sink.sent[-2:] == [["a"], ["b"]]
    assert lane_sum(w).delivered == 2
    assert w.ledger().problems() == []


def test_what_grows_too_old_expires_with_the_reason(world: MakeWorld) -> None:
    """Beyond the sink's age limit an item is booked expired, not lost and not sent."""
    w = world(lambda ids: Retry("http-503", "down"), max_age=3600)
    w.write(batch(["old"]))
    w.lane.turn()
    w.clock.forward(3601)
    w.sink.answer = lambda ids: Delivered()
    w.write(batch(["new"], time_ns=w.clock()))

    w.turns()

    assert w.sink.sent[-1] == ["new"]
    assert lane_sum(w).expired == {"age": 1}
    assert w.ledger().problems() == []


def test_a_future_item_waits_as_a_part_until_its_time(world: MakeWorld) -> None:
    """An item dated beyond the window is sent when the window reaches it; its neighbours go at once."""
    w = world(limits=Limits(items=100, bytes=100_000, future_ns=HOUR_NS))
    w.write(batch(["now", "later", "now too"], time_ns=lambda n: START_NS + (3 * HOUR_NS if n == 1 else 0)))

    w.turns()
    before = list(w.sink.sent)
    w.clock.forward(2 * 3600 + 1)
    w.turns()

    assert before == [["now", "now too"]]
    assert w.sink.sent[1:] == [["later"]]
    assert w.ledger().problems() == []


def test_an_item_from_the_far_future_is_quarantined(world: MakeWorld) -> None:
    """A clock that is years ahead does not keep a segment for years."""
    w = world(limits=Limits(items=100, bytes=100_000, future_ns=HOUR_NS))
    w.write(batch(["2050"], time_ns=START_NS + 10**18))

    w.turns()

    assert w.sink.sent == []
    assert lane_sum(w).quarantined == {"future": 1}


def test_times_too_far_apart_go_in_different_requests(world: MakeWorld) -> None:
    """No request spans more than the sink's spread, whatever order the items came in."""
    w = world(limits=Limits(items=100, bytes=100_000, spread_ns=HOUR_NS))
    w.write(batch(names("i", 6), time_ns=lambda n: START_NS - (n % 2) * 2 * HOUR_NS), batch(["x"]))

    w.turns()

    assert sorted(chain(*w.sink.sent)) == sorted([*names("i", 6), "x"])
    assert all(len({name in ("i1", "i3", "i5") for name in ids}) == 1 for ids in w.sink.sent)
    assert len(w.sink.sent) <= 3
    assert w.ledger().problems() == []


def test_an_item_that_breaks_a_limit_is_quarantined_before_sending(world: MakeWorld) -> None:
    """What the sink knows it will refuse never spoils a request."""
    w = world(glances=False)
    bad = batch(["good", "bad"])
    bad["resourceLogs"][0]["scopeLogs"][0]["logRecords"][1]["body"] = {"stringValue": "bad-limit"}
    w.write(bad)

    w.turns()

    assert w.sink.sent == [["good"]]
    (entry,) = w.book.quarantine.list()
    assert (entry.items, entry.code, entry.message) == (1, "over-limit", "too many labels")
    assert w.ledger().problems() == []


def test_a_batch_that_the_sink_cannot_read_is_set_aside(world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row that the sink chokes on does not stop the lane."""
    w = world(glances=False)
    w.write(batch(["a"]), batch(["odd"]), batch(["b"]))
    opened = w.sink.open
    monkeypatch.setattr(w.sink, "open", lambda row: opened(row) if b"odd" not in row.body else int(row.body))

    w.turns()

    assert w.sink.sent == [["a", "b"]]
    assert [(entry.code, entry.items) for entry in w.book.quarantine.list()] == [("unreadable", 1)]
    assert w.ledger().problems() == []


def test_a_bad_item_between_good_ones_is_found(world: MakeWorld) -> None:
    """A refusal is bisected to the offending item; the rest is delivered once."""
    w = world(lambda ids: Refused("InvalidData", "item 3 is bad") if "b1-2" in ids else Delivered())
    w.write(*[batch(names(f"b{number}-", 5)) for number in range(4)])

    w.turns()

    delivered = w.sink.delivered
    assert sorted(delivered) == sorted(f"b{n}-{i}" for n in range(4) for i in range(5) if (n, i) != (1, 2))
    assert len(delivered) == len(set(delivered))
    (entry,) = w.book.quarantine.list()
    assert (entry.items, entry.code) == (1, "InvalidData")
    assert w.ledger().problems() == []


def test_two_halves_that_fail_alike_hold_the_lane(world: MakeWorld) -> None:
    """When both halves of the first cut are refused with the same words, that is us: hold, and probe."""
    broken = True
    w = world(lambda ids: Refused("InvalidParameter", f"log group, request {len(ids)}") if broken else Delivered())
    w.write(batch(names("i", 8)))

    wait = w.turns()

    assert wait == 30.0
    assert w.lane.trouble is not None
    assert (w.lane.trouble.state, w.lane.trouble.code) == ("held", "InvalidParameter")
    assert w.book.quarantine.list() == []
    assert lane_sum(w).pending.items == 8

    broken = False
    w.turns()

    assert w.sink.sent[-1] == names("i", 8)
    assert w.lane.trouble is None
    assert w.ledger().problems() == []


def test_one_bad_sender_does_not_hold_the_lane_for_all(world: MakeWorld) -> None:
    """A parcel that is bad from end to end looks like our mistake, until another parcel is taken."""
    w = world(lambda ids: Refused("InvalidData", "no") if any(name.startswith("bad") for name in ids) else Delivered())
    w.write(batch(names("bad", 4)))
    alone = w.turns()
    held = w.lane.trouble
    w.write(batch(["good"]))

    w.turns()

    assert alone == 30.0
    assert held is not None
    assert held.state == "held"
    assert w.lane.trouble is None
    assert w.sink.delivered == ["good"]
    assert sorted(entry.items for entry in w.book.quarantine.list()) == [1, 1, 1, 1]
    assert w.ledger().problems() == []


def test_when_it_is_us_only_a_few_parcels_witness_and_nothing_is_quarantined(world: MakeWorld) -> None:
    """Everything refused alike: four parcels are tried, then the oldest is probed every 30 s; once mended, all arrive."""
    broken = True
    w = world(lambda ids: Refused("InvalidParameter", "no") if broken else Delivered(), limits=Limits(items=2, bytes=100_000))
    w.write(batch(names("i", 20)))
    w.turns()
    first = len(w.sink.sent)
    waits = [w.turns() for _ in range(5)]
    probes = w.sink.sent[first:]
    w.start_lane()
    broken = False
    before = len(w.sink.sent)

    w.turns()

    assert waits == [30.0] * 5
    assert probes == [["i0", "i1"]] * 5
    assert w.book.quarantine.list() == []
    assert sorted(chain(*w.sink.sent[before:])) == sorted(names("i", 20))
    assert w.ledger().problems() == []


def test_single_items_refused_one_after_the_other_hold_the_lane(world: MakeWorld) -> None:
    """A quiet lane sends items alone, and they cannot be cut: the second refused alike is not quarantined."""
    broken = True
    w = world(lambda ids: Refused("InvalidParameter", "no") if broken else Delivered())
    for name in ("a", "b", "c"):
        w.write(batch([name]))
        w.turns()
    quarantined = [entry.items for entry in w.book.quarantine.list()]
    broken, before = False, len(w.sink.sent)
    w.turns()

    assert quarantined == [1]
    assert sorted(chain(*w.sink.sent[before:])) == ["b", "c"]
    assert w.lane.trouble is None
    assert w.ledger().problems() == []


def test_two_halves_that_fail_differently_are_both_searched(world: MakeWorld) -> None:
    """Two bad items of different kinds in one request are both found."""
    kinds = {"i1": "TypeA", "i6": "TypeB"}

    def answer(ids: list[str]) -> Outcome:
        bad = [kinds[name] for name in ids if name in kinds]
        return Refused(bad[0], "no") if bad else Delivered()

    w = world(answer)
    w.write(batch(names("i", 8)))

    w.turns()

    assert sorted(entry.code for entry in w.book.quarantine.list()) == ["TypeA", "TypeB"]
    assert sorted(w.sink.delivered) == ["i0", "i2", "i3", "i4", "i5", "i7"]
    assert w.ledger().problems() == []


def test_too_large_is_cut_until_it_fits(world: MakeWorld) -> None:
    """A 413 splits; a single item that is too large by itself is quarantined."""
    w = world(lambda ids: Oversize("http-413", "too large") if len(ids) > 3 or "huge" in ids else Delivered())
    w.write(batch([*names("i", 10), "huge"]))

    w.turns()

    assert sorted(w.sink.delivered) == sorted(names("i", 10))
    assert [entry.code for entry in w.book.quarantine.list()] == ["http-413"]
    assert w.ledger().problems() == []


def test_a_held_lane_repairs_once_then_probes_and_resumes(world: MakeWorld) -> None:
    """Expired credentials: one refresh at once, then a probe every 30 s with the oldest parcel, then all by itself."""
    expired = True
    w = world(lambda ids: Hold("ExpiredToken", "expired", "log in") if expired else Delivered())
    w.sink.can_repair = True
    w.write(batch(["a"]))

    wait = w.turns()
    w.write(batch(["b"]))
    probe = w.turns()

    assert (wait, probe) == (30.0, 30.0)
    assert w.sink.sent == [["a"], ["a"], ["a"], ["a"]]
    assert w.lane.trouble is not None
    assert w.lane.trouble.hint == "log in"

    expired = False
    w.turns()

    assert w.sink.sent[4:] == [["a"], ["b"]]
    assert w.lane.trouble is None
    assert w.ledger().problems() == []


def test_partial_success_books_the_rejected(world: MakeWorld) -> None:
    """A 200 that rejected items books their number and the message, and resends nothing."""
    w = world(lambda ids: Delivered(rejected=2, message="tooOldLogEventCount: 2"))
    w.write(batch(names("i", 5)))

    w.turns()

    found = lane_sum(w)
    assert (found.delivered, found.rejected) == (3, 2)
    assert w.book.outcomes.receipts("test/logs")[0].message == "tooOldLogEventCount: 2"
    assert w.ledger().problems() == []


class Killed(BaseException):
    """In place of kill -9: nothing after the send happens."""


def test_a_crash_while_sending_repeats_only_that_request(world: MakeWorld) -> None:
    """What was in flight goes again after a restart, together with nothing else."""

    def die(ids: list[str]) -> Outcome:
        raise Killed

    w = world(die)
    w.write(batch(["a"]), batch(["b"]))
    with pytest.raises(Killed):
        w.lane.turn()
    w.sink.answer = lambda ids: Delivered()
    w.start_lane()
    w.write(batch(["c"]))

    w.turns()

    assert w.sink.sent == [["a", "b"], ["a", "b"], ["c"]]
    assert lane_sum(w).delivered == 3
    assert w.ledger().problems() == []


def test_a_crash_between_two_halves_repeats_only_the_open_half(world: MakeWorld) -> None:
    """A half-sent split survives a crash: the delivered half is not sent again."""

    def answer(ids: list[str]) -> Outcome:
        if len(ids) > 2:
            return Oversize("http-413", "too large")
        if ids == ["i2", "i3"]:
            raise Killed
        return Delivered()

    w = world(answer)
    w.write(batch(names("i", 4)))
    with pytest.raises(Killed):
        w.turns()
    w.sink.answer = lambda ids: Delivered()
    w.start_lane()

    w.turns()

    assert w.sink.sent == [names("i", 4), ["i0", "i1"], ["i2", "i3"], ["i2", "i3"]]
    assert w.ledger().problems() == []


def test_a_batch_that_kills_the_worker_is_found_and_quarantined(world: MakeWorld) -> None:
    """Three deaths with the same parcel in flight: batch by batch, and the culprit is set aside."""

    def answer(ids: list[str]) -> Outcome:
        if "poison" in ids:
            raise Killed
        return Delivered()

    w = world(answer)
    w.write(batch(["a"]), batch(["poison"]), batch(["b"]))
    for _ in range(20):
        try:
            w.turns()
            break
        except Killed:
            w.start_lane()

    assert sorted(w.sink.sent[3:]) == [["a"], ["b"], ["poison"], ["poison"], ["poison"]]
    (entry,) = w.book.quarantine.list()
    assert entry.code == "killed-worker"
    assert w.ledger().problems() == []


def test_ordinary_failures_do_not_count_as_deaths(world: MakeWorld) -> None:
    """A parcel that met 503 for hours and then a crash is sent again whole."""
    w = world(lambda ids: Retry("http-503", "down"))
    w.write(batch(["a"]), batch(["b"]))
    for _ in range(10):
        w.lane.turn()
    w.start_lane()
    w.sink.answer = lambda ids: Delivered()

    w.turns()

    assert w.sink.sent[-1] == ["a", "b"]


def test_a_replayed_batch_goes_before_new_rows(world: MakeWorld) -> None:
    """What was quarantined and is replayed is delivered first; the sums follow."""
    refuse = True
    w = world(lambda ids: Refused("Bad", "no") if refuse and "bad" in ids else Delivered())
    w.write(batch(["bad"]))
    w.turns()
    (entry,) = w.book.quarantine.list()
    refuse = False
    w.write(batch(["new"]))
    w.book.quarantine.replay(entry.id)
    pending = lane_sum(w).pending.items

    w.turns()

    assert pending == 2
    assert w.sink.sent[1:] == [["bad"], ["new"]]
    assert w.book.quarantine.list() == []
    assert lane_sum(w).delivered == 2
    assert w.ledger().problems() == []


def test_a_replay_that_is_refused_again_is_quarantined_again(world: MakeWorld) -> None:
    """Nothing gets lost on the way round."""
    w = world(lambda ids: Refused("Bad", "no"))
    w.write(batch(["bad"]))
    w.turns()
    w.book.quarantine.replay(w.book.quarantine.list()[0].id)

    w.turns()

    assert [entry.items for entry in w.book.quarantine.list()] == [1]
    assert w.ledger().problems() == []


def test_several_requests_of_a_lane_can_be_in_flight(world: MakeWorld) -> None:
    """With in_flight = 3 a turn sends up to three parcels, each booked by itself."""
    w = world(limits=Limits(items=2, bytes=100_000), in_flight=3)
    w.write(batch(names("i", 6)))

    w.lane.turn()

    assert sorted(w.sink.sent) == [["i0", "i1"], ["i2", "i3"], ["i4", "i5"]]
    assert lane_sum(w).delivered == 6
