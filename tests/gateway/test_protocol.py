"""What one connection puts up with, byte by byte."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import socket
import time
from collections.abc import Iterator

import psutil
import pytest

from upwell.gateway.protocol import HardenedProtocol
from upwell.gateway.watch import Limits
from upwell.otlp import Signal
from upwell.testing.doorway import Doorway, talk

BODY = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"%d"}}]}]}]}'
QUICK = Limits(
    head_seconds=0.3, body_seconds=1, body_grace_seconds=0.3, idle_seconds=0.6, answer_seconds=0.5, linger_seconds=0.3, sweep_seconds=0.05
)


@pytest.fixture(scope="module")
def quick() -> Iterator[Doorway]:
    """A door with little patience."""
    with Doorway(rate_per_second=0, limits=QUICK) as running:
        yield running


def post(door: Doorway, number: int = 0, *lines: bytes, length: bool = True) -> bytes:
    """One whole request."""
    return head(door, *lines, *([b"Content-Length: %d" % len(BODY % number)] if length else [])) + BODY % number


def head(door: Doorway, *lines: bytes) -> bytes:
    fixed = (b"POST /v1/logs HTTP/1.1", b"Host: x", b"Content-Type: application/json", b"x-api-key: " + door.key.secret_text.encode())
    return b"\r\n".join((*fixed, *lines, b"", b""))


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]


def cut(door: Doorway, code: str) -> int:
    return door.door.watch.refusals[code]


# Proper requests


@pytest.mark.parametrize("pieces", [1, 2], ids=["whole", "in two"])
def test_both_ways_through_the_door_answer_alike(door: Doorway, pieces: int) -> None:
    """A request that comes whole is answered without a task of its own; nobody can tell from the answer."""
    before = len(door.journal.entries)
    with door.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = post(door, 500 + pieces)
        for piece in (request[: len(request) // pieces], request[len(request) // pieces :]):
            connection.sendall(piece)
            time.sleep(0.05)
        answer = connection.recv(65536)

    lines = sorted(line for line in answer.split(b"\r\n") if not line.startswith(b"date: "))
    assert lines == sorted([b"HTTP/1.1 200 OK", b"content-type: application/json", b"content-length: 2", b"", b"{}"])
    assert len(door.journal.entries) == before + 1


def test_a_client_that_leaves_before_the_commit_disturbs_nobody() -> None:
    """Its batch is stored all the same, and the door goes on."""
    with Doorway(rate_per_second=0) as door:
        door.journal.hold = asyncio.Event()
        with door.connect() as connection:
            connection.sendall(post(door, 1))
            while not door.door._ingest.hand.bytes:
                time.sleep(0.01)
        door.call(door.journal.hold.set)
        door.journal.hold = None
        answer = door.raw(post(door, 2, b"Connection: close"))

    assert statuses(answer) == [200]
    assert len(door.journal.entries) == 2
    assert door.door.watch.faults.count == 0


def test_a_connection_is_kept(door: Doorway) -> None:
    """Request after request on one connection."""
    with door.connect() as connection:
        for number in range(3):
            connection.sendall(post(door, number))
            assert statuses(connection.recv(65536)) == [200]


def test_a_request_may_come_byte_by_byte(door: Doorway) -> None:
    """However the network cuts it, a request is a request."""
    with door.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in post(door, 77):
            connection.sendall(bytes([byte]))
        assert statuses(connection.recv(65536)) == [200]


def test_http_1_0_is_answered_and_closed(door: Doorway) -> None:
    """Old clients get one answer per connection."""
    assert statuses(door.raw(post(door, 10).replace(b"HTTP/1.1", b"HTTP/1.0"))) == [200]


def test_connection_close_is_honoured(door: Doorway) -> None:
    """The answer says close, and what follows the request is not read."""
    answer = door.raw(post(door, 11, b"Connection: close") + post(door, 12))

    assert statuses(answer) == [200]
    assert b"connection: close\r\n" in answer


def test_a_proxy_may_send_the_whole_url(door: Doorway) -> None:
    """The absolute form of a request target names the same path."""
    request = post(door, 13, b"Connection: close").replace(b"POST /v1", b"POST http://collector.example:4318/v1")

    assert statuses(door.raw(request)) == [200]


def test_expect_100_continue_is_answered_before_the_body(door: Doorway) -> None:
    """curl waits for it with large bodies."""
    with door.connect() as connection:
        whole = post(door, 14, b"Expect: 100-continue")
        at = whole.index(b"\r\n\r\n") + 4
        connection.sendall(whole[:at])
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(whole[at:])
        assert statuses(connection.recv(65536)) == [200]


def test_a_refusal_instead_of_100_continue_ends_the_connection(door: Doorway) -> None:
    """Whether the body still comes can't be known, so nothing after it is taken for a request."""
    request = post(door, 15, b"Expect: 100-continue").replace(b"x-api-key: uw", b"x-api-key: no")
    answer = door.raw(request[: request.index(b"\r\n\r\n") + 4])

    assert statuses(answer) == [401]
    assert b"connection: close\r\n" in answer


