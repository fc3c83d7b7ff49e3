"""The proof of a deployment through the shipped fake API Gateway, which runs our template in front of the fake CloudWatch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from botocore.credentials import Credentials

from upwell.aws import promql
from upwell.aws.answers import judge
from upwell.aws.farend import CloudWatchEnd
from upwell.aws.names import TeamKey
from upwell.aws.probe import Arrival, End, Probe, over_http
from upwell.aws.template import build
from upwell.config import CloudWatchSink, Serverless
from upwell.otlp.model import Signal
from upwell.sinks.cloudwatch.signing import Signer
from upwell.testing.apigateway import FakeApiGateway
from upwell.testing.cloudwatch import FakeCloudWatch

KEY = TeamKey("platform", 1)


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        self.now += seconds


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCloudWatch]:
    """The far end, whose keys are those of the environment."""
    with FakeCloudWatch() as made:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", made.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made.secret_key)
        yield made


Prove = Callable[[FakeApiGateway, Time, str], tuple[list[Arrival], list[str]]]


@pytest.fixture
def prove(cloudwatch: FakeCloudWatch) -> Prove:
    """Send through a gateway with a key, and look in CloudWatch as `upwell deploy` does."""
    signer = Signer(CloudWatchSink(region=cloudwatch.region, endpoint_url=cloudwatch.url))
    keys = Credentials(cloudwatch.access_key, cloudwatch.secret_key)

    def query(text: str) -> list[dict[str, object]]:
        return promql.instant(cloudwatch.url, cloudwatch.region, keys, text)

    def run(gateway: FakeApiGateway, time: Time, secret: str) -> tuple[list[Arrival], list[str]]:
        end = CloudWatchEnd(lambda: signer.client("logs", cloudwatch.url), query, "/upwell/otlp", gateway.keys[KEY.logical_id].id)
        said: list[str] = []
        probe = Probe(
            over_http(gateway.endpoint, secret), judge, [End("cloudwatch", end)], say=said.append, monotonic=time, sleep=time.sleep
        )
        return list(probe.run(list(Signal))), said

    return run


def test_each_signal_arrives_through_the_template(cloudwatch: FakeCloudWatch, prove: Prove) -> None:
    """What `upwell deploy` sends passes the stack's methods, and is found where the template puts it: logs in the key's own stream."""
    time = Time()
    with FakeApiGateway(build(Serverless(), traces="use"), cloudwatch.url, region=cloudwatch.region, now=time) as gateway:
        found, said = prove(gateway, time, gateway.keys[KEY.logical_id].value)

    assert [one.problem for one in found] == ["", "", ""]
    assert {one.signal for one in found if one.ok} == set(Signal)
    assert said == []


def test_a_young_key_is_waited_for(cloudwatch: FakeCloudWatch, prove: Prove) -> None:
    """API Gateway spreads a new key over minutes; until then it is 403, which the probe takes for what it is."""
    time = Time()
    with FakeApiGateway(build(Serverless(), traces="use"), cloudwatch.url, region=cloudwatch.region, now=time, spread=60) as gateway:
        found, said = prove(gateway, time, gateway.keys[KEY.logical_id].value)

    assert all(one.ok and one.taken_after is not None and one.taken_after >= 57 for one in found)
    assert "logs: the key is not active yet (403); trying for up to 300 s" in said


def test_a_wrong_key_and_a_foreign_address(cloudwatch: FakeCloudWatch, prove: Prove) -> None:
    """Both are 403, and only one of them is worth waiting for."""
    time, template = Time(), build(Serverless(allow_cidrs=["10.0.0.0/8"]), traces="use")
    with FakeApiGateway(build(Serverless(), traces="use"), cloudwatch.url, region=cloudwatch.region, now=time) as gateway:
        wrong, _ = prove(gateway, time, "nobody-knows-this-key")
    with FakeApiGateway(template, cloudwatch.url, region=cloudwatch.region, now=time, source_ip="192.0.2.1") as gateway:
        foreign, _ = prove(gateway, time, gateway.keys[KEY.logical_id].value)

    assert {one.problem for one in wrong} == {"the key is not active yet (403)"}
    assert {one.problem for one in foreign} == {"this machine's address is not let in (403)"}


def test_a_stack_that_was_changed_by_hand(cloudwatch: FakeCloudWatch, prove: Prove) -> None:
    """A stream deleted behind the stack's back is its own 500, not the sender's fault; the other signals are proven all the same."""
    time = Time()
    with FakeApiGateway(build(Serverless(), traces="use"), cloudwatch.url, region=cloudwatch.region, now=time) as gateway:
        key = gateway.keys[KEY.logical_id]
        cloudwatch.delete_log_stream("/upwell/otlp", key.id)
        told = {one.signal: one for one in prove(gateway, time, key.value)[0]}

    assert "400" in told[Signal.LOGS].problem or "500" in told[Signal.LOGS].problem
    assert told[Signal.METRICS].ok
    assert told[Signal.TRACES].ok
