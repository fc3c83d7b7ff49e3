"""What the door answers, over real HTTP."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from upwell.errors import JournalFull, JournalUnwritable
from upwell.gateway.ingest import BIG
from upwell.otlp import Encoding, Signal
from upwell.testing.doorway import Doorway

FIXTURES = Path(__file__).parents[1] / "fixtures" / "agents"
RECORDINGS = sorted(path for path in FIXTURES.rglob("*.*.*") if path.suffix in (".json", ".pb") and not path.name.endswith("headers.json"))


def logs(text: str = "x", *, records: int = 1) -> bytes:
    record = {"timeUnixNano": "7", "body": {"stringValue": text}}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record] * records}]}]}).encode()


def metrics(door: Doorway) -> dict[str, float]:
    lines = door.request("GET", "/metrics").body.decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


# Accepting


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}-{path.name}")
def test_every_recorded_batch_is_accepted(door: Doorway, path: Path) -> None:
    """What six real agents sent gets 200 in the encoding they asked for, plain and gzipped, and is journaled whole."""
    signal = Signal(path.name.split(".")[1])
    encoding = Encoding.PROTOBUF if path.suffix == ".pb" else Encoding.JSON
    before = len(door.journal.entries)
    reply = door.post(signal, path.read_bytes(), encoding=encoding)
    again = door.post(signal, path.read_bytes(), encoding=encoding, zipped=True)

    assert (reply.status, reply.headers["content-type"]) == (200, encoding.value)
    assert reply.body == (b"{}" if encoding is Encoding.JSON else b"")
    assert again.status == 200
    assert len(door.journal.entries) == before + 1  # the second is a retry of the first
    assert door.journal.entries[-1].items > 0
    assert b"mallory" not in door.journal.entries[-1].body


def test_the_key_decides_who_sent_it(door: Doorway) -> None:
    """The journal gets the stamp, not the claim."""
    claim = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"user.email","value":{"stringValue":"eve@x.y"}}]}]}]}]}'
    assert door.post(Signal.LOGS, claim).status == 200

    body = door.journal.entries[-1].body
    assert b"eve" not in body
    assert door.key.key.id.encode() in body


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_the_content_type_may_have_parameters(door: Doorway, content_type: str) -> None:
    """Parameters and case don't matter."""
    assert door.post(Signal.LOGS, logs(content_type), content_type=content_type).status == 200


@pytest.mark.parametrize("headers", [{"x-api-key": "KEY"}, {"authorization": "Bearer KEY"}, {"authorization": "bearer  KEY"}])
def test_the_key_comes_in_either_header(door: Doorway, headers: dict[str, str]) -> None:
    """x-api-key and a bearer token are the same."""
    given = {name: value.replace("KEY", door.key.secret_text) for name, value in headers.items()}

    assert door.request("POST", "/v1/logs", logs(str(headers)), {"content-type": "application/json", **given}).status == 200


@pytest.mark.parametrize("path", ["/v1/logs", "//v1/logs", "/v1//logs", "///v1///logs", "/v1/logs?a=b", "/v1%2flogs"])
def test_double_slashes_are_tolerated(door: Doorway, path: str) -> None:
    """OpenCode with a base URL that ends in a slash sends them; queries are ignored."""
    headers = {"content-type": "application/json", "x-api-key": door.key.secret_text}

    assert door.request("POST", path, logs(path), headers).status == 200


def test_a_chunked_body_is_read_whole(door: Doorway) -> None:
    """Gemini and Qwen send chunked bodies without a length."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=30)
    body = logs("chunked", records=2000)
    pieces = (body[start : start + 1000] for start in range(0, len(body), 1000))
    connection.request(
        "POST", "/v1/logs", pieces, {"content-type": "application/json", "x-api-key": door.key.secret_text}, encode_chunked=True
    )

    assert connection.getresponse().status == 200
    assert door.journal.entries[-1].items == 2000
    connection.close()


def test_a_large_body_takes_the_same_way(door: Doorway) -> None:
    """Over 256 KiB the decoding moves to a thread; the result is the same, plain or gzipped."""
    body = logs("y" * 1000, records=400)
    assert len(body) > BIG
    assert door.post(Signal.LOGS, body, zipped=True).status == 200
    entry = door.journal.entries[-1]

    assert entry.items == 400
    assert b'"user.id"' in entry.body
    assert door.post(Signal.LOGS, body).status == 200
    assert door.journal.entries[-1] is entry


def test_an_empty_request_is_a_success_and_nothing_to_keep(door: Doorway) -> None:
    """OTLP clients may send nothing; nothing is journaled."""
    before = len(door.journal.entries)

    assert door.post(Signal.METRICS, b"{}").status == 200
    assert door.post(Signal.TRACES, b"", encoding=Encoding.PROTOBUF).status == 200
    assert len(door.journal.entries) == before


def test_a_retry_is_a_success_and_counted() -> None:
    """The same batch again, from a client that didn't hear the answer, is not stored twice."""
    with Doorway() as door:
        assert [door.post(Signal.LOGS, logs()).status for _ in range(3)] == [200, 200, 200]
        counted = metrics(door)

    assert len(door.journal.entries) == 1
    assert counted["upwell_duplicate_batches_total"] == 2
    assert counted['upwell_received_items_total{signal="logs"}'] == 1
    assert counted['upwell_received_batches_total{signal="logs",encoding="json"}'] == 1
    assert counted["upwell_request_duration_seconds_count"] == 3


