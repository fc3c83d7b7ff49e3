"""Disks that are full, read-only or broken: 503 while it lasts, nothing acknowledged lost, and no process that dies of it."""

from __future__ import annotations

import signal as signals
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.batches import body
from tests.crash.conftest import MakeHouse
from tests.crash.destination import Destination
from tests.crash.disks import CannotMount, SmallDisk, allow_writing, forbid_writing
from tests.crash.house import House, cloudwatch
from tests.crash.traffic import Traffic
from tests.crash.waiting import until
from upwell.otlp import Signal
from upwell.testing.cloudwatch import Failure

MakeDisk = Callable[[Path, int], SmallDisk]
MIB = 2**20
DOWN = Failure(status=503, times=None)


@pytest.fixture
def disk(houses: list[House]) -> Iterator[MakeDisk]:
    """Mounts small disks; they go when the houses have ended."""
    made: list[SmallDisk] = []

    def make(place: Path, size: int = 64 * MIB) -> SmallDisk:
        try:
            made.append(SmallDisk(place, size))
        except CannotMount as error:
            pytest.skip(f"NOT TESTED, since this user may not mount a small disk ({error}); the tests without one stand for it")
        return made[-1]

    yield make
    for one in houses:
        one.end()
    for small in made:
        small.unmount()


def _refuses(served: House) -> None:
    """503, soon again, not ready, and never a 500."""
    until(lambda: served.ready() == 503, "readiness to be off")
    for number in range(5):
        status, headers = served.post(Signal.LOGS, body(Signal.LOGS, [f"refused-{number}"]))
        assert status == 503
        assert 1 <= int(headers["retry-after"]) <= 5


def _proved(served: House, fake: Destination, traffic: Traffic) -> None:
    """All that was acknowledged arrived, at most one request of each lane twice, and the sums hold."""
    served.wait_drained()
    acknowledged = {name for signal in Signal for name in traffic.acknowledged(signal)}
    assert set(traffic.statuses) <= {200, 503}
    assert acknowledged <= set(fake.arrived())
    assert all(len(fake.repeated(signal)) <= 1 for signal in Signal)
    checked = served.check()
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_reserve_is_left_to_the_worker(house: MakeHouse, disk: MakeDisk, fake: Destination, tmp_path: Path) -> None:
    """Below journal.reserve requests get 503, while the worker still books what it delivers; with space again, requests get 200."""
    small = disk(tmp_path / "disk", 64 * MIB)
    served = house(data_dir=small.place / "data", journal={"reserve": 16 * MIB})
    fake.script([DOWN])
    served.start()
    waiting = served.accept(Signal.LOGS, [[f"{number}"] for number in range(50)])
    small.fill(leaving=8 * MIB)
    pids = served.pids()

    _refuses(served)
    fake.script([])
    served.wait_drained()
    assert set(fake.arrived()) == set(waiting)
    assert served.ready() == 503

    small.empty()
    until(lambda: served.ready() == 200, "readiness to be back")
    served.accept(Signal.LOGS, [["after"]])
    served.wait_drained()
    assert served.pids() == pids, "nothing was restarted"
    assert served.check().returncode == 0


def test_a_reserve_larger_than_the_disk(house: MakeHouse, fake: Destination) -> None:
    """The same where no small disk can be mounted: started with a reserve that is not there, only the worker works."""
    served = house()
    fake.script([DOWN])
    served.start()
    waiting = served.accept(Signal.LOGS, [[f"{number}"] for number in range(50)])
    served.kill_everything()
    served.configure({"journal": {"reserve": 2**60}, "sinks": [cloudwatch(fake)]})
    fake.script([])

    served.start(wait=False)
    _refuses(served)
    served.wait_drained()

    assert set(fake.arrived()) == set(waiting)
    assert served.check().returncode == 0


