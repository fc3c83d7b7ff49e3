"""The whole fake over HTTP: who gets in, what is judged, what is kept, and how refusals look."""

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from tests.testing.wire import (
    DAY,
    HOUR,
    JSON,
    LOG_HEADERS,
    NOW,
    PROTOBUF,
    SECOND,
    SERVICES,
    encoded,
    export,
    logs,
    metrics,
    now_ns,
    point,
    record,
    request,
    signed,
    span,
    traces,
    with_id,
)
from upwell.testing import cloudwatch
from upwell.testing.cloudwatch import DOCUMENTED, Counts, Failure, FakeCloudWatch, Spelling
from upwell.testing.cloudwatch.limits import MB

GROUP, STREAM = LOG_HEADERS["x-aws-log-group"], LOG_HEADERS["x-aws-log-stream"]
BATCHES = {"logs": logs(record(), record(body="two")), "traces": traces(span(), span()), "metrics": metrics(point(), point())}
SIGNALS = pytest.mark.parametrize("signal", ["logs", "traces", "metrics"])


def test_public_names_are_sorted() -> None:
    """What the package offers is listed once, in order, and all there."""
    assert cloudwatch.__all__ == sorted(cloudwatch.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(cloudwatch, name) for name in cloudwatch.__all__)


# -- SigV4 -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@SIGNALS
def test_signed_export_is_taken(fake: FakeCloudWatch, signal: str, media_type: str) -> None:
    """Each endpoint takes what botocore signed for its own service name, in both encodings."""
    reply = export(fake.url, signal, BATCHES[signal], media_type)

    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert reply.body == (b"{}" if media_type == JSON else b"")
    assert fake.counts(signal) == Counts(requests=1, items=2)


@pytest.mark.parametrize(
    ("wrong", "code", "message"),
    [
        ({"secret_key": "x"}, "InvalidSignatureException", "The request signature we calculated"),
        ({"access_key": "AKIDX"}, "UnrecognizedClientException", "The security token included in the request is invalid."),
        ({"region": "us-east-1"}, "InvalidSignatureException", "Credential should be scoped to a valid region"),
        ({"service": "cloudwatch"}, "InvalidSignatureException", "Credential should be scoped to correct service: '{service}'"),
        ({"token": "t"}, "UnrecognizedClientException", "The security token included in the request is invalid."),
    ],
)
@SIGNALS
def test_wrong_signature_is_403(fake: FakeCloudWatch, signal: str, wrong: dict[str, str], code: str, message: str) -> None:
    """A wrong secret, key, Region, service or token: 403, the code in the header, the sentence in JSON; nothing is kept."""
    reply = export(fake.url, signal, BATCHES[signal], PROTOBUF, **wrong)

    assert (reply.status, reply.headers["x-amzn-errortype"], reply.headers["content-type"]) == (403, code, "application/json")
    assert reply.json["message"].startswith(message.format(service=SERVICES[signal]))
    assert fake.counts(signal) == Counts(refused=1)
    assert fake.requests(signal)[0].code == code


@SIGNALS
def test_unsigned_request_is_403(fake: FakeCloudWatch, signal: str) -> None:
    """Without a signature: Missing Authentication Token."""
    reply = request(f"{fake.url}/v1/{signal}", b"{}", {"Content-Type": JSON})

    assert (reply.status, reply.json) == (403, {"message": "Missing Authentication Token"})


@SIGNALS
def test_flipped_body_byte_is_403(fake: FakeCloudWatch, signal: str) -> None:
    """A body changed on the way does not match its signature."""
    url, body = f"{fake.url}/v1/{signal}", encoded(signal, BATCHES[signal], JSON)
    headers = signed(url, body, {"Content-Type": JSON, **LOG_HEADERS}, SERVICES[signal])
    flipped = body[:10] + bytes([body[10] ^ 1]) + body[11:]

    assert request(url, flipped, headers).status == 403
    assert request(url, body, headers).status == 200


@pytest.mark.parametrize("seconds", [-301, 301])
def test_wrong_date_is_403(fake: FakeCloudWatch, seconds: int) -> None:
    """A signature five minutes off is refused; the clock of items has no say in it."""
    fake.clock.advance(30)
    fake.wall.advance(seconds)
    reply = export(fake.url, "logs", BATCHES["logs"])

    assert reply.status == 403
    assert reply.json["message"].startswith("Signature expired" if seconds > 0 else "Signature not yet current")


def test_signature_covers_the_packed_body(fake: FakeCloudWatch) -> None:
    """What is signed is what is sent: the gzip bytes."""
    packed = gzip.compress(encoded("logs", BATCHES["logs"], PROTOBUF))
    reply = export(fake.url, "logs", packed, PROTOBUF, headers={"Content-Encoding": "gzip"})

    assert reply.status == 200
    assert len(fake.items("logs")) == 2


