"""Programs with real OpenTelemetry SDKs send through a running `upwell serve` to the fake CloudWatch: each item arrives once."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.house import House, house_with_cloudwatch
from tests.real_clients.clients import KINDS, Client, Kind, expected
from upwell.otlp import Encoding, Signal
from upwell.testing.cloudwatch import Failure, FakeCloudWatch

pytestmark = pytest.mark.real_clients

_ROUND = 20
"""Numbers sent in one flush."""

Place = tuple[House, FakeCloudWatch]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A house and the fake CloudWatch that it sends to."""
    with house_with_cloudwatch(tmp_path) as found:
        yield found


def arrived(fake: FakeCloudWatch) -> dict[Signal, Counter[str]]:
    """How often each id came."""
    return {of: Counter(fake.ids(of)) for of in Signal}


def prove(place: Place, last: int) -> None:
    """Everything up to `last` came, came once, and the ledger says so too."""
    house, fake = place
    wanted = expected("t", 0, last)
    house.prove({of.value: ids.total() for of, ids in wanted.items()})
    assert arrived(fake) == wanted


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_item_of_a_real_exporter_arrives_once(place: Place, kind: Kind) -> None:
    """Spans, log records and data points of a real SDK are each delivered once, with their span, body and value."""
    house, fake = place
    with Client(kind, house.endpoint, house.key, "t") as client:
        for first in range(0, 5 * _ROUND, _ROUND):
            client.order(first, first + _ROUND)
            assert client.flushed() == first + _ROUND
        client.finish()
        assert client.complaints == []

    prove(place, 5 * _ROUND)
    spans = {item["attributes"]["test.id"]: item for item in fake.items(Signal.TRACES)}
    records = {item["attributes"]["test.id"]: item for item in fake.items(Signal.LOGS)}
    points = {item["attributes"]["test.id"]: item for item in fake.items(Signal.METRICS)}
    assert records["t-log-7"]["body"] == "record 7"
    assert records["t-log-7"]["spanId"] == spans["t-span-7"]["spanId"]
    assert records["t-log-7"]["resource"]["attributes"]["service.name"] == f"{kind.sdk}-client"
    assert points["t-histogram-7"]["sum"] == 7
    assert points["t-counter-7"]["metric"]["aggregationTemporality"] == 1


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_an_outage_of_cloudwatch_costs_a_real_exporter_nothing(place: Place, kind: Kind) -> None:
    """While CloudWatch answers 503 the client gets its 200s; afterwards every item is there once."""
    house, fake = place
    fake.script([Failure(at=of, times=2, status=503, code="ServiceUnavailableException") for of in Signal])
    with Client(kind, house.endpoint, house.key, "t") as client:
        for first in range(0, 3 * _ROUND, _ROUND):
            client.order(first, first + _ROUND)
            assert client.flushed() == first + _ROUND
        client.finish()
        assert client.complaints == []

    prove(place, 3 * _ROUND)
    refused = {of: [request.status for request in fake.requests(of) if not request.stored] for of in Signal}
    assert refused[Signal.METRICS] == refused[Signal.TRACES] == [503, 503]
    assert refused[Signal.LOGS].count(503) == 2  # beside the one that found no log group


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_gateway_that_restarts_under_way_costs_a_real_exporter_nothing(place: Place, kind: Kind, how: signal.Signals) -> None:
    """The gateway is stopped or killed while the client sends: exporters connect again or retry, and nothing comes twice."""
    house, _ = place
    rounds, restarts = 12, (2, 6, 9)
    with Client(kind, house.endpoint, house.key, "t") as client:
        for number in range(rounds):
            client.order(number * _ROUND, (number + 1) * _ROUND)
            if number in restarts:
                house.restart("gateway", how)
            assert client.flushed() == (number + 1) * _ROUND
        client.finish()

    prove(place, rounds * _ROUND)


def test_what_a_real_exporter_wrote_was_in_the_encoding_asked_for(place: Place) -> None:
    """CloudWatch gets metrics and traces as protobuf and logs as it likes, whatever the clients spoke."""
    house, fake = place
    for kind in (KINDS[0], KINDS[1]):
        with Client(kind, house.endpoint, house.key, str(kind.sdk)) as client:
            client.order(0, 5)
            client.flushed()
            client.finish()

    house.prove({"metrics": 20, "traces": 10, "logs": 10})
    for of in (Signal.METRICS, Signal.TRACES):
        assert {request.encoding for request in fake.requests(of)} == {Encoding.PROTOBUF}