def test_a_full_disk_under_load(house: MakeHouse, disk: MakeDisk, fake: Destination, tmp_path: Path) -> None:
    """With not a byte left both processes stay, and go on by themselves when there is space again."""
    small = disk(tmp_path / "disk", 32 * MIB)
    served = house(data_dir=small.place / "data")
    served.start()
    pids = served.pids()
    with Traffic(served, clients=4) as traffic:
        until(lambda: traffic.count() > 100, "the gateway to take batches")
        small.fill()
        _refuses(served)
        full_at = traffic.count()

        small.empty()
        until(lambda: traffic.count() > full_at + 100, "the gateway to take batches again")
        traffic.stop()
    _proved(served, fake, traffic)
    assert traffic.statuses[503] > 0
    assert served.pids() == pids, "nothing was restarted"


def test_a_start_on_a_full_disk(house: MakeHouse, disk: MakeDisk, fake: Destination, tmp_path: Path) -> None:
    """Killed and started again with no byte left, it answers 503, keeps running, and goes on when there is space."""
    small = disk(tmp_path / "disk", 32 * MIB)
    served = house(data_dir=small.place / "data")
    fake.script([DOWN])
    served.start()
    waiting = served.accept(Signal.LOGS, [[f"{number}"] for number in range(50)])
    served.kill_everything()
    small.fill()
    fake.script([])

    served.start(wait=False)
    _refuses(served)
    small.empty()

    until(lambda: served.ready() == 200, "readiness to be back")
    served.accept(Signal.LOGS, [["after"]])
    served.wait_drained()
    assert set(fake.arrived()) == {*waiting, "after"}
    assert served.check().returncode == 0


def test_a_journal_on_a_read_only_disk(house: MakeHouse, disk: MakeDisk, fake: Destination, tmp_path: Path) -> None:
    """Children that start on a read-only journal answer 503 and stay; when it can be written again they go on by themselves."""
    served = house(sinks=[cloudwatch(fake)])
    small = disk(served.data_dir / "journal", 32 * MIB)
    fake.script([DOWN])
    served.start()
    waiting = served.accept(Signal.LOGS, [[f"{number}"] for number in range(50)])
    served.signal_supervisor(signals.SIGSTOP)  # a disk can only turn read-only while nobody writes
    served.kill_children()
    small.read_only()
    fake.script([])
    served.signal_supervisor(signals.SIGCONT)

    _refuses(served)
    until(served.working, "the worker to answer")
    pids = served.pids()
    small.writable()

    until(lambda: served.ready() == 200, "readiness to be back")
    served.accept(Signal.LOGS, [["after"]])
    served.wait_drained()
    assert set(fake.arrived()) == {*waiting, "after"}
    assert served.pids() == pids, "nothing was restarted"
    assert served.check().returncode == 0


def test_a_start_on_a_read_only_data_dir(house: MakeHouse, disk: MakeDisk, tmp_path: Path) -> None:
    """Where nothing at all can be written the start fails at once, with one sentence that names the directory."""
    small = disk(tmp_path / "disk", 32 * MIB)
    served = house(data_dir=small.place / "data")
    small.read_only()

    served.start(wait=False)
    assert served.wait_end() == 1
    small.writable()

    assert str(served.data_dir) in served.said()
    assert "Read-only file system" in served.said()
    assert "Traceback" not in served.said()


def test_writes_that_fail_under_load(house: MakeHouse, fake: Destination) -> None:
    """When no file can be written any more, in either process, requests get 503; both go on by themselves afterwards."""
    served = house()
    served.start()
    pids = served.pids()
    with Traffic(served, clients=4) as traffic:
        until(lambda: traffic.count() > 100, "the gateway to take batches")
        forbid_writing(pids.values())
        _refuses(served)
        refused_at = traffic.count()

        allow_writing(pids.values())
        until(lambda: traffic.count() > refused_at + 100, "the gateway to take batches again")
        traffic.stop()
    _proved(served, fake, traffic)
    assert traffic.statuses[503] > 0
    assert served.pids() == pids, "nothing was restarted"
