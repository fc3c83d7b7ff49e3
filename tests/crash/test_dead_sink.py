"""One of two destinations is dead until the journal is full."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Iterator

import pytest

from tests.crash.batches import body
from tests.crash.conftest import MakeHouse
from tests.crash.destination import Destination
from tests.crash.house import House, cloudwatch
from tests.crash.waiting import until
from upwell.otlp import Signal
from upwell.testing.otlp import OtlpReceiver

MIB = 2**20
SMALL = {"reserve": 0, "max_bytes": 4 * MIB, "segment_bytes": MIB}
RECORDS = 50


@pytest.fixture
def port() -> Iterator[int]:
    """A port that nobody listens on, and that nobody else is given meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def _sinks(fake: Destination, port: int, *, required: bool) -> list[dict[str, object]]:
    dead = {"type": "otlp", "name": "dead", "endpoint": f"http://127.0.0.1:{port}", "required": required, "linger": "0s"}
    return [cloudwatch(fake), dead]


def _batches() -> Iterator[tuple[list[str], bytes]]:
    """Ever more batches of some 100 KB, half of that on disk."""
    for number in itertools.count():
        ids = [f"{number}-{record}" for record in range(RECORDS)]
        yield ids, body(Signal.LOGS, ids, size=2000)


def _send_until_full(served: House) -> set[str]:
    """Send until the journal takes no more, which must be refused with 503, and stays so; the ids that were acknowledged.

    The first 503 may pass: closing the segment in hand gives back what its WAL took.
    """
    acknowledged: set[str] = set()
    for ids, content in itertools.islice(_batches(), 400):
        status, headers = served.post(Signal.LOGS, content)
        if status == 503:
            assert 1 <= int(headers["retry-after"]) <= 5
            if _stays_full(served):
                return acknowledged
            continue
        assert status == 200
        acknowledged.update(ids)
    raise AssertionError("the journal is never full")


def _stays_full(served: House) -> bool:
    for _ in range(6):
        time.sleep(0.5)
        if served.ready() != 503:
            return False
    return True


def test_a_required_sink_fills_the_journal(house: MakeHouse, fake: Destination) -> None:
    """Requests get 503, the other sink has everything, and when the dead one is back it gets everything too, and requests get 200."""
    with OtlpReceiver() as revived:
        port = int(revived.url.rpartition(":")[2])
    served = house(journal=SMALL, sinks=_sinks(fake, port, required=True))
    served.start()

    acknowledged = _send_until_full(served)
    until(lambda: served.ready() == 503, "readiness to be off")
    until(lambda: set(fake.arrived()) == acknowledged, "the living sink to get everything")
    until(lambda: served.lane("cloudwatch/logs")["pending"]["items"] == 0, "the living sink's books")
    assert served.lane("dead/logs")["pending"]["items"] == len(acknowledged)
    assert served.lane("dead/logs")["state"] == "retrying"
    assert served.check().returncode == 0

    with OtlpReceiver(port=port) as revived:
        until(lambda: revived.counts("logs").items >= len(acknowledged), "the dead sink to get everything")
        until(lambda: served.ready() == 200, "readiness to be back")
        served.wait_drained()
        assert set(revived.ids("logs")) == acknowledged
        served.accept(Signal.LOGS, [["after"]])
        served.wait_drained()
    assert set(fake.arrived().values()) == {1}
    assert served.check().returncode == 0


def test_a_sink_that_is_not_required_lets_go(house: MakeHouse, fake: Destination, port: int) -> None:
    """Many times the journal's size is taken; what only the dead sink holds goes and is booked; the other sink misses nothing."""
    served = house(journal=SMALL, sinks=_sinks(fake, port, required=False))
    served.start()
    acknowledged: set[str] = set()

    for ids, content in itertools.islice(_batches(), 240):
        until(lambda content=content: served.post(Signal.LOGS, content)[0] == 200, "room in the journal")  # type: ignore[misc]
        acknowledged.update(ids)
    until(lambda: set(fake.arrived()) == acknowledged, "the living sink to get everything")
    until(lambda: served.lane("cloudwatch/logs")["pending"]["items"] == 0, "the living sink's books")

    dead = served.lane("dead/logs")
    assert dead["expired"].keys() == {"journal_full"}
    assert dead["offered"] == len(acknowledged) == dead["expired"]["journal_full"] + dead["pending"]["items"]
    assert dead["pending"]["items"] > 0
    assert served.lane("cloudwatch/logs")["expired"] == {}
    assert set(fake.arrived().values()) == {1}
    assert served.check().returncode == 0
