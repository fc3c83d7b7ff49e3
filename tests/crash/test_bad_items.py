"""Items that a destination refuses for good, and parcels that are half sent when the worker is killed."""

from __future__ import annotations

import json

import pytest

from tests.crash.batches import ID
from tests.crash.conftest import MakeHouse
from tests.crash.destination import Destination
from tests.crash.waiting import until
from upwell.otlp import Signal
from upwell.testing.cloudwatch import Failure

DOWN = Failure(status=503, times=None)
CODES = {Signal.METRICS: "ValidationException", Signal.TRACES: "ValidationException", Signal.LOGS: "InvalidParameterException"}


@pytest.mark.parametrize("signal", list(Signal))
def test_a_bad_item_between_good_ones(house: MakeHouse, fake: Destination, signal: Signal) -> None:
    """The one item is found and quarantined with the destination's words, all others arrive once; replayed when mended it arrives too."""
    served = house()
    fake.create_log_group("/upwell/otlp", "gateway")
    fake.script([DOWN])
    served.start()
    ids = served.accept(signal, [[f"{batch}-{item}" for item in range(9)] for batch in range(8)])
    bad = ids[31]
    fake.script(
        [Failure(at=signal.value, attribute=(ID, bad), status=400, code=CODES[signal], message="this one is not valid", times=None)]
    )

    served.wait_drained()
    assert fake.arrived() == dict.fromkeys(set(ids) - {bad}, 1)
    lane = served.lane(f"cloudwatch/{signal.value}")
    assert (lane["delivered"], sum(lane["quarantined"].values()), lane["lost"]) == (len(ids) - 1, 1, 0)
    (entry,) = json.loads(served.cli("quarantine", "list", "--json").stdout)["batches"]
    assert (entry["items"], entry["message"]) == (1, "this one is not valid")
    assert served.check().returncode == 0

    fake.script([])
    assert served.cli("quarantine", "replay", "--all").returncode == 0
    until(lambda: fake.arrived()[bad] == 1, "the replayed item to arrive")
    served.wait_drained()
    assert served.lane(f"cloudwatch/{signal.value}")["delivered"] == len(ids)
    assert served.check().returncode == 0


@pytest.mark.parametrize("signal", list(Signal))
def test_a_split_half_sent_across_a_kill(house: MakeHouse, fake: Destination, signal: Signal) -> None:
    """A request too large is cut; the first half is delivered, the worker killed with the second in flight: only that is sent again."""
    served = house()
    fake.create_log_group("/upwell/otlp", "gateway")
    fake.script([DOWN])
    served.start()
    ids = served.accept(signal, [[f"{batch}-{item}" for item in range(5)] for batch in range(8)])
    fake.script(
        [
            Failure(at=signal.value, items_over=20, status=413, code="RequestEntityTooLarge", times=None),
            Failure(at=signal.value, attribute=(ID, ids[-1]), delay=120, cut=True),
        ]
    )
    until(lambda: len(fake.arrived()) == 20, "the first half to arrive")
    until(lambda: fake.under_way(signal) == 1, "the second half to be under way")
    assert served.lane(f"cloudwatch/{signal.value}")["pending"]["items"] == 20

    served.kill("worker")
    served.wait_drained()

    assert fake.arrived() == dict.fromkeys(ids, 1)
    assert [len(taken) for taken in fake.taken(signal)] == [20, 20]
    assert served.check().returncode == 0


def test_a_bisection_across_kills(house: MakeHouse, fake: Destination) -> None:
    """The worker is killed again and again while it looks for a bad item: it finds that one all the same, and loses and blames no other."""
    served = house()
    fake.create_log_group("/upwell/otlp", "gateway")
    fake.script([DOWN])
    served.start()
    ids = served.accept(Signal.LOGS, [[f"{batch}-{item}" for item in range(8)] for batch in range(8)])
    bad = ids[20]
    refusal = Failure(at="logs", attribute=(ID, bad), delay=0.3, status=400, code="InvalidParameterException", message="bad", times=None)
    fake.script([refusal])

    for _ in range(3):
        refused = fake.counts(Signal.LOGS).refused
        until(lambda refused=refused: fake.counts(Signal.LOGS).refused > refused, "one more cut", pause=0.01)  # type: ignore[misc]
        served.kill("worker")
    served.wait_drained()

    arrived = fake.arrived()
    assert set(arrived) == set(ids) - {bad}
    assert len(fake.repeated(Signal.LOGS)) <= 3
    (entry,) = json.loads(served.cli("quarantine", "list", "--json").stdout)["batches"]
    assert entry["items"] == 1
    assert served.check().returncode == 0
