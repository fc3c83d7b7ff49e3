"""Noise and truncation in the journal's files.

What can be read is delivered, the rest is booked lost, and the ledger says so until somebody accepts it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.conftest import MakeHouse
from tests.crash.destination import Destination
from tests.crash.house import House
from tests.crash.waiting import until
from upwell.journal import layout
from upwell.otlp import Signal
from upwell.testing.cloudwatch import Failure

BATCHES = 200
PAGE = 4096
DOWN = Failure(status=503, times=None)
Damage = Callable[[Path], None]


def noise(path: Path) -> None:
    """Overwrite a tenth, in the second half, with random bytes."""
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.seek(size * 6 // 10 // PAGE * PAGE)
        stream.write(random.Random(1).randbytes(size // 10))


def truncation(path: Path) -> None:
    """Cut the second half off."""
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // 2 // PAGE * PAGE)


def _filled(house: MakeHouse, fake: Destination) -> tuple[House, set[str], str]:
    """A house with a segment full of acknowledged batches that could not be delivered yet: all ids, and the segment."""
    served = house()
    fake.script([DOWN])
    served.start()
    ids = served.accept(Signal.LOGS, [[f"{number}"] for number in range(BATCHES)], size=300)
    return served, set(ids), served.segments()[-1]


def _settled(served: House, fake: Destination, ids: set[str]) -> int:
    """Let everything be delivered; the items lost. Every item is delivered once or booked lost, and the loss is said until accepted."""
    fake.script([])
    served.wait_drained()
    arrived = fake.arrived()
    assert set(arrived) <= ids
    assert set(arrived.values()) <= {1}
    lane = served.lane("cloudwatch/logs")
    assert lane["offered"] == len(ids)
    assert lane["delivered"] == len(arrived)
    lost: int = lane["lost"]
    assert lost == len(ids) - len(arrived)
    _said_until_accepted(served)
    return lost


def _said_until_accepted(served: House) -> None:
    found = served.check()
    assert found.returncode == 1
    assert "cannot be read" in found.stderr
    assert served.cli("ledger", "accept-loss").returncode == 2, "not without a reason"
    accepted = served.cli("ledger", "accept-loss", "--reason", "the disk of the crash test")
    assert accepted.returncode == 0, accepted.stderr
    assert served.check().returncode == 0
    assert served.ledger()["losses"][0]["reason"] == "the disk of the crash test"


@pytest.mark.parametrize("damage", [noise, truncation])
def test_the_main_file_of_a_segment(house: MakeHouse, fake: Destination, damage: Damage) -> None:
    """A closed segment's file is damaged while nothing runs."""
    served, ids, segment = _filled(house, fake)
    assert served.stop() == 0
    damage(layout.database(served.journal, segment))
    served.start()

    lost = _settled(served, fake, ids)

    assert 0 < lost < BATCHES * (0.25 if damage is noise else 0.75)


@pytest.mark.parametrize("damage", [noise, truncation])
def test_the_wal_of_a_killed_gateway(house: MakeHouse, fake: Destination, damage: Damage) -> None:
    """Everything is killed, and the WAL that was left is damaged before the next start."""
    served, ids, segment = _filled(house, fake)
    served.kill_everything()
    damage(layout.wal(served.journal, segment))
    served.start()

    lost = _settled(served, fake, ids)

    assert 0 < lost < BATCHES * 0.75


@pytest.mark.parametrize("damage", [noise, truncation])
def test_the_wal_of_a_running_gateway(house: MakeHouse, fake: Destination, damage: Damage) -> None:
    """The WAL is damaged under the running processes; requests go on to be taken, and the next segment is a good one."""
    served, ids, segment = _filled(house, fake)
    damage(layout.wal(served.journal, segment))

    after = served.accept(Signal.LOGS, [[f"after-{number}"] for number in range(20)])
    served.kill("gateway")
    until(lambda: served.segments()[-1] != segment and served.ready() == 200, "the next gateway")
    later = served.accept(Signal.LOGS, [[f"later-{number}"] for number in range(20)])
    lost = _settled(served, fake, {*ids, *after, *later})

    assert 0 < lost <= BATCHES, "of a file that is cut while it is open SQLite may find nothing"
    assert set(later) <= set(fake.arrived())


def test_a_segment_that_is_gone(house: MakeHouse, fake: Destination) -> None:
    """A segment's database is deleted while nothing runs: its mark still knows how much that was."""
    served, ids, segment = _filled(house, fake)
    assert served.stop() == 0
    layout.database(served.journal, segment).unlink()
    served.start()

    assert _settled(served, fake, ids) == BATCHES


def test_a_mark_that_is_gone(house: MakeHouse, fake: Destination) -> None:
    """Without its mark a segment's rows are delivered all the same, and the ledger says that nobody knows whether there were more."""
    served, ids, segment = _filled(house, fake)
    assert served.stop() == 0
    layout.mark(served.journal, segment).unlink()
    fake.script([])
    served.start()

    until(lambda: set(fake.arrived()) == ids, "all rows to arrive")
    served.wait_drained()
    found = until(lambda: done if (done := served.check()).returncode else None, "the ledger to say so")

    assert f"the mark of segment {segment} is missing or damaged" in found.stderr
