"""A commit that fails or stalls gives no 200: kill -9 proves the order of commit and answer, not what a bad disk does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.batches import body
from tests.crash.conftest import HERE, MakeHouse
from tests.crash.destination import Destination
from tests.crash.house import House
from tests.crash.traffic import Traffic
from tests.crash.waiting import until
from upwell.otlp import Signal

FAULTS = ("not written", "written, not synced", "read-only")


@pytest.fixture
def faulty(house: MakeHouse, tmp_path: Path) -> tuple[House, Callable[[str], object]]:
    """A house whose gateway commits as the switch says, and the switch."""
    switch = tmp_path / "fault"
    made = house(environment={"CRASH_TEST_FAULT": str(switch)}, python_path=[HERE / "faults"])
    return made, switch.write_text


@pytest.mark.parametrize("fault", FAULTS)
def test_a_commit_that_fails_gives_no_200(faulty: tuple[House, Callable[[str], object]], fake: Destination, fault: str) -> None:
    """It gives 503 and turns readiness off; when commits succeed again, so do requests, and nothing acknowledged is lost."""
    served, switch = faulty
    served.start()
    before = served.accept(Signal.LOGS, [[f"before-{number}"] for number in range(5)])
    refused = body(Signal.LOGS, ["refused"])

    switch(fault)
    status, headers = served.post(Signal.LOGS, refused)
    assert status == 503
    assert int(headers["retry-after"]) >= 1
    until(lambda: served.ready() == 503, "readiness to be off")
    assert {served.post(Signal.LOGS, refused)[0] for _ in range(3)} == {503}

    switch("")
    until(lambda: served.post(Signal.LOGS, refused)[0] == 200, "the batch to be taken after all")
    assert served.ready() == 200
    after = served.accept(Signal.LOGS, [["after"]])
    served.wait_drained()
    assert fake.arrived() == dict.fromkeys([*before, "refused", *after], 1)
    assert served.check().returncode == 0
    assert len(served.pids()) == 2, "no process has died of it"


def test_a_commit_that_stalls_gives_no_200(faulty: tuple[House, Callable[[str], object]], fake: Destination) -> None:
    """While the disk does not answer, no client is told that its batch is safe; killed there, nothing that was acknowledged is gone."""
    served, switch = faulty
    served.start()
    with Traffic(served, clients=4) as traffic:
        until(lambda: traffic.count() > 50, "the gateway to take batches")
        switch("stalled")
        until(lambda: not _grows(traffic), "answers to stop")
        stalled_at = traffic.count()
        with pytest.raises(TimeoutError):
            served.post(Signal.LOGS, body(Signal.LOGS, ["stalled"]), timeout=2)
        assert traffic.count() == stalled_at

        served.kill("gateway")
        switch("")
        until(lambda: traffic.count() > stalled_at + 50, "the gateway to take batches again")
        traffic.stop()
    served.wait_drained()

    acknowledged = {name for signal in Signal for name in traffic.acknowledged(signal)}
    arrived = fake.arrived()
    assert acknowledged <= set(arrived)
    assert set(arrived) - acknowledged <= {"stalled"}
    assert set(arrived.values()) == {1}
    assert set(traffic.statuses) <= {200, 503}
    assert served.check().returncode == 0


def _grows(traffic: Traffic) -> bool:
    count = traffic.count()
    try:
        until(lambda: traffic.count() > count, "more", seconds=1)
    except AssertionError:
        return False
    return True