@pytest.mark.parametrize("split", [False, True])
def test_an_upgrade_is_declined_and_the_request_answered(door: Doorway, split: bool) -> None:
    """Java's HTTP client offers HTTP/2 with its first request; it is answered in HTTP/1.1, body and all, and goes on."""
    offer = b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ"
    first, second = post(door, 160 + split, *offer), post(door, 170 + split, b"Connection: close")
    at = first.index(b"\r\n\r\n") + 4 if split else len(first)
    before = len(door.journal.entries)
    with door.connect() as connection:
        connection.sendall(first[:at])
        time.sleep(0.05 if split else 0)
        answer = talk(connection, first[at:] + second)

    assert statuses(answer) == [200, 200]
    assert len(door.journal.entries) == before + 2


def test_trailers_are_not_headers(door: Doorway) -> None:
    """A trailer after a chunked body can't smuggle in a key."""
    request = head(door, b"Transfer-Encoding: chunked", b"Connection: close").replace(b"x-api-key: uw", b"x-nothing: uw")
    answer = door.raw(request + b"%x\r\n%b\r\n0\r\nx-api-key: %b\r\n\r\n" % (len(BODY), BODY, door.key.secret_text.encode()))

    assert statuses(answer) == [401]


def test_requests_sent_ahead_are_answered_in_order(door: Doorway) -> None:
    """Pipelining: good, refused and good again, in one piece."""
    requests = post(door, 20) + post(door, 21).replace(b"json", b"jsox") + post(door, 22, b"Connection: close")

    assert statuses(door.raw(requests)) == [200, 415, 200]


def test_a_health_check_between_batches(door: Doorway) -> None:
    """A request without a body leaves the connection in order."""
    requests = post(door, 23) + b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + post(door, 24, b"Connection: close")

    assert statuses(door.raw(requests)) == [200, 200, 200]


# Improper requests

