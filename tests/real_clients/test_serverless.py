"""Programs with real OpenTelemetry SDKs send through the template, as the fake API Gateway serves it: a 503 loses nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.real_clients.clients import KINDS, Client, Kind, expected
from upwell.aws.template import build
from upwell.config import Serverless
from upwell.otlp import Signal
from upwell.testing.apigateway import FakeApiGateway
from upwell.testing.cloudwatch import Failure, FakeCloudWatch

pytestmark = pytest.mark.real_clients

_FAILURES = {Signal.METRICS: 503, Signal.TRACES: 500, Signal.LOGS: 503}
"""What CloudWatch says to the first request of each signal. As 500, JavaScript's would drop it; Python's drops a 429."""


@pytest.fixture
def cloudwatch() -> Iterator[FakeCloudWatch]:
    with FakeCloudWatch() as running:
        yield running


@pytest.fixture
def gateway(cloudwatch: FakeCloudWatch) -> Iterator[FakeApiGateway]:
    with FakeApiGateway(build(Serverless()), cloudwatch.url) as running:
        yield running


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_exporters_retry_and_lose_nothing(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway, kind: Kind) -> None:
    """The first request of each signal fails at CloudWatch; the exporter waits and sends again, and every item arrives once."""
    headers = {"Retry-After": "1"}
    cloudwatch.script([Failure(signal.value, status=status, headers=headers) for signal, status in _FAILURES.items()])
    with Client(kind, gateway.endpoint, gateway.keys["PlatformKey1"].value, "retried") as client:
        client.order(0, 20)
        assert client.flushed() == 20
        client.finish()

    assert {of: Counter(cloudwatch.ids(of)) for of in Signal} == expected("retried", 0, 20)
    refused = [line.status for line in gateway.lines if line.status != 200]
    assert sorted(refused) == [503, 503, 503]
