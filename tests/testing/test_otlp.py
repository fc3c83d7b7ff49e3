"""The plain OTLP receiver, and with it all that both fakes share."""

import gzip
import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.testing.wire import JSON, NOW, PROTOBUF, Reply, encoded, logs, metrics, point, record, request, span, traces, with_id
from upwell.testing.listener import MAX_BODY
from upwell.testing.otlp import Counts, Failure, Keep, NotKept, OtlpReceiver, Spelling

BATCHES = {"logs": logs(record(), record(body="two")), "traces": traces(span(), span()), "metrics": metrics(point(), point())}


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver(clock_ns=lambda: NOW) as running:
        yield running


def broken(*_: object) -> None:
    raise KeyError("bug")


def send(receiver: OtlpReceiver, signal: str, batch: dict[str, Any] | bytes, media_type: str = JSON, **headers: str) -> Reply:
    body = batch if isinstance(batch, bytes) else encoded(signal, batch, media_type)
    return request(f"{receiver.url}/v1/{signal}", body, {"Content-Type": media_type, **headers})


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@pytest.mark.parametrize("signal", ["logs", "traces", "metrics"])
def test_export_is_taken_and_kept(receiver: OtlpReceiver, signal: str, media_type: str, packed: bool) -> None:
    """Every signal in both encodings, packed or not, is answered in its own encoding and can be read back."""
    body = encoded(signal, BATCHES[signal], media_type)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    reply = send(receiver, signal, gzip.compress(body) if packed else body, media_type, **headers)

    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert reply.body == (b"{}" if media_type == JSON else b"")
    assert len(receiver.items(signal)) == 2
    assert receiver.counts(signal) == Counts(requests=1, items=2)


def test_real_exporters_are_taken(receiver: OtlpReceiver) -> None:
    """The OpenTelemetry SDK for Python sends spans and points, as packed protobuf with a header of its own."""
    headers = {"x-api-key": "k"}
    tracing = TracerProvider(shutdown_on_exit=False)
    spans = OTLPSpanExporter(f"{receiver.url}/v1/traces", headers=headers, compression=Compression.Gzip)
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    points = OTLPMetricExporter(f"{receiver.url}/v1/metrics", headers=headers, compression=Compression.Gzip)
    metering = MeterProvider([PeriodicExportingMetricReader(points)], shutdown_on_exit=False)
    with tracing.get_tracer("t").start_as_current_span("work", attributes={"n": 1}):
        metering.get_meter("m").create_counter("tokens").add(7, {"type": "input"})
    tracing.shutdown()
    metering.shutdown()

    (kept_span,), (kept_point,) = receiver.items("traces"), receiver.items("metrics")
    assert (kept_span["name"], kept_span["attributes"], kept_span["scope"]["name"]) == ("work", {"n": 1}, "t")
    assert (kept_point["metric"]["name"], kept_point["attributes"], kept_point["asInt"]) == ("tokens", {"type": "input"}, 7)
    assert receiver.requests("traces")[0].headers["x-api-key"] == "k"
    assert receiver.requests("traces")[0].gzip


def test_request_figures_are_kept(receiver: OtlpReceiver) -> None:
    """One request says how big it was on the wire and uncompressed, how many items it had, and with what headers it came."""
    body = encoded("logs", BATCHES["logs"], JSON)
    packed = gzip.compress(body)
    send(receiver, "logs", packed, JSON, **{"Content-Encoding": "gzip", "X-Token": "t"})
    (received,) = receiver.requests("logs")

    assert (received.status, received.items, received.rejected, received.stored) == (200, 2, 0, True)
    assert (received.wire_bytes, received.bytes, received.gzip) == (len(packed), len(body), True)
    assert received.headers["x-token"] == "t"
    assert received.time_ns == NOW


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b"{}", {"Content-Type": JSON, "Content-Encoding": "zstd"}, 415),
        (b"{", {"Content-Type": JSON}, 400),
        (b"{}", {"Content-Type": JSON, "Content-Encoding": "gzip"}, 400),
        (b"\xff", {"Content-Type": PROTOBUF}, 400),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":5}]}]}]}', {"Content-Type": JSON}, 400),
    ],
)
def test_what_is_not_otlp_is_refused(receiver: OtlpReceiver, body: bytes, headers: dict[str, str], status: int) -> None:
    """Wrong media types are 415, unreadable bodies 400; nothing is kept and the refusal is on record."""
    reply = request(f"{receiver.url}/v1/logs", body, headers)

    assert reply.status == status
    assert receiver.items("logs") == []
    assert receiver.counts("logs") == Counts(refused=1)
    assert [received.status for received in receiver.requests("logs")] == [status]