def test_200_waits_for_the_commit() -> None:
    """While the journal has not committed there is no answer."""
    with Doorway() as door:
        door.journal.hold = asyncio.Event()
        replies: list[int] = []
        client = threading.Thread(target=lambda: replies.append(door.post(Signal.LOGS, logs()).status))
        client.start()
        while not door.door._ingest.hand.bytes:
            time.sleep(0.01)
        assert replies == []

        door.call(door.journal.hold.set)
        client.join()

    assert replies == [200]


# Refusing


def test_no_key_and_wrong_keys_are_401(door: Doorway, caplog: pytest.LogCaptureFixture) -> None:
    """Each says what is wrong and what to do; the key itself is neither answered nor logged."""
    wrong = door.key.secret_text[:-1] + ("a" if door.key.secret_text[-1] != "a" else "b")
    with caplog.at_level(logging.DEBUG):
        replies = [
            door.request("POST", "/v1/logs", logs(), {"content-type": "application/json", **headers})
            for headers in (
                {},
                {"x-api-key": wrong},
                {"authorization": f"Bearer {wrong}"},
                {"authorization": "Basic xyz"},
                {"x-api-key": "é"},
            )
        ]

    assert [reply.status for reply in replies] == [401] * 5
    assert all(json.loads(reply.body)["code"] == 16 for reply in replies)
    assert "the request carries no key. Send a key of" in json.loads(replies[0].body)["message"]
    assert "the key is not known" in json.loads(replies[1].body)["message"]
    assert wrong not in caplog.text + "".join(reply.body.decode() for reply in replies)
    assert metrics(door)['upwell_refused_requests_total{code="unauthenticated"}'] >= 5


def test_keys_take_effect_and_end_without_a_restart() -> None:
    """An added key works and a revoked one doesn't, as soon as the gateway has looked (every quarter second)."""
    with Doorway() as door:
        new = door.keys.add("bob", None)
        headers = {"content-type": "application/json", "x-api-key": new.secret_text}
        while door.request("POST", "/v1/logs", logs(), headers).status == 401:
            time.sleep(0.02)

        door.keys.revoke(new.key.id)
        while (reply := door.request("POST", "/v1/logs", logs(), headers)).status == 200:
            time.sleep(0.02)

    assert "the key was revoked" in json.loads(reply.body)["message"]


@pytest.mark.parametrize("headers", [{"content-type": "text/plain"}, {"content-encoding": "br"}, {"content-encoding": "gzip, gzip"}])
def test_what_otlp_does_not_have_is_415(door: Doorway, headers: dict[str, str]) -> None:
    """Other media types and codings are refused before the body is read."""
    given = {"content-type": "application/json", "x-api-key": door.key.secret_text, **headers}

    assert door.request("POST", "/v1/logs", logs(), given).status == 415


def test_a_transfer_coding_other_than_chunked_is_415(door: Doorway) -> None:
    """A gzip transfer coding is nothing an exporter sends."""
    head = f"POST /v1/logs HTTP/1.1\r\nHost: x\r\nx-api-key: {door.key.secret_text}\r\ncontent-type: application/json\r\n"
    answer = door.raw(head.encode() + b"Transfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 415 ")


@pytest.mark.parametrize("encoding", list(Encoding))
def test_an_undecodable_body_is_400_naming_the_place(encoding: Encoding) -> None:
    """The answer speaks the request's encoding, nothing is written, and a keyed digest is kept for doctor."""
    with Doorway() as door:
        body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":7}]}]}]}' if encoding is Encoding.JSON else b"\xff\xff\xff"
        reply = door.post(Signal.LOGS, body, encoding=encoding)
        (complaint,) = json.loads(door.request("GET", "/refusals").body)["batches"]

    assert (reply.status, reply.headers["content-type"]) == (400, encoding.value)
    assert encoding is Encoding.PROTOBUF or "logRecords[0].body" in reply.body.decode()
    assert door.journal.entries == []
    assert (complaint["key_id"], complaint["code"]) == (door.key.key.id, "malformed")
    assert complaint["digest"] == door.journal.digest(door.key.key.id, Signal.LOGS, body).hex()
    assert complaint["sentence"] in reply.body.decode("utf-8", "replace")


