"""The hostile inputs that have names, each against a running door, with an honest client beside it."""

from __future__ import annotations

import gc
import gzip
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from upwell.gateway.watch import Limits
from upwell.otlp import Encoding, Signal
from upwell.testing.doorway import Doorway

LIMIT = 10 * 2**20
MIB = 2**20


@pytest.fixture(scope="module")
def door() -> Iterator[Doorway]:
    limits = Limits(head_seconds=1, body_seconds=2, body_grace_seconds=1, idle_seconds=60, sweep_seconds=0.1, linger_seconds=0.5)
    with Doorway(rate_per_second=0, limits=limits) as running:
        yield running


@pytest.fixture(autouse=True)
def _unharmed(door: Doorway) -> Iterator[None]:
    """After each attack the door still takes a batch, holds nothing, and met no fault of its own."""
    yield
    assert door.post(Signal.LOGS, honest()).status == 200
    assert door.door._ingest.hand.bytes == 0
    assert door.door.watch.faults.count == 0
    door.journal.forget()


def honest(number: int = 0) -> bytes:
    record = {"timeUnixNano": str(time.time_ns() + number), "body": {"stringValue": "hello"}}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def wrapped(inner: bytes) -> bytes:
    return b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + inner + b"]}]}]}"


def field(number: int, content: bytes) -> bytes:
    """One length-delimited protobuf field."""
    size, length = len(content), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def filled(one: bytes, between: bytes = b"") -> bytes:
    """As many as a body of the largest size may hold."""
    return between.join([one] * ((LIMIT - 100) // len(one + between)))


NESTED: dict[str, Callable[[], tuple[Encoding, bytes]]] = {
    "json arrays": lambda: (Encoding.JSON, b"[" * 10_000 + b"]" * 10_000),
    "json unclosed": lambda: (Encoding.JSON, b'{"resourceLogs":' * 10_000),
    "json values": lambda: (Encoding.JSON, wrapped(b'{"body":' + b'{"arrayValue":{"values":[' * 10_000 + b"{}" + b"]}}" * 10_000 + b"}")),
    "json unknown field": lambda: (Encoding.JSON, b'{"x":' + b"[" * 10_000 + b"]" * 10_000 + b',"resourceLogs":[]}'),
    "json with a lone surrogate": lambda: (Encoding.JSON, wrapped(b'{"a":"\\ud800","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}")),
    "protobuf values": lambda: (Encoding.PROTOBUF, nested_protobuf(10_000)),
    "protobuf groups": lambda: (Encoding.PROTOBUF, b"\x0b" * 10_000 + b"\x0c" * 10_000),
}


def nested_protobuf(depth: int) -> bytes:
    value = b""
    for _ in range(depth):
        value = field(5, field(1, value))
    return field(1, field(2, field(2, field(5, value))))


@pytest.mark.parametrize("make", NESTED.values(), ids=NESTED.keys())
def test_ten_thousand_levels_are_refused(door: Doorway, make: Callable[[], tuple[Encoding, bytes]]) -> None:
    """Nesting ends in 400, wherever it is, and not in the interpreter's stack."""
    encoding, body = make()
    reply = door.post(Signal.LOGS, body, encoding=encoding)

    assert reply.status in (400, 413), reply.body


CROWDS: dict[str, Callable[[], tuple[Signal, Encoding, bytes]]] = {
    "json records": lambda: (Signal.LOGS, Encoding.JSON, wrapped(filled(b"{}", b","))),
    "json resources": lambda: (Signal.LOGS, Encoding.JSON, b'{"resourceLogs":[' + filled(b"{}", b",") + b"]}"),
    "json few resources": lambda: (Signal.LOGS, Encoding.JSON, b'{"resourceLogs":[' + b",".join([b"{}"] * 900_000) + b"]}"),
    "json attributes": lambda: (Signal.LOGS, Encoding.JSON, wrapped(b'{"attributes":[' + filled(b"{}", b",") + b"]}")),
    "json numbers": lambda: (Signal.METRICS, Encoding.JSON, b'{"x":[' + filled(b"0", b",") + b"]}"),
    "protobuf records": lambda: (Signal.LOGS, Encoding.PROTOBUF, field(1, field(2, filled(field(2, b""))))),
    "protobuf points": lambda: (Signal.METRICS, Encoding.PROTOBUF, field(1, field(2, field(2, field(5, filled(field(1, b""))))))),
    "protobuf attributes": lambda: (Signal.LOGS, Encoding.PROTOBUF, field(1, field(2, field(2, filled(field(6, b"")))))),
    "protobuf unknown": lambda: (Signal.LOGS, Encoding.PROTOBUF, filled(b"\xf8\x07\x01")),
}


@pytest.mark.parametrize("make", CROWDS.values(), ids=CROWDS.keys())
def test_millions_of_empty_things_in_ten_megabytes(door: Doorway, make: Callable[[], tuple[Signal, Encoding, bytes]]) -> None:
    """Three million records and their like, gzipped where they are JSON: a proper answer, and the memory comes back."""
    process = psutil.Process()
    signal, encoding, body = make()
    gc.collect()
    before = process.memory_info().rss
    status = door.post(signal, body, encoding=encoding, zipped=encoding is Encoding.JSON).status
    gc.collect()
    left = process.memory_info().rss - before
    kept = sum(len(entry.body) for entry in door.journal.forget())

    assert status in {200, 400, 413}
    assert kept < 6 * LIMIT
    assert left - kept < 150 * MIB  # what the allocator holds on to after one such body, once; not per request


def test_gzip_bombs(door: Doorway) -> None:
    """Noughts a thousandfold, members upon members, and bombs one after another stop at the limit."""
    noughts = gzip.compress(bytes(32 * MIB), 1)
    spaces = gzip.compress(b"[" + b" " * (32 * MIB), 1)
    bombs = [noughts, spaces, noughts * 20, gzip.compress(b"") * 50_000, gzip.compress(noughts)]
    statuses = [door.post(Signal.LOGS, bomb, content_encoding="gzip").status for bomb in bombs * 3]

    assert statuses == [413, 413, 413, 400, 400] * 3


def test_lone_surrogates(door: Doorway) -> None:
    """Half characters as escapes and as raw bytes, in keys and values, lose no batch."""
    for text in (b"\\ud800", b"\\udfff\\ud800", b"\xed\xa0\x80", b"\xff\xfe", b"\\ud83d\\ude00 \\ud83d"):
        record = b'{"body":{"stringValue":"%b"},"attributes":[{"key":"%b","value":{"stringValue":"%b"}}]}' % (text, text, text)
        assert door.post(Signal.LOGS, wrapped(record)).status == 200
    for entry in door.journal.forget():
        assert json.loads(entry.body.decode("utf-8"))


def test_a_gigabyte_that_is_only_announced(door: Doorway) -> None:
    """A length over the limit is refused at once; one of 10 MB that never comes holds nothing."""
    assert door.request("POST", "/v1/logs", b"", {"content-length": str(2**30), "content-type": "application/json"}).status == 401
    with door.connect() as connection:
        connection.sendall(head(door) + b"Content-Length: %d\r\n\r\n" % 2**30)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def head(door: Doorway) -> bytes:
    text = f"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nx-api-key: {door.key.secret_text}\r\n"
    return text.encode()


def test_slow_loris(door: Doorway) -> None:
    """Two hundred connections that dribble headers or bodies are all cut, while an honest client is served."""
    statuses: list[int] = []
    ended = threading.Event()

    def serve_honestly() -> None:
        while not ended.is_set():
            statuses.append(door.post(Signal.LOGS, honest(len(statuses))).status)

    client = threading.Thread(target=serve_honestly)
    client.start()
    before = door.door.watch.refusals["request-timeout"]
    slow = [door.connect() for _ in range(200)]
    for number, connection in enumerate(slow):
        connection.setblocking(False)
        connection.sendall(b"POST /v1/logs HTTP/1.1\r\nX-A: " if number % 2 else head(door) + b"Content-Length: 100000\r\n\r\n")
    while slow:
        slow = [connection for connection in slow if dribbles(connection)]
        time.sleep(0.05)
    ended.set()
    client.join()

    assert set(statuses) == {200}
    assert door.door.watch.refusals["request-timeout"] - before == 200


def dribbles(connection: socket.socket) -> bool:
    """Send one more byte; False, and closed, once the door has answered."""
    try:
        connection.send(b"a")
        answer = connection.recv(4096)
    except BlockingIOError:
        return True
    except ConnectionError:
        answer = b""
    assert answer.startswith(b"HTTP/1.1 408 ") or not answer
    connection.close()
    return False


def test_a_thousand_idle_connections(door: Doorway) -> None:
    """They cost little, are closed in time, and don't keep anybody else out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    process = psutil.Process(os.getpid())
    before = process.memory_info().rss
    idle = []
    try:
        for _ in range(1000):
            connection = door.connect()
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            idle.append(connection)
        for connection in idle:
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert len(door.door.watch.connections) >= 1000
        assert door.post(Signal.LOGS, honest()).status == 200
        assert process.memory_info().rss - before < 40 * MIB
    finally:
        for connection in idle:
            connection.close()
    while len(door.door.watch.connections) > 1:
        time.sleep(0.02)


def test_large_bodies_all_at_once(door: Doorway) -> None:
    """Twelve of ten megabytes at the same time: each is taken or told to come again; what is in hand stays bounded."""
    text = b"z" * 1000
    bodies = [wrapped(b",".join([b'{"body":{"stringValue":"%b%d"}}' % (text, number)] * 9_000)) for number in range(12)]
    replies: list[int] = []
    most = [0]
    senders = [threading.Thread(target=lambda body=body: replies.append(door.post(Signal.LOGS, body).status)) for body in bodies]
    for sender in senders:
        sender.start()
    while any(sender.is_alive() for sender in senders):
        most.append(door.door._ingest.hand.bytes)
        time.sleep(0.005)

    assert set(replies) <= {200, 503}
    assert 200 in replies
    assert max(most) <= door.door._ingest.hand.limit
