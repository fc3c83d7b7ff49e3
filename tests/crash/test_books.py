"""Noise and truncation in `relay.db`.

The worker makes it anew, what the journal holds is delivered, and the ledger says what happened until somebody accepts it.
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
from upwell.otlp import Signal
from upwell.testing.cloudwatch import Failure

PAGE = 4096
DOWN = Failure(status=503, times=None)


def noise_at_the_head(path: Path) -> None:
    _noise(path, 0, 2)


def noise_in_the_middle(path: Path) -> None:
    _noise(path, path.stat().st_size // PAGE // 2, 3)


def noise_all_over(path: Path) -> None:
    _noise(path, 0, path.stat().st_size // PAGE)


def truncation(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size // PAGE // 2 * PAGE)


def _noise(path: Path, page: int, pages: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(page * PAGE)
        stream.write(random.Random(1).randbytes(pages * PAGE))


def _half_delivered(house: MakeHouse, fake: Destination) -> tuple[House, list[str], list[str]]:
    """A house that has delivered some ids and holds others, in parcels and rows."""
    served = house()
    fake.create_log_group("/upwell/otlp", "gateway")
    served.start()
    delivered = served.accept(Signal.LOGS, [[f"delivered-{number}"] for number in range(30)])
    served.wait_drained()
    fake.script([DOWN])
    waiting = served.accept(Signal.LOGS, [[f"waiting-{number}"] for number in range(30)])
    until(lambda: fake.counts(Signal.LOGS).refused > 0, "a parcel to be taken")
    waiting += served.accept(Signal.LOGS, [[f"row-{number}"] for number in range(30)])
    return served, delivered, waiting


def _goes_on(served: House, fake: Destination, delivered: list[str], waiting: list[str]) -> None:
    """All that waits arrives, nothing comes more than twice, and the damage is said until somebody accepts it."""
    fake.script([])
    until(lambda: set(fake.arrived()) == {*delivered, *waiting}, "everything to arrive")
    served.wait_drained()
    assert max(fake.arrived().values()) <= 2
    found = served.check()
    assert found.returncode == 1
    assert "relay.db was damaged" in found.stderr
    assert list(served.data_dir.glob("relay.db.damaged-*"))
    assert served.cli("ledger", "accept-loss", "--reason", "the disk of the crash test").returncode == 0
    assert served.check().returncode == 0
    after = served.accept(Signal.LOGS, [["after"]])
    until(lambda: fake.arrived()[after[0]] == 1, "the next batch to arrive, once")


@pytest.mark.parametrize("damage", [noise_at_the_head, noise_in_the_middle, noise_all_over, truncation])
def test_books_that_were_damaged_while_nothing_ran(house: MakeHouse, fake: Destination, damage: Callable[[Path], None]) -> None:
    """The next start makes them anew, and the gateway takes batches all the while."""
    served, delivered, waiting = _half_delivered(house, fake)
    assert served.stop() == 0
    damage(served.data_dir / "relay.db")

    served.start()

    _goes_on(served, fake, delivered, waiting)


def _damaged_live(served: House) -> None:
    for ending in ("", "-wal"):
        noise_all_over(served.data_dir / f"relay.db{ending}")


def test_books_that_are_damaged_under_a_worker_that_is_killed(house: MakeHouse, fake: Destination) -> None:
    """Noise in file and WAL, and the next worker makes the books anew, beside a gateway that takes batches all the while."""
    served, delivered, waiting = _half_delivered(house, fake)
    gateway = served.pids()["gateway"]

    _damaged_live(served)
    killed = served.kill("worker")
    until(lambda: served.pids().get("worker", killed) != killed and served.working(), "the next worker")

    _goes_on(served, fake, delivered, waiting)
    assert served.pids()["gateway"] == gateway


def test_books_that_are_damaged_under_a_worker_that_goes_on(house: MakeHouse, fake: Destination) -> None:
    """Noise in file and WAL that the worker may not meet, having read them before: the next start does, after an end in good order."""
    served, delivered, waiting = _half_delivered(house, fake)

    _damaged_live(served)
    waiting += served.accept(Signal.LOGS, [[f"later-{number}"] for number in range(30)])
    assert served.stop() == 0
    served.start()

    _goes_on(served, fake, delivered, waiting)


def test_the_command_line_finds_the_damage_too(house: MakeHouse, fake: Destination) -> None:
    """With nothing running, `ledger --check` itself makes the books anew and exits 1 with what was wrong."""
    served, *_ = _half_delivered(house, fake)
    assert served.stop() == 0
    noise_in_the_middle(served.data_dir / "relay.db")

    found = served.check()

    assert found.returncode == 1
    assert "relay.db was damaged" in found.stderr
    assert "Traceback" not in found.stderr