SMUGGLING = {
    "length-and-chunked": [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
    "chunked-and-length": [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
    "two-lengths": [b"Content-Length: 5", b"Content-Length: 6"],
    "same-length-twice": [b"Content-Length: 5", b"Content-Length: 5"],
    "length-list": [b"Content-Length: 5, 5"],
    "signed-length": [b"Content-Length: +5"],
    "space-before-colon": [b"Content-Length : 5"],
    "huge-length": [b"Content-Length: 99999999999999999999999999"],
    "chunked-twice": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    "chunked-not-last": [b"Transfer-Encoding: chunked, gzip"],
    "almost-chunked": [b"Transfer-Encoding: xchunked"],
    "vertical-tab": [b"Transfer-Encoding: \x0bchunked"],
    "folded": [b"X-A: b", b" Transfer-Encoding: chunked"],
    "bare-line-feed": [b"X-A: b\nTransfer-Encoding: chunked"],
    "nul": [b"X-A: \x00"],
    "no-name": [b": x"],
}


@pytest.mark.parametrize("lines", SMUGGLING.values(), ids=SMUGGLING.keys())
def test_what_two_servers_could_read_differently_is_400(door: Doorway, lines: list[bytes]) -> None:
    """Nothing ambiguous is guessed at; the connection ends, and a request hidden behind it is never answered."""
    before = len(door.journal.entries)
    answer = door.raw(head(door, *lines) + b"0\r\n\r\n" + post(door, 30))

    assert statuses(answer) == [400]
    assert b"connection: close\r\n" in answer
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == 3
    assert len(door.journal.entries) == before


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS handshake
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/2.0\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost: x\n\n",
        b"POST /v1/\xff HTTP/1.1\r\n\r\n",
        b"POST /v1/logs HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\r\n\r\n\x00",
        b"GET /healthz HTTP/1.1 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_http_is_400(door: Doorway, data: bytes) -> None:
    """Other protocols and versions get one answer and the end of the connection."""
    assert statuses(door.raw(data)) == [400]


def test_connect_is_no_way_through(door: Doorway) -> None:
    """This is not a proxy."""
    answer = door.raw(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\nanything")

    assert statuses(answer) == [405]


@pytest.mark.parametrize("chunk", [b"zz\r\nabc\r\n", b"3 \r\nabc\r\n", b"3\nabc\n", b"fffffffffffffffffff\r\n", b"3\r\nabcd\r\n"])
def test_a_broken_chunk_is_400(door: Doorway, chunk: bytes) -> None:
    """The answer comes once, even though the app had begun to read the body."""
    assert statuses(door.raw(head(door, b"Transfer-Encoding: chunked") + chunk)) == [400]


def test_rubbish_after_a_request_does_not_spoil_its_answer(door: Doorway) -> None:
    """The good request is answered first, alone, and then the connection ends."""
    answer = door.raw(post(door, 31) + b"\x00rubbish\r\n\r\n")

    assert statuses(answer) == [200]
    assert b"connection: close\r\n" in answer


def test_nothing_of_a_request_is_logged(door: Doorway, caplog: pytest.LogCaptureFixture) -> None:
    """Neither good nor bad requests leave a line, uvicorn's own included."""
    with caplog.at_level(logging.DEBUG):
        door.raw(post(door, 32, b"Connection: close"))
        door.raw(b"rubbish with a secret\r\n\r\n")
        door.raw(post(door, 33, b"Connection: Upgrade, close", b"Upgrade: websocket"))
        door.raw(head(door, b"Content-Length: 5, 5"))

    assert caplog.text == ""


# Too much


def test_headers_over_32_kib_are_431(door: Doorway) -> None:
    """One long header, many long ones, and a long request line."""
    for lines in ([b"X-A: " + b"a" * 33_000], [b"X-%d: %b" % (n, b"a" * 1000) for n in range(40)]):
        assert statuses(door.raw(head(door, *lines))) == [431]
    assert statuses(door.raw(b"GET /%b HTTP/1.1\r\n\r\n" % (b"a" * 33_000))) == [431]


def test_headers_just_under_32_kib_are_taken(door: Doorway) -> None:
    """The limit is on the size, not on how it arrives."""
    request = post(door, 40, b"X-A: " + b"a" * 32_000, b"Connection: close")
    assert statuses(door.raw(request)) == [200]
    with door.connect() as connection:
        at = request.index(b"\r\n\r\n") + 4
        connection.sendall(request[: at - 10])
        connection.sendall(request[at - 10 :])
        assert statuses(connection.recv(65536)) == [200]


def test_headers_with_their_body_in_one_piece(door: Doorway) -> None:
    """A large body that arrives together with its headers isn't taken for headers."""
    body = BODY[:-1].replace(b"%d", b"z" * 200_000) + b"}"
    answer = door.raw(head(door, b"Content-Length: %d" % len(body), b"Connection: close") + body)

    assert statuses(answer) == [200]


def test_more_than_a_hundred_header_lines_are_431(door: Doorway) -> None:
    """Many short lines cost more than their bytes."""
    assert statuses(door.raw(head(door, *[b"X: y"] * 101))) == [431]


@pytest.mark.parametrize("kind", ["one header", "many headers", "url", "chunk extension", "trailer", "line ends"])
def test_forty_megabytes_of_headers_never_accumulate(door: Doorway, kind: str) -> None:
    """Whatever part of a message is endless, it is cut at 32 KiB and memory stays where it was."""
    endless = {
        "one header": (head(door)[:-2] + b"X-A: ", b"a" * 65536),
        "many headers": (head(door)[:-2], b"X-A: bcdefghi\r\n" * 4096),
        "url": (b"POST /", b"a" * 65536),
        "chunk extension": (head(door, b"Transfer-Encoding: chunked") + b"3;x=", b"a" * 65536),
        "trailer": (head(door, b"Transfer-Encoding: chunked") + b"3\r\nabc\r\n0\r\nX-A: ", b"a" * 65536),
        "line ends": (b"", b"\r\n" * 32768),
    }[kind]
    process = psutil.Process(os.getpid())
    before = process.memory_info().rss
    with door.connect() as connection:
        answer = talk(connection, endless[0] + endless[1] * 640)

    assert statuses(answer)[:1] in ([431], [])  # the client may be cut off while it sends
    assert process.memory_info().rss - before < 30 * 2**20 + len(endless[1]) * 640  # what the client itself holds is 40 MB
    assert cut(door, "headers-too-large") > 0


def test_requests_sent_far_ahead_are_cut(door: Doorway) -> None:
    """A thousand requests at once: some are answered, in order, and the connection ends."""
    before = cut(door, "malformed")
    answer = door.raw(b"".join(post(door, 1000 + number) for number in range(1000)))

    assert set(statuses(answer)) == {200}
    assert len(statuses(answer)) < 1000
    assert cut(door, "malformed") > before


def test_connections_over_the_cap_are_503() -> None:
    """The cap's worth is served, one more is told to come again, and a freed place is usable."""
    with Doorway(max_connections=3) as door:
        held = [door.connect() for _ in range(3)]
        for connection in held:  # make sure that they are accepted
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert statuses(connection.recv(4096)) == [200]
        with door.connect() as one_more:
            answer = talk(one_more, b"")
        held.pop().close()
        while statuses(freed := door.raw(post(door, 50, b"Connection: close"))) == [503]:
            time.sleep(0.01)
        for connection in held:
            connection.close()

    assert statuses(answer) == [503]
    assert b"retry-after: 1\r\n" in answer
    assert statuses(freed) == [200]


# Too slow


def test_a_connection_that_says_nothing_is_ended(quick: Doorway) -> None:
    """No bytes within the time for headers: 408, and the end."""
    assert statuses(quick.raw(b"")) == [408]


@pytest.mark.parametrize("start", [b"POST /", b"POST /v1/logs HTTP/1.1\r\n", b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nX-A: b"])
def test_headers_that_never_end_are_408(quick: Doorway, start: bytes) -> None:
    """Slow loris: a byte now and then doesn't move the deadline."""
    with quick.connect() as connection:
        connection.sendall(start)
        connection.settimeout(0.1)
        answer = b""
        while not answer:
            try:
                connection.sendall(b"a")
                answer = connection.recv(65536)
            except TimeoutError:
                continue

    assert statuses(answer) == [408]
    assert cut(quick, "request-timeout") > 0


def test_a_body_that_never_comes_is_408(quick: Doorway) -> None:
    """A declared body that stays out is refused in the request's own encoding, and nothing stays in hand."""
    answer = quick.raw(head(quick, b"Content-Length: 100000").replace(b"json", b"x-protobuf") + b"abc")

    assert statuses(answer) == [408]
    assert b"application/x-protobuf" in answer
    while quick.door._ingest.hand.bytes:
        time.sleep(0.01)


def test_a_body_slower_than_a_kilobyte_a_second_is_408(quick: Doorway) -> None:
    """After the grace, progress alone isn't enough."""
    with quick.connect() as connection:
        connection.sendall(head(quick, b"Content-Length: 100000"))
        connection.settimeout(0.02)
        answer = b""
        while not answer:
            try:
                connection.sendall(b"a")
                answer = connection.recv(65536)
            except TimeoutError:
                continue

    assert statuses(answer) == [408]


def test_an_idle_connection_is_closed_without_a_word(quick: Doorway) -> None:
    """After its last answer a connection may rest for a while, then it is closed."""
    with quick.connect() as connection:
        answer = talk(connection, post(quick, 60))

    assert statuses(answer) == [200]


def test_a_client_that_reads_no_answers_is_cut(quick: Doorway) -> None:
    """Answers that pile up unread end the connection, not the memory."""
    with quick.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0.5)
        try:
            while True:
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        except (TimeoutError, ConnectionError):
            pass
        while quick.door.watch.connections:
            time.sleep(0.02)

    assert quick.door.watch.connections == set()


def test_a_client_that_leaves_early_leaves_nothing_behind(quick: Doorway) -> None:
    """Hanging up in head, body or before the answer frees everything."""
    whole = post(quick, 61)
    for size in (5, 100, len(whole) - 1, len(whole)):
        with quick.connect() as connection:
            connection.sendall(whole[:size])
    while quick.door.watch.connections:
        time.sleep(0.02)

    assert quick.door._ingest.hand.bytes == 0
    assert quick.post(Signal.LOGS, BODY % 62).status == 200


def test_an_early_refusal_reaches_a_client_that_is_still_sending(quick: Doorway) -> None:
    """A 401 to ten megabytes is read by the client, not lost to a reset."""
    request = head(quick, b"Content-Length: 10000000").replace(b"x-api-key: uw", b"x-api-key: no")
    with quick.connect() as connection:
        connection.sendall(request)
        answer = connection.recv(65536)
        connection.sendall(b"a" * 100_000)

    assert statuses(answer) == [401]
    assert b"connection: close\r\n" in answer


def test_an_app_that_answers_nothing_is_answered_for(quick: Doorway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the app itself fails, the client gets a 503 and the fault is counted."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    faults = quick.door.watch.faults.count
    monkeypatch.setattr(type(quick.door), "_answer", fail)
    monkeypatch.setattr(type(quick.door), "_refuse", fail)
    answer = quick.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")

    assert statuses(answer) == [503]
    assert quick.door.watch.faults.count > faults


def test_a_fault_while_reading_is_ours_and_not_the_clients(quick: Doorway, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception in a parser callback is 503, never 400: the client shall try again."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    faults = quick.door.watch.faults.count
    monkeypatch.setattr(HardenedProtocol, "_check_head", fail)
    answer = quick.raw(post(quick, 64))

    assert statuses(answer) == [503]
    assert b"retry-after: 1\r\n" in answer
    assert quick.door.watch.faults.count == faults + 1


def test_one_odd_connection_does_not_end_the_sweep(quick: Doorway, caplog: pytest.LogCaptureFixture) -> None:
    """A connection whose check fails is noted; the others still meet their deadlines."""

    class Odd:
        def check(self, now: float) -> None:
            raise ZeroDivisionError(now)

        def cut(self) -> None:
            """Not reached."""

    odd = Odd()
    quick.call(quick.door.watch.connections.add, odd)
    assert statuses(quick.raw(b"")) == [408]
    quick.call(quick.door.watch.connections.discard, odd)

    assert "ZeroDivisionError while checking a connection" in caplog.text
