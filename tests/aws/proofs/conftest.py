"""The template of the settings' defaults, served by the fake API Gateway in front of the fake CloudWatch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from upwell.aws.template import build, to_yaml
from upwell.config import Serverless
from upwell.testing.apigateway import FakeApiGateway
from upwell.testing.cloudwatch import FakeCloudWatch

SETTINGS = Serverless(teams=["platform", "web"], retention_days=365)


@pytest.fixture
def cloudwatch() -> Iterator[FakeCloudWatch]:
    with FakeCloudWatch() as running:
        yield running


@pytest.fixture
def gateway(cloudwatch: FakeCloudWatch) -> Iterator[FakeApiGateway]:
    with FakeApiGateway(to_yaml(build(SETTINGS)), cloudwatch.url) as running:
        yield running
