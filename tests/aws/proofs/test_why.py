"""Why our template differs from the one that this project grew from: each of its faults, shown by the same emulator.

The emulator reads both; `first.py` writes the faults down. Of every pair of assertions the first is the fault, the second ours.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import pytest

from tests.aws.proofs.conftest import SETTINGS
from tests.aws.proofs.first import first_template
from tests.end_to_end.meaning import items, multiset
from tests.end_to_end.recorded import Recording, recordings, to_today
from tests.testing.apigateway.sending import post
from upwell.aws.template import build
from upwell.otlp.model import Encoding, Signal
from upwell.testing.apigateway import FakeApiGateway
from upwell.testing.cloudwatch import Failure, FakeCloudWatch


@pytest.fixture
def first(cloudwatch: FakeCloudWatch) -> Iterator[FakeApiGateway]:
    with FakeApiGateway(first_template(), cloudwatch.url) as running:
        yield running


def _recording(signal: Signal, encoding: Encoding) -> Recording:
    return next(each for each in recordings() if (each.agent, each.signal, each.encoding) == ("claude", signal, encoding))


@pytest.mark.parametrize("status", [400, 403, 413, 429, 500, 503])
def test_every_failure_was_a_success(cloudwatch: FakeCloudWatch, first: FakeApiGateway, gateway: FakeApiGateway, status: int) -> None:
    """One integration response without a pattern is the default for every status: 200, so that no client ever tried again."""
    cloudwatch.script([Failure("metrics", status=status, times=2)])

    assert post(first, "/v1/metrics").status == 200
    assert post(gateway, "/v1/metrics").status >= 400
    assert cloudwatch.counts("metrics").refused == 2


def test_logs_went_nowhere(cloudwatch: FakeCloudWatch, first: FakeApiGateway, gateway: FakeApiGateway) -> None:
    """CloudWatch takes logs for a stream that exists only; none was made, and 200 was said."""
    recording = _recording(Signal.LOGS, Encoding.JSON)
    body = recording.body(to_today())

    assert post(first, "/v1/logs", body).status == 200
    assert cloudwatch.items("logs") == []
    assert post(gateway, "/v1/logs", body).status == 200
    assert len(cloudwatch.items("logs")) == len(items(body, Signal.LOGS, Encoding.JSON))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_protobuf_was_corrupted(cloudwatch: FakeCloudWatch, first: FakeApiGateway, gateway: FakeApiGateway, packed: bool) -> None:
    """A body that no media type calls binary goes through UTF-8, and each byte that is none becomes three others."""
    recording = _recording(Signal.TRACES, Encoding.PROTOBUF)
    body = recording.body(to_today())
    headers = {"content-type": "application/x-protobuf"}

    assert post(first, "/v1/traces", body, packed=packed, headers=headers).status == 200
    assert cloudwatch.items("traces") == []
    assert post(gateway, "/v1/traces", body, packed=packed, headers=headers).status == 200
    assert multiset(cloudwatch.items("traces")) == multiset(items(body, Signal.TRACES, Encoding.PROTOBUF))


def test_leaving_out_the_conversion_alone_does_not_help(cloudwatch: FakeCloudWatch) -> None:
    """The media types are what counts: without them, no content handling is UTF-8 too."""
    half = first_template()
    half["Resources"]["TracesMethod"]["Properties"]["Integration"].pop("ContentHandling")
    body = _recording(Signal.TRACES, Encoding.PROTOBUF).body(to_today())

    with FakeApiGateway(half, cloudwatch.url) as gateway:
        assert post(gateway, "/v1/traces", body, headers={"content-type": "application/x-protobuf"}).status == 200

    assert gateway.lines[-1].upstream == 400
    assert cloudwatch.items("traces") == []


def test_the_protobuf_type_alone_breaks_answers(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway) -> None:
    """With application/x-protobuf as the only binary type, a client that accepts it gets 500 for every error in JSON."""
    half = first_template()
    half["Resources"]["Api"]["Properties"]["BinaryMediaTypes"] = ["application/x-protobuf"]
    for name in ("MetricsMethod", "TracesMethod", "LogsMethod"):
        half["Resources"][name]["Properties"]["Integration"].pop("ContentHandling")
    headers = {"content-type": "application/x-protobuf", "accept": "application/x-protobuf"}
    cloudwatch.expire_credentials()  # answered by AWS's front door, in JSON

    with FakeApiGateway(half, cloudwatch.url) as other:
        assert post(other, "/v1/metrics", b"", headers=headers).status == 500
        assert other.lines[-1].error == "API_CONFIGURATION_ERROR"
    got = post(gateway, "/v1/metrics", b"", headers=headers)
    assert (got.status, gateway.lines[-1].upstream, gateway.lines[-1].error) == (500, 403, "")
    assert b"expired" in got.body


def test_changes_were_never_deployed(cloudwatch: FakeCloudWatch, first: FakeApiGateway, gateway: FakeApiGateway) -> None:
    """A deployment under a fixed name stays the snapshot that it was; ours is named by what it shows."""
    mended = first_template()
    for name in ("MetricsMethod", "TracesMethod", "LogsMethod"):
        properties = mended["Resources"][name]["Properties"]
        properties["MethodResponses"].append({"StatusCode": "503"})
        properties["Integration"]["IntegrationResponses"].append({"StatusCode": "503", "SelectionPattern": "503"})
    first.update(mended)
    cloudwatch.script([Failure("metrics", status=503, times=2)])

    assert post(first, "/v1/metrics").status == 200
    with FakeApiGateway(mended, cloudwatch.url) as fresh:
        assert post(fresh, "/v1/metrics").status == 503
    gateway.update(build(SETTINGS.model_copy(update={"allow_cidrs": ["10.0.0.0/8"]})))
    assert post(gateway, "/v1/metrics").status == 403
    assert gateway.lines[-1].error == "ACCESS_DENIED"


def test_a_trust_with_a_source_account_fails_every_call(cloudwatch: FakeCloudWatch) -> None:
    """The advice against confused deputies breaks this role: API Gateway names no source when it assumes it."""
    guarded = copy.deepcopy(first_template())
    trust = guarded["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    trust["Condition"] = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}

    with FakeApiGateway(guarded, cloudwatch.url) as gateway:
        assert post(gateway, "/v1/metrics").status == 500

    assert cloudwatch.requests("metrics") == []
