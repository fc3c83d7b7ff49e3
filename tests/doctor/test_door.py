"""Refusals and certificates, as findings."""

from __future__ import annotations

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.gateway.test_server import certificate as made_certificate
from upwell.config import load
from upwell.doctor import door
from upwell.doctor.finding import State
from upwell.service import locks

MINUTE = 60 * 10**9


def _batch(key: str, code: str, minutes_ago: int) -> dict[str, object]:
    return {"key_id": key, "code": code, "time_ns": 1000 * MINUTE - minutes_ago * MINUTE, "digest": "", "sentence": f"it was {code}"}


def test_no_refusals() -> None:
    """That is a finding too: somebody who looks for them should know they were looked for."""
    (found,) = door.refusals({"batches": [], "strangers": {}}, 1000 * MINUTE)

    assert (found.state, found.message) == (State.OK, "none since the gateway started")


def test_the_last_refusal_of_each_key() -> None:
    """Per key and code: how many, how long ago, why; the newest first."""
    batches = [_batch("old", "malformed", 300), _batch("new", "too-large", 9), _batch("new", "too-large", 5)]
    found = list(door.refusals({"batches": batches, "strangers": {}}, 1000 * MINUTE))

    assert [(one.message, one.code) for one in found] == [
        ("key new: 2 refused, the last 5 min ago: it was too-large", "too-large"),
        ("key old: 1 refused, the last 5 h ago: it was malformed", "malformed"),
    ]
    assert {one.state for one in found} == {State.WARN}


def test_those_who_knock_most() -> None:
    """Sources without a valid key, the loudest first, and no more than can be read."""
    strangers = {f"10.0.0.{number}": number for number in range(1, 9)}
    found = list(door.refusals({"batches": [], "strangers": strangers}, 0))

    assert [one.message.split(":")[0] for one in found] == ["10.0.0.8", "10.0.0.7", "10.0.0.6"]


def test_a_certificate_in_use(tmp_path: Path) -> None:
    """Its end is told; one that cannot be read is a broken link."""
    cert, _ = made_certificate(tmp_path)
    found = door.certificate(cert)

    assert found.link == "certificate"
    assert "20" in found.message
    (tmp_path / "nonsense.pem").write_text("nonsense")
    assert door.certificate(tmp_path / "nonsense.pem").state is State.FAIL


@pytest.mark.parametrize(("days", "state"), [(-1, State.FAIL), (5, State.WARN), (100, State.OK)], ids=["ended", "ends soon", "good"])
def test_the_end_of_a_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, state: State) -> None:
    """Ended is broken, two weeks are to watch."""
    cert, _ = made_certificate(tmp_path)
    ends = ssl.cert_time_to_seconds(ssl._ssl._test_decode_cert(str(cert))["notAfter"])  # type: ignore[attr-defined]
    monkeypatch.setattr("upwell.doctor.door.time.time", lambda: ends - days * 86400)

    assert door.certificate(cert).state is state


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"not ready: the disk is full\n" if self.path == "/readyz" else json.dumps({"batches": [], "strangers": {}}).encode()
        self.send_response(503 if self.path == "/readyz" else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def test_a_gateway_that_is_not_ready_says_why(tmp_path: Path) -> None:
    """The sentence of /readyz is the finding."""
    server = HTTPServer(("127.0.0.1", 0), _Ready)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings = load(None, environ={}, flags={"data_dir": str(tmp_path), "gateway": {"listen": f"127.0.0.1:{server.server_port}"}})
    with locks.acquire(tmp_path, "gateway"):
        found = list(door.door(settings))
    server.shutdown()
    server.server_close()

    assert [(one.state, one.message) for one in found] == [
        (State.FAIL, "not ready: the disk is full"),
        (State.OK, "none since the gateway started"),
    ]


def test_a_gateway_that_listens_elsewhere(tmp_path: Path) -> None:
    """It holds its lock and nobody answers at the address of the settings: then --listen is the likely reason."""
    settings = load(None, environ={}, flags={"data_dir": str(tmp_path), "gateway": {"listen": "127.0.0.1:9"}})
    with locks.acquire(tmp_path, "gateway"):
        (found,) = door.door(settings)

    assert found.state is State.FAIL
    assert "--listen" in found.hint


@pytest.mark.parametrize(
    ("address", "url"),
    [("127.0.0.1:4318", "http://127.0.0.1:4318"), ("0.0.0.0:4318", "http://127.0.0.1:4318"), ("[::]:4318", "http://[::1]:4318")],
)
def test_where_this_machine_reaches_it(address: str, url: str) -> None:
    """An address that means every interface is asked on loopback."""
    settings = load(None, environ={}, flags={"gateway": {"listen": address, "insecure": True}})

    assert door.url(settings, address) == url
