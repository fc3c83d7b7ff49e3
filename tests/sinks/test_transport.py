"""What the network does, and what a lane hears of it."""

from __future__ import annotations

import gzip
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import SSLError
from urllib3.util import connection

from tests.sinks.servers import RawServer, answer
from upwell.errors import SinkError
from upwell.sinks.base import Retry
from upwell.sinks.transport import MAX_ANSWER, Answer, Transport, ca_bundle, pack


def post(url: str, body: bytes = b"body") -> AWSPreparedRequest:
    return AWSRequest(method="POST", url=url, data=body, headers={"X-Test": "1"}).prepare()


@contextmanager
def transport(url: str, timeout: float = 5, connections: int = 1) -> Iterator[Transport]:
    made = Transport(url, timeout=timeout, connections=connections, verify=True)
    try:
        yield made
    finally:
        made.close()


def failure(url: str, timeout: float = 5) -> Retry:
    with transport(url, timeout) as made:
        outcome = made.send(post(url))
    assert isinstance(outcome, Retry)
    return outcome


def test_an_answer_comes_back_whole() -> None:
    """Status, headers by lower-case names, body."""
    with RawServer(lambda head, body: answer(429, b"later", Retry_After="3")) as server, transport(server.url) as made:
        found = made.send(post(server.url + "/v1/logs"))

    assert isinstance(found, Answer)
    assert (found.status, found.headers["retry-after"], found.body) == (429, "3", b"later")
    assert server.heads[0].startswith("POST /v1/logs HTTP/1.1\r\n")
    assert server.bodies == [b"body"]


def test_a_connection_is_kept_for_the_next_request() -> None:
    """Ten requests, one connection, whatever the answers."""
    statuses = iter([200, 400, 503, 200] * 3)
    with RawServer(lambda head, body: answer(next(statuses))) as server, transport(server.url) as made:
        for _ in range(10):
            assert isinstance(made.send(post(server.url)), Answer)

    assert server.connections == 1


def test_a_body_does_not_wait_behind_its_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are opened without Nagle's algorithm, which holds a body back until its headers are acknowledged."""
    options: list[object] = []
    real = connection.create_connection

    def create(*given: Any, **named: Any) -> socket.socket:
        options.extend(named["socket_options"])
        return real(*given, **named)

    monkeypatch.setattr(connection, "create_connection", create)
    with RawServer(lambda head, body: answer()) as server, transport(server.url) as made:
        made.send(post(server.url))

    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in options


def test_an_answer_without_end_is_cut() -> None:
    """No more than 64 KiB of an answer are read, and that connection is not used again."""
    with RawServer(lambda head, body: answer(400, b"x" * 200_000)) as server, transport(server.url) as made:
        first, second = made.send(post(server.url)), made.send(post(server.url))

    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    assert len(first.body) == len(second.body) == MAX_ANSWER
    assert server.connections == 2


def test_nothing_is_sent_twice() -> None:
    """The client's own retries are off: a lane decides."""
    with RawServer(lambda head, body: None) as server:
        outcome = failure(server.url)
        assert (outcome.code, len(server.heads)) == ("connection", 1)


def test_redirects_are_not_followed() -> None:
    """A signature holds for one address only."""
    with RawServer(lambda head, body: answer(307, Location="/elsewhere")) as server, transport(server.url) as made:
        found = made.send(post(server.url))

    assert isinstance(found, Answer)
    assert (found.status, len(server.heads)) == (307, 1)


def test_a_server_that_says_nothing_is_tried_again() -> None:
    """A hung server becomes a Retry after the timeout."""
    with RawServer(hang=True) as server:
        outcome = failure(server.url, timeout=0.2)

    assert (outcome.code, outcome.message) == ("timeout", "127.0.0.1: no answer within the timeout")


