"""Every key with when it was last heard from and what was last refused of it; whose it is, only when asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from upwell.config import Settings
from upwell.identity import Keys
from upwell.otlp import Signal
from upwell.service.senders import senders
from upwell.store import FILE, ReadBatch, Store
from upwell.usage import Reading, UsageEvent
from upwell.usage.events import Kind

AT_NS = 1_790_000_000 * 10**9


def _settings(folder: Path, port: int = 9) -> Settings:
    return Settings.model_validate({"data_dir": folder, "gateway": {"listen": f"127.0.0.1:{port}"}})


def _store(folder: Path, key_id: str) -> Store:
    """A store that heard two agents of a key, the second one later."""
    store = Store(folder / FILE)
    rows = [
        UsageEvent(bytes([number]) * 16, AT_NS + number, Kind.PROMPT, agent, agent, "logs", key_id)
        for number, agent in enumerate(("codex", "claude-code", "codex"))
    ]
    store.write(Signal.LOGS, [ReadBatch("s", 1, Signal.LOGS, key_id, AT_NS, Reading(tuple(rows), (), 3, 0, {}))], {})
    return store


@contextmanager
def _gateway(answer: bytes, status: int = 200) -> Iterator[int]:
    """A gateway that says this of its refusals; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_key_is_told_with_its_last_usage(tmp_path: Path) -> None:
    """And one that was never heard of, too; nobody by name."""
    with Keys(tmp_path / "keys.db") as keys:
        heard, silent = keys.add("ada@example.com", "web").key, keys.add(None, "platform").key
    store = _store(tmp_path, heard.id)
    found = senders(_settings(tmp_path), store)
    store.close()

    assert [(row["id"], row["of"], row["team"], row["last_seen"], row["agents"]) for row in found["keys"]] == [
        (heard.id, "person", "web", "2026-09-21T14:13:20Z", ["claude-code", "codex"]),
        (silent.id, "team", "platform", None, []),
    ]
    assert "ada" not in json.dumps(found)
    assert found["strangers"] is None


def test_names_are_told_when_asked_for(tmp_path: Path) -> None:
    """Whoever asks has written down why."""
    with Keys(tmp_path / "keys.db") as keys:
        heard = keys.add("ada@example.com", "web").key
    store = _store(tmp_path, heard.id)
    found = senders(_settings(tmp_path), store, names=True)
    store.close()

    assert found["keys"][0]["person"] == "ada@example.com"


def test_a_revoked_key_says_so(tmp_path: Path) -> None:
    """It stays in the list."""
    with Keys(tmp_path / "keys.db") as keys:
        gone = keys.add(None, "web").key
        keys.revoke(gone.id)
    store = _store(tmp_path, gone.id)
    found = senders(_settings(tmp_path), store)
    store.close()

    assert found["keys"][0]["state"] == "revoked"


def test_the_gateway_s_last_refusal_stands_beside_its_key(tmp_path: Path) -> None:
    """The newest one of several."""
    with Keys(tmp_path / "keys.db") as keys:
        key = keys.add(None, "web").key
    complaint = {"time_ns": AT_NS, "key_id": key.id, "code": "too-large", "digest": "", "sentence": "first"}
    told = {"batches": [complaint, {**complaint, "code": "malformed", "sentence": "second"}], "strangers": {"192.0.2.1": 3}}
    store = _store(tmp_path, key.id)
    with _gateway(json.dumps(told).encode()) as port:
        found = senders(_settings(tmp_path, port), store)
    store.close()

    assert found["keys"][0]["refusal"] == {"at": "2026-09-21T14:13:20Z", "code": "malformed", "message": "second"}
    assert found["strangers"] == {"192.0.2.1": 3}


def test_a_gateway_that_does_not_tell_hides_nothing_else(tmp_path: Path) -> None:
    """Another program on its port, or an address that is not loopback."""
    store = _store(tmp_path, "k")
    for answer, status in ((b"not json", 200), (b"[]", 200), (b"{}", 404)):
        with _gateway(answer, status) as port:
            assert senders(_settings(tmp_path, port), store)["strangers"] is None
    store.close()
