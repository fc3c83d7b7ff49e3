"""A running fake with a log group, and real botocore clients of it."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from tests.testing.wire import LOG_HEADERS, NOW
from upwell.testing.cloudwatch import FakeCloudWatch

GROUP, STREAM = LOG_HEADERS["x-aws-log-group"], LOG_HEADERS["x-aws-log-stream"]


@pytest.fixture
def fake() -> Iterator[FakeCloudWatch]:
    """Its item clock stands at NOW; signatures are checked by the real time."""
    with FakeCloudWatch(clock_ns=lambda: NOW) as running:
        running.create_log_group(GROUP, STREAM)
        yield running


@pytest.fixture(scope="session")
def boto() -> botocore.session.Session:
    return botocore.session.Session()


@pytest.fixture
def logs_client(fake: FakeCloudWatch, boto: botocore.session.Session) -> Iterator[Any]:
    client = boto.create_client(
        "logs", region_name=fake.region, endpoint_url=fake.url, aws_access_key_id=fake.access_key, aws_secret_access_key=fake.secret_key
    )
    yield client
    client.close()


@pytest.fixture
def sts_client(fake: FakeCloudWatch, boto: botocore.session.Session) -> Iterator[Any]:
    client = boto.create_client(
        "sts", region_name=fake.region, endpoint_url=fake.url, aws_access_key_id=fake.access_key, aws_secret_access_key=fake.secret_key
    )
    yield client
    client.close()
