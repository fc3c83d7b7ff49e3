"""What the client hears of each thing that can go wrong on the way."""

from __future__ import annotations

import pytest

from tests.aws.proofs.conftest import SETTINGS
from tests.testing.apigateway.sending import post
from tests.testing.wire import JSON, PROTOBUF, encoded, logs, record
from upwell.aws.template import build
from upwell.config import Serverless, TeamLimit
from upwell.otlp.model import Signal
from upwell.testing.apigateway import FakeApiGateway
from upwell.testing.cloudwatch import Failure, FakeCloudWatch, Spelling

BECOMES = {
    200: 200,
    400: 400,
    401: 500,
    403: 500,
    404: 500,
    405: 400,
    413: 413,
    415: 400,
    429: 429,
    500: 503,
    501: 502,
    502: 502,
    503: 503,
    504: 504,
    301: 502,
}
RETRIED = {429, 502, 503, 504}
"""What OTLP tells clients to send again."""


@pytest.mark.parametrize("signal", list(Signal))
def test_every_status_keeps_its_meaning(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway, signal: Signal) -> None:
    """Each upstream status becomes what a client has to do about it, with its body; what may be sent again says after how long."""
    for upstream, client in BECOMES.items():
        if upstream != 200:
            headers = {"Retry-After": "2"} if upstream == 429 else {}
            cloudwatch.script([Failure(signal.value, status=upstream, code="Some", message="the sentence", headers=headers)])
        got = post(gateway, f"/v1/{signal}")

        assert got.status == client, upstream
        assert ("retry-after" in got.headers) == (client in RETRIED), upstream
        if upstream != 200:
            assert b"the sentence" in got.body
        assert (gateway.lines[-1].upstream, gateway.lines[-1].status) == (upstream, client)


def test_retry_after_is_upstreams_where_cloudwatch_documents_it(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway) -> None:
    """For logs, 429 passes on what CloudWatch says; everything else says 5 seconds, which agents still wait."""
    throttled = {"status": 429, "headers": {"Retry-After": "2"}, "times": None}
    cloudwatch.script([Failure("logs", **throttled), Failure("metrics", **throttled), Failure("traces", status=503)])  # type: ignore[arg-type]

    assert [post(gateway, f"/v1/{signal}").headers["retry-after"] for signal in ("logs", "metrics", "traces")] == ["2", "5", "5"]


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@pytest.mark.parametrize("accept", ["", "*/*", JSON, PROTOBUF])
@pytest.mark.parametrize("spelling", list(Spelling))
def test_an_error_comes_through_whatever_its_spelling(
    cloudwatch: FakeCloudWatch, gateway: FakeApiGateway, media_type: str, accept: str, spelling: Spelling
) -> None:
    """Neither the answer's media type nor what the client accepts turns an error into another one."""
    cloudwatch.script([Failure("metrics", status=400, code="ValidationException", message="the sentence", spelling=spelling)])
    headers = {"content-type": media_type} | ({"accept": accept} if accept else {})

    got = post(gateway, "/v1/metrics", b"" if media_type == PROTOBUF else b"{}", headers=headers)

    assert got.status == 400
    assert b"the sentence" in got.body


def test_without_the_key_there_is_nothing(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway) -> None:
    """A wrong, a missing and a disabled key are all 403, and nothing was sent on."""
    assert post(gateway, "/v1/logs", value="x" * 40).status == 403
    assert post(gateway, "/v1/logs", key=None).status == 403
    assert {line.error for line in gateway.lines} == {"INVALID_API_KEY"}
    assert cloudwatch.requests("logs") == []


def test_a_path_that_is_not_there_is_404(gateway: FakeApiGateway) -> None:
    """By default API Gateway says 403, which would read as a wrong key."""
    wrong = [post(gateway, "/v1/profiles"), post(gateway, "/v1/logs/"), post(gateway, "/v1/logs", verb="GET")]

    assert [got.status for got in wrong] == [404, 404, 404]


def test_a_key_over_its_rate_waits() -> None:
    """Throttled: 429 with Retry-After, for that key alone; a team may have a limit of its own; and time mends it."""
    clock = [0.0]
    settings = Serverless(teams=["platform", "web", "batch"], rate=2, burst=3, limits={"batch": TeamLimit(burst=5)})
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(build(settings), cloudwatch.url, now=lambda: clock[0]) as gateway:

        def statuses(key: str, count: int) -> list[int]:
            return [post(gateway, "/v1/metrics", key=key).status for _ in range(count)]

        assert statuses("PlatformKey1", 4) == [200, 200, 200, 429]
        assert post(gateway, "/v1/metrics").headers["retry-after"] == "5"
        assert statuses("WebKey1", 1) == [200]
        assert statuses("BatchKey1", 6) == [200] * 5 + [429]
        clock[0] += 1
        assert statuses("PlatformKey1", 3) == [200, 200, 429]


def test_what_is_too_large_is_413(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway) -> None:
    """API Gateway takes 10 MB, also of what a small gzip body inflates to."""
    body = b" " * (10 * 2**20 + 1)

    assert [post(gateway, "/v1/logs", body, packed=packed).status for packed in (False, True)] == [413, 413]
    assert post(gateway, "/v1/logs", b"not gzip", headers={"content-encoding": "gzip"}).status == 415
    assert post(gateway, "/v1/logs", b"{}", headers={"content-encoding": "zstd"}).status == 415
    assert cloudwatch.requests("logs") == []


def test_without_cloudwatch_it_is_504_and_may_be_retried(cloudwatch: FakeCloudWatch, gateway: FakeApiGateway) -> None:
    """No connection, a cut one and no answer in time: the client is to try again."""
    cloudwatch.script([Failure("logs", cut=True)])
    cut = post(gateway, "/v1/logs")
    cloudwatch.stop()
    gone = post(gateway, "/v1/logs")
    cloudwatch.start()

    assert [(got.status, got.headers["retry-after"]) for got in (cut, gone)] == [(504, "5"), (504, "5")]


def test_a_slow_cloudwatch_is_504_and_may_be_retried(cloudwatch: FakeCloudWatch) -> None:
    """API Gateway waits 29 seconds; here it waits less."""
    with FakeApiGateway(build(SETTINGS), cloudwatch.url, timeout=0.2) as gateway:
        cloudwatch.script([Failure("traces", delay=30)])
        got = post(gateway, "/v1/traces")
        cloudwatch.stop()  # ends the wait
        cloudwatch.start()

    assert (got.status, got.headers["retry-after"], gateway.lines[-1].error) == (504, "5", "INTEGRATION_TIMEOUT")


def test_an_answer_in_protobuf_is_untouched(gateway: FakeApiGateway) -> None:
    """A partial success in protobuf reaches the client byte by byte, as the client's own media type."""
    got = post(gateway, "/v1/logs", encoded("logs", logs(record(1)), PROTOBUF), headers={"content-type": PROTOBUF})

    assert (got.status, got.headers["content-type"]) == (200, PROTOBUF)
    assert b"tooOldLogEventCount" in got.body
    assert got.body[0] == 0x0A


def test_networks_that_are_not_listed_stay_outside() -> None:
    """allow_cidrs is a resource policy."""
    settings = Serverless(allow_cidrs=["10.0.0.0/8", "2001:db8::/32"])
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(build(settings), cloudwatch.url, source_ip="10.1.2.3") as gateway:
        inside = post(gateway, "/v1/metrics").status
        gateway.source_ip = "192.0.2.1"
        outside = post(gateway, "/v1/metrics").status

    assert (inside, outside, gateway.lines[-1].error) == (200, 403, "ACCESS_DENIED")
