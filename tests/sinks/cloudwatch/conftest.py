"""A running fake CloudWatch, and sinks that point at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sinks import rows
from upwell.config import CloudWatchSink
from upwell.sinks.cloudwatch.sink import CloudWatch
from upwell.testing.cloudwatch import FakeCloudWatch

GROUP, STREAM = "/upwell/otlp", "gateway"

MakeSink = Callable[..., CloudWatch]


@pytest.fixture
def fake() -> Iterator[FakeCloudWatch]:
    """Outside the nine Regions of large log requests; its item clock stands at NOW_NS, signatures go by the real time."""
    with FakeCloudWatch(region="ca-central-1", clock_ns=lambda: rows.NOW_NS) as running:
        running.create_log_group(GROUP, STREAM)
        yield running


@pytest.fixture
def keys(fake: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake's access key, in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", fake.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", fake.secret_key)


@pytest.fixture
def make_sink(fake: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeSink]:
    """Sinks of the fake's Region and URL, closed at the end."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", fake.url)
    made: list[CloudWatch] = []

    def make(clock_ns: Callable[[], int] = lambda: rows.NOW_NS, **settings: Any) -> CloudWatch:
        given = {"region": fake.region, "endpoint_url": fake.url, "timeout": 5, **settings}
        made.append(CloudWatch(CloudWatchSink(**given), clock_ns=clock_ns))
        return made[-1]

    yield make
    for sink in made:
        sink.close()


@pytest.fixture
def sink(make_sink: MakeSink, keys: None) -> CloudWatch:
    return make_sink()