def test_expired_credentials_come_back(fake: FakeCloudWatch) -> None:
    """Until told otherwise every request is ExpiredTokenException."""
    fake.expire_credentials()
    expired = [export(fake.url, signal, BATCHES[signal]) for signal in ("logs", "traces")]
    fake.restore_credentials()

    assert [(reply.status, reply.headers["x-amzn-errortype"]) for reply in expired] == [(403, "ExpiredTokenException")] * 2
    assert export(fake.url, "logs", BATCHES["logs"]).status == 200


def test_second_access_key_is_taken(fake: FakeCloudWatch) -> None:
    """More keys can be made known, for instance to rotate one."""
    fake.add_access_key("AKIDNEW", "new-secret")

    assert export(fake.url, "logs", BATCHES["logs"], access_key="AKIDNEW", secret_key="new-secret").status == 200


# -- limits over HTTP ----------------------------------------------------------------------------------------------------------------


def test_refusal_is_a_status_in_the_encoding_asked(fake: FakeCloudWatch) -> None:
    """A broken limit is 400 with a google.rpc.Status, the code beside it."""
    batch = metrics(*[point()] * 1001)
    as_json, as_protobuf = export(fake.url, "metrics", batch), export(fake.url, "metrics", batch, PROTOBUF)
    message = "Maximum number of datapoints per request exceeded: 1000."

    assert (as_json.status, as_json.json, as_json.headers["x-amzn-errortype"]) == (
        400,
        {"code": 3, "message": message},
        "ValidationException",
    )
    assert (as_protobuf.status, Status.FromString(as_protobuf.body).message) == (400, message)


@pytest.mark.parametrize(("signal", "limit"), [("metrics", 1 * MB), ("traces", 5 * MB), ("logs", 32 * MB)])
def test_inflation_is_bounded(fake: FakeCloudWatch, signal: str, limit: int) -> None:
    """A small body that inflates beyond the limit is refused without being inflated further."""
    bomb = gzip.compress(bytes(limit + 1), 1)
    reply = export(fake.url, signal, bomb, JSON, headers={"Content-Encoding": "gzip"})

    assert (reply.status, reply.json["message"]) == (400, f"Maximum request size exceeded: {limit} bytes.")


def test_partial_success_of_logs(fake: FakeCloudWatch) -> None:
    """The documented answer: a count, and JSON text inside the message, in both encodings."""
    batch = logs(record(), record(0), record(NOW + 3 * HOUR))
    as_json, as_protobuf = export(fake.url, "logs", batch), export(fake.url, "logs", batch, PROTOBUF)
    partial = ExportLogsServiceResponse.FromString(as_protobuf.body).partial_success
    counts = {"tooOldLogEventCount": 1, "tooNewLogEventCount": 1, "expiredLogEventCount": 0}

    assert as_json.json["partialSuccess"]["rejectedLogRecords"] == partial.rejected_log_records == 2
    assert json.loads(as_json.json["partialSuccess"]["errorMessage"]) == json.loads(partial.error_message) == counts
    assert fake.counts("logs") == Counts(requests=2, items=2, rejected=4)


def test_simulated_days_age_the_items(fake: FakeCloudWatch) -> None:
    """The item clock can move by weeks while clients go on signing with the real time."""
    fake.clock.advance(14 * 86_400)
    assert export(fake.url, "logs", logs(record(NOW))).json == {}
    fake.clock.advance(1)
    assert export(fake.url, "logs", logs(record(NOW))).json["partialSuccess"]["rejectedLogRecords"] == 1
    assert export(fake.url, "metrics", metrics(point(NOW))).status == 400


def test_retention_of_the_group_expires_records(fake: FakeCloudWatch) -> None:
    """A record older than the group keeps is left out."""
    fake.create_log_group("/short", STREAM, retention_days=1)
    reply = export(fake.url, "logs", logs(record(NOW - DAY - SECOND)), headers={"x-aws-log-group": "/short"})

    assert json.loads(reply.json["partialSuccess"]["errorMessage"])["expiredLogEventCount"] == 1


