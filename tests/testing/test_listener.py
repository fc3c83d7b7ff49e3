"""The HTTP server under the fakes."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from tests.testing.wire import request
from upwell.testing.listener import MAX_BODY, Answer, Handle, Listener, Request


@contextmanager
def listening(handle: Handle) -> Iterator[Listener]:
    listener = Listener(handle)
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()


def echo(request: Request) -> Answer:
    return Answer(200, request.body, {"Content-Type": "text/plain", "x-method": request.method, "x-path": request.path})


def raw(url: str, text: bytes) -> bytes:
    """Everything that comes back for these bytes until the server closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(text)
        received = b""
        with suppress(ConnectionResetError):  # an end as good as any
            while chunk := connection.recv(65536):
                received += chunk
        return received


def test_answers_with_status_headers_and_body() -> None:
    """What the handler returns is what the client reads."""
    with listening(echo) as listener:
        reply = request(f"{listener.url}/a/b?c=d", b"body", method="PUT")

    assert (reply.status, reply.body) == (200, b"body")
    assert (reply.headers["x-method"], reply.headers["x-path"]) == ("PUT", "/a/b")


def test_request_keeps_target_and_headers_as_sent() -> None:
    """The target stays undecoded and every header is there, repeated ones too."""
    seen: list[Request] = []

    def keep(got: Request) -> Answer:
        seen.append(got)
        return Answer()

    with listening(keep) as listener:
        raw(listener.url, b"GET /%61?x=%20y HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nX-One: 2\r\nConnection: close\r\n\r\n")

    assert seen[0].target == "/%61?x=%20y"
    assert seen[0].query == {"x": " y"}
    assert [value for name, value in seen[0].headers if name == "X-One"] == ["1", "2"]
    assert seen[0].header("x-one") == "1"
    assert seen[0].header("absent") == ""


def test_connection_is_kept_alive() -> None:
    """One connection carries many requests."""
    with listening(echo) as listener:
        parts = urlsplit(listener.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        bodies = []
        for body in (b"one", b"two", b"three"):
            connection.request("POST", "/", body)
            sock = connection.sock
            bodies.append(connection.getresponse().read())
            assert connection.sock is sock
        connection.close()

    assert bodies == [b"one", b"two", b"three"]


def test_chunked_bodies_are_joined() -> None:
    """A chunked body arrives whole, chunk extensions and trailers are skipped."""
    with listening(echo) as listener:
        answer = raw(
            listener.url,
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n",
        )

    assert answer.endswith(b"\r\n\r\nabcde")


def test_client_that_waits_to_be_asked_is_asked() -> None:
    """Expect: 100-continue is answered, so that the body follows."""
    with listening(echo) as listener:
        parts = urlsplit(listener.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
            connection.sendall(b"hi")
            assert connection.recv(1000).endswith(b"hi")


def test_body_of_twenty_megabytes_arrives() -> None:
    """The largest documented request fits."""
    body = bytes(20 * 2**20)
    with listening(lambda got: Answer(200, str(len(got.body)).encode())) as listener:
        assert request(listener.url, body).body == b"20971520"


@pytest.mark.parametrize("head", [f"Content-Length: {MAX_BODY + 1}\r\n\r\n", f"Transfer-Encoding: chunked\r\n\r\n{MAX_BODY + 1:x}\r\n"])
def test_longer_body_is_refused_unread(head: str) -> None:
    """A body over the bound is answered 413 before it is read, and the connection closed."""
    with listening(echo) as listener:
        answer = raw(listener.url, b"POST / HTTP/1.1\r\nHost: h\r\n" + head.encode())

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("length", [b"x", b"-1"])
def test_body_without_a_length_cuts_the_connection(length: bytes) -> None:
    """A Content-Length that is none gets no answer."""
    with listening(echo) as listener:
        assert raw(listener.url, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + length + b"\r\n\r\n") == b""


def test_half_a_body_never_reaches_the_handler() -> None:
    """A client that goes away in the middle of its body has sent nothing."""
    seen: list[Request] = []

    def keep(got: Request) -> Answer:
        seen.append(got)
        return Answer()

    with listening(keep) as listener:
        parts = urlsplit(listener.url)
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf")
        request(listener.url, b"whole")

    assert [got.body for got in seen] == [b"whole"]


def test_cut_closes_without_an_answer() -> None:
    """The client of a cut connection reads nothing."""
    with listening(lambda _: Answer(cut=True)) as listener, pytest.raises(ConnectionError):
        request(listener.url, b"x")


def test_stop_ends_idle_connections_and_pauses() -> None:
    """stop waits neither for an idle client nor for a pause in a handler."""
    listener = Listener(lambda _: pause())
    entered = threading.Event()

    def pause() -> Answer:
        entered.set()
        listener.pause(3600)
        return Answer()

    listener.start()
    parts = urlsplit(listener.url)
    with socket.create_connection((parts.hostname, parts.port)) as idle, socket.create_connection((parts.hostname, parts.port)) as busy:
        busy.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert entered.wait(10)
        assert listener.stop() == []
        idle.settimeout(10)
        assert idle.recv(1) == b""


def test_error_in_a_handler_is_answered_and_kept() -> None:
    """A bug in a fake shows as 500 and is handed to whoever stops it."""

    def fail(_: Request) -> Answer:
        raise LookupError("a bug")

    listener = Listener(fail)
    listener.start()
    reply = request(listener.url)
    faults = listener.stop()

    assert reply.status == 500
    assert b"a bug" in reply.body
    assert [str(fault) for fault in faults] == ["a bug"]


def test_answer_that_cannot_be_written_is_a_fault() -> None:
    """So does a bug that shows only when the answer is written."""
    listener = Listener(lambda _: Answer(200, b"", {"X-Name": "\u2603"}))
    listener.start()
    with pytest.raises(ConnectionError):
        request(listener.url)

    assert [type(fault) for fault in listener.stop()] == [UnicodeEncodeError]


def test_head_has_no_body() -> None:
    """HEAD is answered with the length alone."""
    with listening(lambda _: Answer(200, b"body")) as listener:
        answer = raw(listener.url, b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

    assert b"Content-Length: 4" in answer
    assert answer.endswith(b"\r\n\r\n")
