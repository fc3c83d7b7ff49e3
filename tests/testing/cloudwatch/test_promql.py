"""The fake's PromQL API, asked with signed requests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from upwell.aws import promql
from upwell.errors import AwsDenied, AwsError
from upwell.sinks.transport import Answer, Transport
from upwell.testing.cloudwatch import FakeCloudWatch


@pytest.fixture
def fake() -> Iterator[FakeCloudWatch]:
    """A fake with two points of one metric, of two instances."""
    with FakeCloudWatch() as made:
        _send(made, "a", 3)
        _send(made, "b", 4)
        yield made


def _send(fake: FakeCloudWatch, instance: str, value: int) -> None:
    attributes = [{"key": "service.instance.id", "value": {"stringValue": instance}}]
    point = {"timeUnixNano": str(time.time_ns()), "asInt": str(value), "attributes": [{"key": "kind", "value": {"stringValue": "x"}}]}
    metric = {"name": "some.metric", "gauge": {"dataPoints": [point]}}
    body = {"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [{"scope": {"name": "s"}, "metrics": [metric]}]}]}
    credentials = Credentials(fake.access_key, fake.secret_key)
    headers = {"Content-Type": "application/json"}
    request = AWSRequest("POST", f"{fake.url}/v1/metrics", headers, json.dumps(body).encode())
    SigV4Auth(credentials, "monitoring", fake.region).add_auth(request)
    transport = Transport(fake.url, timeout=5, connections=1, verify=True)
    answer = transport.send(request.prepare())
    transport.close()
    assert isinstance(answer, Answer)
    assert answer.status == 200, answer.body


def _ask(fake: FakeCloudWatch, query: str) -> list[dict[str, Any]]:
    return promql.instant(fake.url, fake.region, Credentials(fake.access_key, fake.secret_key), query)


def test_a_selector_finds_its_series(fake: FakeCloudWatch) -> None:
    """Resource attributes are labels with `@resource.`, those of points are bare."""
    found = _ask(fake, promql.selector("some.metric", **{"@resource.service.instance.id": "a", "kind": "x"}))

    assert [series["value"][1] for series in found] == ["3.0"]
    assert found[0]["metric"]["__name__"] == "some.metric"
    assert _ask(fake, promql.selector("some.metric", **{"@resource.service.instance.id": "c"})) == []


def test_sums_over_time_keep_the_series_apart(fake: FakeCloudWatch) -> None:
    """`sum_over_time` folds each series by itself, within its window."""
    _send(fake, "a", 5)
    query = f"sum_over_time({promql.selector('some.metric')}[15m])"

    assert sorted(series["value"][1] for series in _ask(fake, query)) == ["4.0", "8.0"]
    fake.clock.advance(1000)
    assert _ask(fake, query) == []


@pytest.mark.parametrize("query", ["rate(x[5m])", '{"a"=~"b"}', "{}", '{kind="x"}', "up"])
def test_what_the_fake_does_not_know_it_refuses(fake: FakeCloudWatch, query: str) -> None:
    """422, not an empty answer that would look like silence."""
    with pytest.raises(AwsError, match="422"):
        _ask(fake, query)


def test_a_wrong_signature_is_refused(fake: FakeCloudWatch) -> None:
    """The API is signed like every other."""
    with pytest.raises(AwsDenied, match="403"):
        promql.instant(fake.url, fake.region, Credentials("nobody", "x"), promql.selector("some.metric"))