@pytest.mark.parametrize("header", ["x-aws-log-group", "x-aws-log-stream"])
def test_logs_need_group_and_stream(fake: FakeCloudWatch, header: str) -> None:
    """A header left out, or naming what is not there, is 400; once made, the group takes logs."""
    missing, unknown = (
        export(fake.url, "logs", BATCHES["logs"], headers={header: ""}),
        export(fake.url, "logs", BATCHES["logs"], headers={header: "new"}),
    )

    assert (missing.status, missing.headers["x-amzn-errortype"]) == (400, "InvalidParameterException")
    assert (unknown.status, unknown.headers["x-amzn-errortype"]) == (400, "ResourceNotFoundException")
    what = "group" if header.endswith("group") else "stream"
    assert unknown.json["message"] == f"The specified log {what} does not exist."
    if header.endswith("group"):
        fake.create_log_group("new", STREAM)
    else:
        fake.create_log_stream(GROUP, "new")
    assert export(fake.url, "logs", BATCHES["logs"], headers={header: "new"}).status == 200


def test_deleted_stream_is_missing_again(fake: FakeCloudWatch) -> None:
    """A test can take group and stream away under a running gateway."""
    fake.delete_log_stream(GROUP, STREAM)
    assert export(fake.url, "logs", BATCHES["logs"]).status == 400
    fake.delete_log_group(GROUP)
    assert export(fake.url, "logs", BATCHES["logs"]).json["message"] == "The specified log group does not exist."


def test_rate_of_metrics_and_logs() -> None:
    """One request more than the rate within a second is 429; logs say when to come back, traces have no rate."""
    limits = replace(
        DOCUMENTED, metrics=replace(DOCUMENTED.metrics, requests_per_second=1), logs=replace(DOCUMENTED.logs, requests_per_second=1)
    )
    started = now_ns()
    with FakeCloudWatch(clock_ns=lambda: NOW, wall_ns=lambda: started, limits=limits) as slow:
        slow.create_log_group(GROUP, STREAM)
        second = {}
        for signal, batch in BATCHES.items():
            assert export(slow.url, signal, batch).status == 200
            second[signal] = export(slow.url, signal, batch)
        slow.wall.advance(1)
        assert export(slow.url, "metrics", BATCHES["metrics"]).status == 200

    assert {signal: reply.status for signal, reply in second.items()} == {"metrics": 429, "logs": 429, "traces": 200}
    assert (second["logs"].headers.get("retry-after"), second["metrics"].headers.get("retry-after")) == ("1", None)
    assert second["metrics"].headers["x-amzn-errortype"] == "ThrottlingException"


def test_new_metric_names_are_throttled() -> None:
    """Over the rate of new names: 200 with the points of known names, 429 when nothing is left."""
    limits = replace(DOCUMENTED, metrics=replace(DOCUMENTED.metrics, new_names=1))
    batch = metrics(point(), name="known")
    both = {"resourceMetrics": batch["resourceMetrics"] + metrics(point(), name="new")["resourceMetrics"]}
    with FakeCloudWatch(clock_ns=lambda: NOW, limits=limits) as fake:
        first, partly, none = (export(fake.url, "metrics", each) for each in (batch, both, metrics(point(), name="new")))
        names = [item["metric"]["name"] for item in fake.items("metrics")]

    assert (first.json, partly.json["partialSuccess"]["rejectedDataPoints"], none.status) == ({}, 1, 429)
    assert names == ["known", "known"]


def test_stricter_reading_can_be_tried() -> None:
    """A table with a MB of 1,000,000 bytes refuses what the default takes."""
    strict = replace(DOCUMENTED, traces=replace(DOCUMENTED.traces, request_bytes=300))
    with FakeCloudWatch(clock_ns=lambda: NOW, limits=strict) as fake:
        assert export(fake.url, "traces", BATCHES["traces"]).status == 400


# -- figures and failures --------------------------------------------------------------------------------------------------------------


def test_request_figures_say_what_bound(fake: FakeCloudWatch) -> None:
    """Items, counted bytes, limit, spread, wire bytes, and which limit was used how far."""
    batch = logs(*(record(NOW - hours * HOUR) for hours in range(13)))
    packed = gzip.compress(encoded("logs", batch, PROTOBUF))
    export(fake.url, "logs", packed, PROTOBUF, headers={"Content-Encoding": "gzip"})
    export(fake.url, "metrics", metrics(*[point()] * 900))
    (by_spread,), (by_items,) = fake.requests("logs"), fake.requests("metrics")

    assert (by_spread.items, by_spread.limit_bytes, by_spread.spread_ns, by_spread.wire_bytes) == (13, MB, 12 * HOUR, len(packed))
    assert by_spread.bytes == sum(len(event["message"]) + 26 for event in fake.log_events(GROUP, STREAM))
    assert (by_spread.binding, by_spread.used) == ("spread", 0.5)
    assert (by_items.binding, by_items.used, by_items.time_ns) == ("items", 0.9, NOW)