def test_a_body_over_the_limit_is_413() -> None:
    """Before and after inflation, with and without a length, and the declared length is enough."""
    with Doorway(max_body_bytes=1000) as door:
        large = logs("z" * 1000)
        chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(large), large)
        head = f"POST /v1/logs HTTP/1.1\r\nHost: x\r\nx-api-key: {door.key.secret_text}\r\ncontent-type: application/json\r\n".encode()
        answers = [
            door.raw(head + b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(large), large)),
            door.raw(head + b"Content-Length: 999999999999\r\n\r\n"),
            door.raw(head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunked),
        ]
        zipped = door.post(Signal.LOGS, large, zipped=True)
        fits = door.post(Signal.LOGS, logs("z" * 800), zipped=True)

    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 413 "] * 3
    assert (zipped.status, fits.status) == (413, 200)
    assert len(door.journal.entries) == 1


def test_a_gzip_bomb_is_413_and_never_inflated_whole(door: Doorway) -> None:
    """A gigabyte of noughts in a megabyte stops at the limit."""
    bomb = gzip.compress(bytes(2**26)) * 16  # 16 members of 64 MiB

    assert door.post(Signal.LOGS, bomb, content_encoding="gzip").status == 413


def test_truncated_gzip_is_400(door: Doorway) -> None:
    """Half a gzip body, and none at all, are malformed."""
    half = gzip.compress(logs())[:-10]

    assert [door.post(Signal.LOGS, body, content_encoding="gzip").status for body in (half, b"", b"plain")] == [400, 400, 400]


def test_too_many_items_are_413(door: Doorway) -> None:
    """100,001 records in one request."""
    assert door.post(Signal.LOGS, b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b"{}," * 100_000 + b"{}]}]}]}").status == 413


def test_over_the_rate_is_429_with_a_short_retry_after() -> None:
    """A key that sends too fast first waits in the door, and then is told seconds, not minutes."""
    with Doorway(rate_per_second=1, burst=1) as door, ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda number: door.post(Signal.LOGS, logs(str(number))), range(8)))
        counted = metrics(door)

    assert {reply.status for reply in replies} == {200, 429}
    assert {reply.headers["retry-after"] for reply in replies if reply.status == 429} <= {"1", "2"}
    assert counted["upwell_throttled_waits_total"] >= 1
    assert counted['upwell_refused_requests_total{code="throttled"}'] >= 1


@pytest.mark.parametrize("error", [JournalFull("the journal is full"), JournalUnwritable("the disk is read-only")])
def test_a_journal_that_cannot_take_is_503(error: Exception) -> None:
    """Retry-After 5, readiness false, and all is well once it can again."""
    with Doorway() as door:
        door.journal.fail_with = error
        refused, readiness = door.post(Signal.LOGS, logs()), door.request("GET", "/readyz")
        door.journal.fail_with = None
        accepted, ready = door.post(Signal.LOGS, logs()), door.request("GET", "/readyz")

    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert str(error) in json.loads(refused.body)["message"]
    assert (readiness.status, readiness.body) == (503, f"not ready: {error}\n".encode())
    assert (accepted.status, ready.status) == (200, 200)


def test_too_many_bytes_in_hand_are_503() -> None:
    """When the bodies in hand fill the room, the next one is asked to come again in a second."""
    with Doorway() as door:
        door.door._ingest.hand.limit = 1000
        large, small = door.post(Signal.LOGS, logs("z" * 1000)), door.post(Signal.LOGS, logs())
        zipped = door.post(Signal.LOGS, logs("z" * 300_000), zipped=True)

    assert (large.status, large.headers["retry-after"], small.status) == (503, "1", 200)
    assert zipped.status == 503
    assert door.door._ingest.hand.bytes == 0