def test_body_that_inflates_too_far_is_413(receiver: OtlpReceiver) -> None:
    """OTLP's own answer to a body over the limit."""
    bomb = gzip.compress(bytes(MAX_BODY + 1), 1)

    assert send(receiver, "logs", bomb, JSON, **{"Content-Encoding": "gzip"}).status == 413


def test_charset_and_case_of_the_media_type_do_not_matter(receiver: OtlpReceiver) -> None:
    """A Content-Type may have parameters and capitals."""
    reply = request(f"{receiver.url}/v1/logs", b"{}", {"Content-Type": "Application/JSON; charset=utf-8"})

    assert reply.status == 200


def test_other_paths_and_methods_are_refused(receiver: OtlpReceiver) -> None:
    """Only POST, only the three paths."""
    assert request(f"{receiver.url}/v1/logs", method="GET").status == 405
    assert request(f"{receiver.url}/v2/logs").status == 404


def test_scripted_status_is_spelled_in_the_request_encoding(receiver: OtlpReceiver) -> None:
    """By default a failure is a google.rpc.Status, as OTLP asks."""
    receiver.script([Failure(times=2, status=503, message="later", headers={"Retry-After": "7"})])
    as_json, as_protobuf = send(receiver, "logs", BATCHES["logs"]), send(receiver, "logs", BATCHES["logs"], PROTOBUF)

    assert (as_json.status, as_json.json, as_json.headers["retry-after"]) == (503, {"code": 14, "message": "later"}, "7")
    assert Status.FromString(as_protobuf.body).message == "later"
    assert receiver.counts("logs") == Counts(refused=2)


def test_scripted_spelling_is_obeyed(receiver: OtlpReceiver) -> None:
    """A failure can look like a load balancer's."""
    receiver.script([Failure(status=502, message="bad gateway", spelling=Spelling.TEXT)])
    reply = send(receiver, "logs", BATCHES["logs"])

    assert (reply.status, reply.body, reply.headers["content-type"]) == (502, b"bad gateway", "text/plain")


def test_failure_after_storing_loses_only_the_answer(receiver: OtlpReceiver) -> None:
    """With `after`, the items are there although the client reads an error or nothing."""
    receiver.script([Failure(status=500, after=True), Failure(cut=True, after=True), Failure(cut=True)])
    reply = send(receiver, "logs", BATCHES["logs"])
    for _ in range(2):
        with pytest.raises(ConnectionError):
            send(receiver, "logs", BATCHES["logs"])

    assert reply.status == 500
    assert [(received.status, received.stored) for received in receiver.requests("logs")] == [(500, True), (0, True), (0, False)]
    assert receiver.counts("logs") == Counts(requests=2, refused=1, items=4)


def test_scripted_partial_success_leaves_items_out(receiver: OtlpReceiver) -> None:
    """`reject` drops the first items and says how many."""
    receiver.script([Failure(reject=1), Failure(reject=9)])
    reply = send(receiver, "logs", BATCHES["logs"])
    whole = send(receiver, "logs", BATCHES["logs"], PROTOBUF)

    assert reply.json["partialSuccess"]["rejectedLogRecords"] == 1
    assert ExportLogsServiceResponse.FromString(whole.body).partial_success.rejected_log_records == 2
    assert [item["body"] for item in receiver.items("logs")] == ["two"]
    assert receiver.counts("logs") == Counts(requests=2, items=1, rejected=3)


