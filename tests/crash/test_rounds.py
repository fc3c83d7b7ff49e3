"""kill -9 under load: nothing acknowledged is lost, and nothing comes twice but what was in flight."""

from __future__ import annotations

import itertools
import random
import time
from typing import Any

import pytest

from tests.crash.conftest import MakeHouse
from tests.crash.destination import Destination
from tests.crash.house import House, cloudwatch
from tests.crash.traffic import Traffic
from tests.crash.waiting import until
from upwell.otlp import Signal

IN_FLIGHT = 1
KINDS = ("gateway", "worker", "children", "everything")
_WORKER_DIES = ("worker", "children", "everything")


@pytest.mark.timeout(1800)
def test_kills_lose_nothing_and_repeat_only_what_was_in_flight(house: MakeHouse, fake: Destination, request: pytest.FixtureRequest) -> None:
    """Rounds of kill -9 of gateway, worker, both and all: acknowledged items arrive, once but for requests in flight; the sums say so."""
    rounds: int = request.config.getoption("--rounds")
    rng = random.Random(20261121)
    served = house(sinks=[cloudwatch(fake, in_flight=IN_FLIGHT)])
    fake.create_log_group("/upwell/otlp", "gateway")
    served.start()
    worker_kills = 0

    with Traffic(served) as traffic:
        for kind in itertools.islice(itertools.cycle(KINDS), rounds):
            _run_for_a_while(fake, traffic, rng.uniform(0.0, 0.6))
            worker_kills += kind in _WORKER_DIES
            _kill(served, kind)
        traffic.stop()
    ledger = served.wait_drained()

    assert traffic.unanswered == []
    assert set(traffic.statuses) <= {200, 503}
    for signal in Signal:
        _account(signal, fake, traffic, ledger, most_repeats=worker_kills * IN_FLIGHT)
    checked = served.check()
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert served.stop() == 0


def _run_for_a_while(fake: Destination, traffic: Traffic, seconds: float) -> None:
    """Until batches are taken and delivered again, and a while longer."""
    taken, delivered = traffic.count(), _delivered(fake)
    until(lambda: traffic.count() > taken + 20, "the gateway to take batches")
    until(lambda: _delivered(fake) > delivered, "the worker to deliver", pause=0.01)
    time.sleep(seconds)


def _delivered(fake: Destination) -> int:
    return sum(fake.counts(signal).requests for signal in Signal)


def _kill(served: House, kind: str) -> None:
    if kind == "everything":
        served.kill_everything()
        served.start(wait=False)
    elif kind == "children":
        served.kill_children()
    elif kind == "worker":
        served.kill("worker")
    else:
        served.kill("gateway")


def _account(signal: Signal, fake: Destination, traffic: Traffic, ledger: dict[str, Any], *, most_repeats: int) -> None:
    acknowledged = set(traffic.acknowledged(signal))
    arrived = fake.arrived([signal])
    (door,) = (entry for entry in ledger["signals"] if entry["signal"] == signal.value)
    (lane,) = (entry for entry in ledger["lanes"] if entry["lane"] == f"cloudwatch/{signal.value}")

    assert len(acknowledged) > 100, "there was load"
    assert acknowledged - set(arrived) == set(), "acknowledged items were lost"
    assert set(arrived) - acknowledged == set(), "every client saw its last batch through, so there is nothing else"
    assert len(fake.repeated(signal)) <= most_repeats
    assert fake.counts(signal).refused == 0
    assert door["accepted"] == door["journaled"] == lane["offered"] == lane["delivered"] == len(acknowledged)