def test_a_server_that_stops_in_the_middle_is_tried_again() -> None:
    """An answer that begins and does not end is no answer."""
    with RawServer(lambda head, body: b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as server:
        assert failure(server.url, timeout=0.2).code == "timeout"


def test_nobody_listening_is_tried_again() -> None:
    """A refused connection says so, and where."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    outcome = failure(f"http://127.0.0.1:{port}")

    assert outcome.code == "connection"
    assert outcome.message.startswith("127.0.0.1: the connection failed: ")


def test_a_name_that_does_not_resolve_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS trouble mends by itself."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    outcome = failure("http://no-such-host.invalid/v1/logs")

    assert outcome.code == "dns"
    assert outcome.message == "no-such-host.invalid: the name does not resolve: Name or service not known"


def test_a_server_without_tls_is_tried_again() -> None:
    """A TLS failure is a Retry that names the setting for further certificates."""
    with RawServer(greeting=answer(400)) as server:
        outcome = failure(f"https://127.0.0.1:{server.port}/v1/logs")

    assert outcome.code == "tls"
    assert outcome.message.startswith("127.0.0.1: no trusted TLS connection: ")


def test_a_certificate_nobody_trusts_says_what_to_do() -> None:
    """The verdict of the verification and AWS_CA_BUNDLE are in the message."""
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_message = "self-signed certificate"
    with transport("https://collector.example/v1/logs") as made:
        made._session.send = raiser(SSLError(endpoint_url="https://user:pw@collector.example", error=refused))
        outcome = made.send(post("https://collector.example/v1/logs"))

    assert isinstance(outcome, Retry)
    assert outcome.code == "tls"
    assert outcome.message.startswith("collector.example: no trusted TLS connection: self-signed certificate; AWS_CA_BUNDLE")
    assert "pw" not in outcome.message


def raiser(error: Exception) -> object:
    def send(_: object) -> None:
        raise error

    return send


def test_https_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY gets a CONNECT for the destination; its password is in no message."""
    with RawServer(lambda head, body: answer(403, b"")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{proxy.port}")
        outcome = failure("https://monitoring.us-west-2.amazonaws.com/v1/metrics")

    assert proxy.heads[0].startswith("CONNECT monitoring.us-west-2.amazonaws.com:443 HTTP/1.")
    assert "Proxy-Authorization: Basic " in proxy.heads[0]
    assert outcome.code == "proxy"
    assert "hunter2" not in outcome.message


def test_http_goes_through_its_proxy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY gets the request with its whole URL."""
    with RawServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with transport("http://collector.example/v1/logs") as made:
            assert isinstance(made.send(post("http://collector.example/v1/logs")), Answer)

    assert proxy.heads[0].startswith("POST http://collector.example/v1/logs HTTP/1.1")


def test_no_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A destination that NO_PROXY names is reached directly."""
    with RawServer() as proxy, RawServer() as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with transport(server.url) as made:
            made.send(post(server.url))

    assert (len(proxy.heads), len(server.heads)) == (0, 1)


def test_a_dead_proxy_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the proxy that is named, not the destination alone."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{port}")

    outcome = failure("https://logs.us-west-2.amazonaws.com/v1/logs")

    assert outcome.code == "proxy"
    assert outcome.message.startswith("logs.us-west-2.amazonaws.com: the proxy of HTTPS_PROXY or HTTP_PROXY does not connect: ")
    assert "hunter2" not in outcome.message


def test_packing_is_gzip() -> None:
    """Any gzip reader gets the body back."""
    body = b"prompt " * 1000

    assert gzip.decompress(pack(body)) == body
    assert len(pack(body)) < len(body) / 10


def test_ca_bundle_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_CA_BUNDLE goes before the names that other tools know; without any the usual certificates count."""
    assert ca_bundle() is True
    monkeypatch.setenv("SSL_CERT_FILE", "/c")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/b")
    assert ca_bundle() == "/b"
    monkeypatch.setenv("AWS_CA_BUNDLE", "/a")
    assert ca_bundle() == "/a"


def test_a_ca_bundle_that_is_not_there_is_refused_at_start() -> None:
    """Otherwise every request would fail, and none would say why."""
    with pytest.raises(SinkError, match=r"there is no file of trusted certificates /no/such\.pem"):
        Transport("https://collector.example", timeout=1, connections=1, verify="/no/such.pem")