def test_a_fault_of_our_own_is_503_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception is never a 500; its type and place are logged once, its text never."""
    with caplog.at_level(logging.DEBUG), Doorway() as door:
        door.journal.fail_with = RuntimeError("a prompt of somebody's")
        replies = [door.post(Signal.LOGS, logs(str(number))) for number in range(3)]
        counted = metrics(door)

    assert [(reply.status, reply.headers["retry-after"]) for reply in replies] == [(503, "1")] * 3
    assert counted["upwell_unexpected_errors_total"] == 3
    assert caplog.text.count("RuntimeError while handling a request, at upwell.testing.doorway._keep:") == 1
    assert "a prompt of somebody's" not in caplog.text + replies[0].body.decode()


def test_a_lone_surrogate_is_no_reason_to_lose_a_batch(door: Doorway) -> None:
    """Truncated UTF-16 from a JavaScript agent is repaired, not refused."""
    assert (
        door.post(Signal.LOGS, b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"half \\ud83d"}}]}]}]}').status == 200
    )
    assert "half \ufffd".encode() in door.journal.entries[-1].body


# Paths and pages


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/v1/logs", 405, "POST"),
        ("PUT", "/v1/traces", 405, "POST"),
        ("POST", "/healthz", 405, "GET, HEAD"),
        ("POST", "/v1/profiles", 404, None),
        ("POST", "/v1/logs/", 404, None),
        ("GET", "/", 404, None),
        ("POST", "/k/KEY/v1/logs", 404, None),
    ],
)
def test_other_methods_and_paths(door: Doorway, method: str, path: str, status: int, allow: str | None) -> None:
    """405 names the method that would do; unknown paths are 404, and so are keys in the path unless switched on."""
    reply = door.request(method, path.replace("KEY", door.key.secret_text), logs(), {"content-type": "application/json"})

    assert (reply.status, reply.headers.get("allow")) == (status, allow)


def test_a_key_in_the_path_is_opt_in() -> None:
    """With path_keys, clients that can't send headers put the key into the base URL."""
    with Doorway(path_keys=True) as door:
        headers = {"content-type": "application/json"}
        base = f"/k/{door.key.secret_text}"
        good = door.request("POST", f"{base}/v1/logs", logs("1"), headers), door.request("POST", f"/{base}//v1/logs", logs("2"), headers)
        bad = [
            door.request("POST", path, logs(), headers).status for path in ("/k/uw_x/v1/logs", "/k//v1/logs", f"{base}/v1/x", "/v1/logs")
        ]

    assert [reply.status for reply in good] == [200, 200]
    assert bad == [401, 404, 404, 401]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes_are_answered(door: Doorway, method: str) -> None:
    """Health says the process lives, readiness that it can accept; HEAD gets no body."""
    health, ready = door.request(method, "/healthz"), door.request(method, "/readyz")

    assert (health.status, ready.status) == (200, 200)
    assert (health.body, ready.body) == ((b"ok\n", b"ready\n") if method == "GET" else (b"", b""))
    assert health.headers["content-length"] == "3"


@pytest.mark.parametrize("path", ["/metrics", "/refusals"])
def test_operators_pages_are_for_this_machine(door: Doorway, path: str) -> None:
    """A loopback client gets them; what comes through a proxy finds nothing there."""
    assert door.request("GET", path).status == 200
    assert door.request("GET", path, headers={"X-Forwarded-For": "203.0.113.9"}).status == 404


def test_metrics_are_prometheus_text(door: Doorway) -> None:
    """The page has the media type Prometheus expects, and every metric is ours."""
    reply = door.request("GET", "/metrics")

    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert all(line.startswith(("# ", "upwell_")) for line in reply.body.decode().splitlines())


def test_strangers_are_listed_per_source() -> None:
    """The operators' page says from where requests without a valid key came."""
    with Doorway(trusted_proxies=["127.0.0.0/8"]) as door:
        door.request("POST", "/v1/logs", logs(), {"x-forwarded-for": "203.0.113.9", "content-type": "application/json"})
        page = json.loads(door.request("GET", "/refusals").body)

    assert page["strangers"] == {"203.0.113.9": 1}


def test_a_keys_file_that_cannot_be_read_shuts_nobody_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The last view stays in force, and the fault is counted."""
    with caplog.at_level(logging.ERROR), Doorway() as door:
        path = door.door._ingest.keyring._path
        path.rename(tmp_path / "away")
        while not door.door.watch.faults.count:
            time.sleep(0.02)
        status = door.post(Signal.LOGS, logs()).status

    assert status == 200
    assert "DataDirError while reading keys.db" in caplog.text


def test_protobuf_is_kept_as_json(door: Doorway) -> None:
    """One internal form: a protobuf batch is journaled as OTLP/JSON."""
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.body.string_value, record.trace_id = "hello", b"\xab" * 16
    assert door.post(Signal.LOGS, request.SerializeToString(), encoding=Encoding.PROTOBUF).status == 200

    kept = json.loads(door.journal.entries[-1].body)["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
    assert (kept["body"], kept["traceId"]) == ({"stringValue": "hello"}, "ab" * 16)
