"""Starts and ends: two on one data directory, SIGTERM under load, the data of an earlier and of a later Upwell."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.conftest import MakeHouse
from tests.crash.destination import Destination
from tests.crash.house import House
from tests.crash.traffic import Traffic
from tests.crash.waiting import until
from upwell.journal import layout
from upwell.journal.relaydb import MIGRATIONS
from upwell.otlp import Signal
from upwell.testing.cloudwatch import Failure

DOWN = Failure(status=503, times=None)


@pytest.mark.parametrize("command", ["serve", "gateway", "worker"])
def test_the_second_start_on_a_data_directory(house: MakeHouse, fake: Destination, command: str) -> None:
    """It exits 1 and names the process that runs there, which goes on undisturbed."""
    served = house()
    served.start()

    second = served.cli(command)

    assert second.returncode == 1
    assert "data-dir-locked" in second.stderr
    assert re.search(rf"\b{served.pid}\b", second.stderr)
    assert str(served.data_dir) in second.stderr
    ids = served.accept(Signal.LOGS, [["after"]])
    until(lambda: set(fake.arrived()) == set(ids), "the first one to deliver")


def test_sigterm_under_load(house: MakeHouse, fake: Destination) -> None:
    """It ends with 0; what was acknowledged is delivered by then or after the next start, once; later clients are refused by the kernel."""
    served = house()
    fake.create_log_group("/upwell/otlp", "gateway")
    served.start()
    with Traffic(served, clients=4) as traffic:
        until(lambda: traffic.count() > 200, "the gateway to take batches")
        connection = served.connect()
        began = time.monotonic()
        assert served.stop() == 0
        took = time.monotonic() - began
        with pytest.raises(ConnectionRefusedError):
            connection.connect()
        served.start()
        until(lambda: traffic.count() > 400, "the next gateway to take batches")
        traffic.stop()
    served.wait_drained()

    assert took < 45, "the longest that both may take by their own rules"
    assert traffic.unanswered == []
    assert set(traffic.statuses) <= {200, 503}
    acknowledged = {name for signal in Signal for name in traffic.acknowledged(signal)}
    assert fake.arrived() == dict.fromkeys(acknowledged, 1)
    assert served.check().returncode == 0


def test_sigterm_while_the_destination_hangs(house: MakeHouse, fake: Destination) -> None:
    """The worker waits for the request in flight, no longer than its sink's timeout, and books it: nothing comes twice."""
    served = house()
    fake.create_log_group("/upwell/otlp", "gateway")
    fake.script([Failure(at="logs", delay=4)])
    served.start()
    ids = served.accept(Signal.LOGS, [["slow"]])
    until(lambda: fake.under_way(Signal.LOGS) == 1, "the request to be under way")

    assert served.stop() == 0
    served.start()
    served.wait_drained()

    assert fake.arrived() == dict.fromkeys(ids, 1)
    assert served.check().returncode == 0


def test_a_data_directory_of_the_previous_schema(house: MakeHouse, fake: Destination) -> None:
    """Books of version 1 with all kinds of content are brought forward at the start, with a copy beside them, and go on where they were."""
    served, delivered, waiting = _with_content(house, fake)
    books = served.data_dir / "relay.db"
    _set_back(books)

    served.start()
    fake.script([])
    served.wait_drained()

    assert fake.arrived() == dict.fromkeys((*delivered, *waiting), 1)
    assert served.check().returncode == 0
    assert _version(books) == len(MIGRATIONS)
    copy = served.data_dir / "relay.db.v1.bak"
    assert _version(copy) == 1
    assert copy.stat().st_mode & 0o777 == 0o600


def test_going_back_to_the_copy(house: MakeHouse, fake: Destination) -> None:
    """The copy is whole: put back, and brought forward again, it sends what was delivered since once more, and the sums hold."""
    served, delivered, waiting = _with_content(house, fake)
    books = served.data_dir / "relay.db"
    _set_back(books)
    served.start()
    fake.script([])
    served.wait_drained()
    assert served.stop() == 0

    (served.data_dir / "relay.db.v1.bak").replace(books)
    for ending in ("-wal", "-shm"):
        books.with_name(books.name + ending).unlink(missing_ok=True)
    served.start()
    served.wait_drained()

    assert fake.arrived() == {**dict.fromkeys(delivered, 1), **dict.fromkeys(waiting, 2)}
    assert served.check().returncode == 0


@pytest.mark.parametrize("kind", ["books", "keys", "segment"])
def test_the_data_of_a_later_version(house: MakeHouse, fake: Destination, kind: str) -> None:
    """A newer schema is refused with a sentence that names file and versions, and nothing in it is touched: the right version goes on."""
    served, delivered, waiting = _with_content(house, fake)
    segment = layout.database(served.journal, served.segments()[-1])
    file = {"books": served.data_dir / "relay.db", "keys": served.data_dir / "keys.db", "segment": segment}[kind]
    right = _version(file)
    _set_version(file, 99)
    before = file.read_bytes()
    fake.script([])

    served.start(wait=False)
    assert served.wait_end() == 1

    assert "schema-too-new" in served.said()
    assert f"{file.name} has schema version 99" in served.said()
    assert "Traceback" not in served.said()
    assert file.read_bytes() == before
    _set_version(file, right)
    served.start()
    served.wait_drained()
    assert fake.arrived() == dict.fromkeys((*delivered, *waiting), 1)
    assert served.check().returncode == 0


def _with_content(house: MakeHouse, fake: Destination) -> tuple[House, list[str], list[str]]:
    """A house that ran and was stopped: ids that were delivered, and ids that wait in parcels and rows."""
    served = house()
    fake.create_log_group("/upwell/otlp", "gateway")
    served.start()
    delivered = served.accept(Signal.LOGS, [[f"delivered-{number}"] for number in range(20)])
    delivered += served.accept(Signal.METRICS, [[f"point-{number}"] for number in range(20)])
    served.wait_drained()
    fake.script([DOWN])
    waiting = served.accept(Signal.LOGS, [[f"waiting-{number}"] for number in range(20)])
    until(lambda: fake.counts(Signal.LOGS).refused > 0, "a parcel to be taken")
    waiting += served.accept(Signal.LOGS, [[f"row-{number}"] for number in range(20)])
    assert served.stop() == 0
    return served, delivered, waiting


def _set_back(books: Path) -> None:
    """Make of books of today what version 1 had: the same tables, of which version 2 has one more index."""
    assert MIGRATIONS[1:] == ("CREATE INDEX receipts_of_lane ON receipts (lane, id);",), "there is a new version: set it back here too"
    with closing(sqlite3.connect(books, isolation_level=None)) as connection:
        connection.execute("DROP INDEX receipts_of_lane")
    _set_version(books, 1)


def _set_version(file: Path, version: int) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")


def _version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found