def test_recorded_batch_in_full(fake: FakeCloudWatch) -> None:
    """Spans and points are kept whole too."""
    export(fake.url, "traces", traces(span(NOW, NOW + 5, name="chat", tokens=7), team="t"), PROTOBUF)
    export(fake.url, "metrics", metrics(point(value=2.5, type="input"), name="token.usage"))
    (kept_span,), (kept_point,) = fake.items("traces"), fake.items("metrics")

    assert (kept_span["name"], kept_span["attributes"], kept_span["resource"]["attributes"]) == ("chat", {"tokens": 7}, {"team": "t"})
    assert (kept_point["metric"]["name"], kept_point["asDouble"]) == ("token.usage", 2.5)


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("spelling", [Spelling.STATUS, Spelling.HEADER, Spelling.JSON])
def test_same_code_under_any_status_and_spelling(fake: FakeCloudWatch, status: int, spelling: Spelling) -> None:
    """AWS sends one code under several statuses, so a script can."""
    fake.script([Failure("logs", status=status, code="ExpiredTokenException", message="expired", spelling=spelling)])
    reply = export(fake.url, "logs", BATCHES["logs"])
    stated = reply.headers.get("x-amzn-errortype") or reply.json.get("__type")

    assert (reply.status, stated, reply.json["message"]) == (status, "ExpiredTokenException", "expired")


def test_accepted_but_answer_lost(fake: FakeCloudWatch) -> None:
    """The items are there, the client knows nothing of it, and its retry comes twice: CloudWatch doesn't dedupe."""
    fake.script([Failure("logs", cut=True, after=True)])
    batch = logs(record(**with_id("a")))
    with pytest.raises(ConnectionError):
        export(fake.url, "logs", batch)
    assert export(fake.url, "logs", batch).status == 200

    assert fake.ids("logs") == ["a", "a"]


def test_scripted_rejections_add_to_the_judged_ones(fake: FakeCloudWatch) -> None:
    """A partial success by script comes on top of what the limits leave out."""
    fake.script([Failure("logs", reject=1)])
    reply = export(fake.url, "logs", logs(record(0), record(body="dropped"), record(body="kept")))

    assert reply.json["partialSuccess"]["rejectedLogRecords"] == 2
    assert [item["body"] for item in fake.items("logs")] == ["kept"]


def test_failure_comes_only_to_those_who_are_let_in(fake: FakeCloudWatch) -> None:
    """An unsigned request does not use a failure up."""
    fake.script([Failure("logs", status=503)])
    request(f"{fake.url}/v1/logs", b"{}", {"Content-Type": JSON})

    assert export(fake.url, "logs", BATCHES["logs"]).status == 503


def test_reset_forgets_groups_keys_and_clocks(fake: FakeCloudWatch) -> None:
    """After reset the fake is as new."""
    fake.add_access_key("AKIDNEW", "s")
    fake.expire_credentials()
    fake.clock.advance(5)
    fake.wall.advance(5)
    fake.reset()

    assert (fake.log_groups(), fake.clock.now_ns()) == ({}, NOW)
    assert export(fake.url, "traces", BATCHES["traces"]).status == 200
    assert export(fake.url, "traces", BATCHES["traces"], access_key="AKIDNEW", secret_key="s").status == 403


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/v1/nothing"), ("POST", "/v1/profiles")])
def test_other_paths_are_not_found(fake: FakeCloudWatch, method: str, path: str) -> None:
    """What is no endpoint is 404."""
    assert request(f"{fake.url}{path}", method=method).status == 404


def test_long_run_keeps_one_line_per_item() -> None:
    """A fake that keeps ids holds neither bodies nor headers, and still knows each item."""
    with FakeCloudWatch(keep="ids", id_attribute="n") as fake:
        fake.create_log_group(GROUP, STREAM)
        time_ns = now_ns()
        for start in range(0, 3000, 1000):
            export(fake.url, "metrics", metrics(*(point(time_ns, n=n) for n in range(start, start + 1000))), PROTOBUF)
            export(fake.url, "logs", logs(*(record(time_ns, n=n) for n in range(start, start + 1000))))
            export(fake.url, "traces", traces(*(span(time_ns, n=n) for n in range(start, start + 1000))), PROTOBUF)

        for signal in ("metrics", "logs", "traces"):
            assert fake.ids(signal) == [str(n) for n in range(3000)]
            assert fake.requests(signal)[0].headers == {}
            assert fake._archive._kept[fake.requests(signal)[0].signal] == []


def test_unreadable_item_is_refused_whole(fake: FakeCloudWatch) -> None:
    """One record of a wrong shape refuses the request, naming its place."""
    bad: dict[str, Any] = {"timeUnixNano": "soon"}
    reply = export(fake.url, "logs", logs(record(), bad))

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (400, "SerializationException")
    assert reply.json["message"].startswith("timeUnixNano.")
    assert fake.items("logs") == []