def test_item_with_an_attribute_is_refused_until_it_is_alone(receiver: OtlpReceiver) -> None:
    """A client that halves what is refused finds the one bad item."""
    receiver.script([Failure(attribute=("bad", "yes"), times=None, status=400)])

    def bisect(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if send(receiver, "logs", logs(*records)).status == 200:
            return []
        if len(records) == 1:
            return records
        middle = len(records) // 2
        return bisect(records[:middle]) + bisect(records[middle:])

    records = [record(body=str(index), bad="yes" if index == 5 else "no") for index in range(8)]
    assert bisect(records) == [records[5]]
    assert sorted(item["body"] for item in receiver.items("logs")) == ["0", "1", "2", "3", "4", "6", "7"]


def test_delay_holds_the_answer_back(receiver: OtlpReceiver) -> None:
    """A delayed request is neither stored nor answered until its time; others go on meanwhile."""
    receiver.script([Failure("logs", delay=3600)])
    ends: list[str] = []

    def wait_for_an_answer() -> None:
        with pytest.raises(OSError):
            send(receiver, "logs", BATCHES["logs"])
        ends.append("cut")

    slow = threading.Thread(target=wait_for_an_answer)
    slow.start()
    assert send(receiver, "traces", BATCHES["traces"]).status == 200
    assert receiver.counts("logs").items == 0

    receiver.stop()
    slow.join()
    assert ends == ["cut"]
    assert receiver.items("logs") == []


def test_short_delay_ends_in_success(receiver: OtlpReceiver) -> None:
    """After a delay the request goes its usual way."""
    receiver.script([Failure(delay=0.01)])

    assert send(receiver, "logs", BATCHES["logs"]).status == 200


def test_wait_sees_items_arrive(receiver: OtlpReceiver) -> None:
    """wait returns as soon as so many items are there, and False when they don't come."""
    assert not receiver.wait("logs", 1, seconds=0.01)
    sender = threading.Thread(target=send, args=(receiver, "logs", BATCHES["logs"]))
    sender.start()

    assert receiver.wait("logs", 2, seconds=20)
    sender.join()


def test_reset_forgets_everything(receiver: OtlpReceiver) -> None:
    """Items, figures, failures and the clock's advance are gone."""
    send(receiver, "logs", BATCHES["logs"])
    receiver.script([Failure(times=None, status=500)])
    receiver.clock.advance(60)
    receiver.reset()

    assert (receiver.items("logs"), receiver.requests("logs")) == ([], [])
    assert receiver.clock.now_ns() == NOW
    assert send(receiver, "logs", BATCHES["logs"]).status == 200


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@pytest.mark.parametrize("keep", [Keep.ALL, Keep.IDS])
def test_ids_are_listed_in_order_with_repeats(keep: Keep, media_type: str) -> None:
    """ids names every item that carries the attribute, once per arrival, in either keeping."""
    with OtlpReceiver(keep=keep, id_attribute="n") as receiver:
        receiver.script([Failure(), Failure(), Failure(reject=1)])
        for batch in (logs(record(n=1), record(n=2), record()), logs(record(n=2)), logs(record(n="rejected"), record(n="a\nb"))):
            send(receiver, "logs", batch, media_type)

        assert [each.replace("\n", " ") for each in receiver.ids("logs")] == ["1", "2", "2", "a b"]
        assert receiver.ids("traces") == []


def test_less_kept_is_less_to_ask_for() -> None:
    """Whole items, ids and headers are refused or absent where they were not kept; counts always work."""
    with OtlpReceiver(keep="ids") as only_ids, OtlpReceiver(keep="counts") as only_counts:
        for receiver in (only_ids, only_counts):
            send(receiver, "logs", BATCHES["logs"])
            assert receiver.counts("logs").items == 2
            assert receiver.requests("logs")[0].headers == {}
            with pytest.raises(NotKept):
                receiver.items("logs")
        with pytest.raises(NotKept):
            only_counts.ids("logs")


def test_error_inside_the_fake_is_raised_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake that fails makes the test fail that used it."""
    receiver = OtlpReceiver()
    monkeypatch.setattr(receiver, "judge", broken)
    with pytest.raises(KeyError), receiver:
        assert send(receiver, "logs", BATCHES["logs"]).status == 500


def test_own_failure_of_a_test_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake's error does not hide the assertion that failed."""
    receiver = OtlpReceiver()
    monkeypatch.setattr(receiver, "judge", broken)

    def test() -> None:
        with receiver:
            send(receiver, "logs", BATCHES["logs"])
            raise AssertionError("mine")

    with pytest.raises(AssertionError, match="mine"):
        test()


def test_stop_raises_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """start and stop do the same without a with block."""
    receiver = OtlpReceiver().start()
    monkeypatch.setattr(receiver, "judge", broken)
    send(receiver, "logs", BATCHES["logs"])

    with pytest.raises(KeyError):
        receiver.stop()


def test_stopped_fake_comes_back_where_it_was(receiver: OtlpReceiver) -> None:
    """Between stop and start nobody answers; then it is the same port, with all that was kept before."""
    url = receiver.url
    send(receiver, "logs", BATCHES["logs"])
    receiver.stop()
    with pytest.raises(ConnectionRefusedError):
        send(receiver, "logs", BATCHES["logs"])
    receiver.start()

    assert receiver.url == url
    assert send(receiver, "logs", BATCHES["logs"]).status == 200
    assert receiver.counts("logs").items == 4


def test_fake_that_never_started_can_be_stopped() -> None:
    """stop without start does nothing."""
    OtlpReceiver().stop()


def test_many_clients_at_once_lose_nothing() -> None:
    """Requests from several connections are all counted."""
    with OtlpReceiver(keep="ids") as receiver:
        parts = urlsplit(receiver.url)

        def client(name: int) -> None:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
            for number in range(25):
                body = json.dumps(logs(record(**with_id(f"{name}-{number}"))))
                connection.request("POST", "/v1/logs", body, {"Content-Type": JSON})
                assert connection.getresponse().read() == b"{}"
            connection.close()

        threads = [threading.Thread(target=client, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(set(receiver.ids("logs"))) == receiver.counts("logs").items == 200
