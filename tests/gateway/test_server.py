"""How the door starts, shuts down and speaks TLS."""

from __future__ import annotations

import asyncio
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from upwell.config import Settings
from upwell.errors import ConfigError
from upwell.gateway import bind
from upwell.gateway.server import _tls, _within_open_files
from upwell.gateway.watch import Limits
from upwell.otlp import Signal
from upwell.testing.doorway import Doorway, talk

BODY = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}'


def request(door: Doorway, body: bytes = BODY) -> bytes:
    lines = f"POST /v1/logs HTTP/1.1\r\nHost: x\r\ncontent-type: application/json\r\nx-api-key: {door.key.secret_text}\r\n"
    return lines.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def test_bind_listens_on_every_address() -> None:
    """One socket per address, IPv4 and IPv6, each connectable."""
    sockets = bind(["127.0.0.1:0", "[::1]:0", "localhost:0"])
    try:
        for listening in sockets:
            socket.create_connection(listening.getsockname()[:2], timeout=5).close()
    finally:
        for listening in sockets:
            listening.close()


def test_a_taken_address_is_named() -> None:
    """The error says which address, and nothing stays open."""
    (taken,) = bind(["127.0.0.1:0"])
    address = f"127.0.0.1:{taken.getsockname()[1]}"
    with taken, pytest.raises(ConfigError, match=f"cannot listen on {address}: Address already in use"):
        bind(["127.0.0.1:0", address])


def test_an_address_that_is_not_ours_is_named() -> None:
    """So is a name that can't be resolved."""
    for address in ("192.0.2.1:0", "no.such.host.invalid:0"):
        with pytest.raises(ConfigError, match=f"cannot listen on {address}: "):
            bind([address])


def test_shutdown_answers_what_is_in_hand() -> None:
    """A request that waits for its commit is answered, then the connection ends; idle ones are closed at once."""
    with Doorway() as door:
        door.journal.hold = asyncio.Event()
        with door.connect() as busy, door.connect() as idle:
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 200 ")
            busy.sendall(request(door))
            while not door.door._ingest.hand.bytes:
                time.sleep(0.01)
            stopping = threading.Thread(target=door.stop)
            stopping.start()
            assert talk(idle, b"") == b""
            door.call(door.journal.hold.set)
            answer = talk(busy, b"")
            stopping.join()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close\r\n" in answer
    assert len(door.journal.entries) == 1


def test_shutdown_lets_a_half_sent_request_finish() -> None:
    """A request that has begun to arrive is still taken."""
    with Doorway() as door, door.connect() as slow, door.connect() as slower:
        whole = request(door)
        slow.sendall(whole[:20])
        slower.sendall(whole[:-5])
        while sum(bool(each._quiet or each._body_bytes) for each in list(door.door.watch.connections)) < 2:  # type: ignore[attr-defined]
            time.sleep(0.01)
        stopping = threading.Thread(target=door.stop)
        stopping.start()
        while not all(connection._last for connection in door.door.watch.connections):  # type: ignore[attr-defined]
            time.sleep(0.01)
        answers = talk(slow, whole[20:]), talk(slower, whole[-5:])
        stopping.join()

    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 200 "] * 2


def test_after_shutdown_nobody_listens() -> None:
    """The port is free again, and the sweep and the keys' watcher have ended."""
    with Doorway() as door:
        port = door.port
        assert door.post(Signal.LOGS, BODY).status == 200
        door.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)

    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("doorway", "upwell-large"))]


def test_the_limit_on_open_files_is_raised() -> None:
    """As far as the hard limit allows; the connection cap stays below it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        limits = _within_open_files(Limits(connections=300))

        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 600
        assert limits.connections == 300
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_cap_bows_to_a_hard_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the limit can't be raised, fewer connections are taken rather than accept failing."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)

    assert _within_open_files(Limits(connections=4096)).connections == 1024 - 128


def test_tuning_is_for_a_process_of_its_own() -> None:
    """Garbage is looked for less often, threads switch sooner."""
    show = "print(gc.get_threshold()[0], sys.getswitchinterval(), gc.get_freeze_count() > 0)"
    code = f"import gc, sys; from upwell import gateway; gateway.tune(); {show}"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert told.stdout.split() == ["20000", "0.001", "True"]


def certificate(folder: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    return cert, key


def test_tls_is_spoken_where_a_certificate_is_set(tmp_path: Path) -> None:
    """TLS 1.2 or newer; plain HTTP on the same port gets nowhere; an early refusal is read through TLS too."""
    cert, key = certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(cert))
    with Doorway(tls_cert=str(cert), tls_key=str(key)) as door:
        with context.wrap_socket(door.connect(), server_hostname="127.0.0.1") as connection:
            connection.sendall(request(door))
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
            assert connection.version() in ("TLSv1.2", "TLSv1.3")
            connection.sendall(request(door).replace(b"x-api-key: uw", b"x-api-key: no").replace(b"Length: ", b"Length: 99"))
            assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")
        assert not door.raw(request(door)).startswith(b"HTTP/1.1 200")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with old.wrap_socket(door.connect()) as connection:
            connection.sendall(request(door))
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_certificate_that_does_not_fit_is_named(tmp_path: Path) -> None:
    """A missing or mismatched file is a configuration error, and no key material is in it."""
    cert, key = certificate(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _, other_key = certificate(other)
    for broken in (tmp_path / "missing.pem", cert, other_key):
        settings = Settings.model_validate({"gateway": {"tls_cert": str(cert), "tls_key": str(broken)}})
        with pytest.raises(ConfigError, match=r"gateway\.tls_cert and gateway\.tls_key cannot be used: "):
            _tls(settings)
    settings = Settings.model_validate({"gateway": {"tls_cert": str(cert), "tls_key": str(key)}})

    assert _tls(settings) is not None
