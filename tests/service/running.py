"""A real `upwell serve`, its children, and a destination that remembers what it got."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil

import upwell
from tests.relay.world import batch
from upwell.otlp import Encoding, Signal, decode, items

PATIENCE = 90.0
"""Seconds until something that must happen counts as not happening; never a measure of speed."""


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(upwell.__file__).parents[1])}
"""For processes started in other folders, also where Upwell is not installed."""


def command(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `upwell` to its end."""
    line = [sys.executable, "-m", "upwell", *arguments]
    given = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "env": ENVIRONMENT, "timeout": PATIENCE, **options}
    return subprocess.run(line, check=False, **given)


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait for a condition to hold, and give what it gave."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"it did not happen: {what}")


class Serving:
    """One `upwell` process (serve, gateway or worker) with its log."""

    def __init__(self, folder: Path, *arguments: str, settings: str = "", **environment: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        (folder / "upwell.toml").write_text(settings)
        self.log = folder / "log.txt"
        ports = [] if "--listen" in arguments or arguments[0] == "worker" else ["--listen", "127.0.0.1:0"]
        ports += [] if "--console" in arguments or arguments[0] == "gateway" else ["--console", "127.0.0.1:0"]
        line = [sys.executable, "-m", "upwell", *arguments, *ports, "--data-dir", str(self.data)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                line, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env={**ENVIRONMENT, **environment}
            )

    def text(self) -> str:
        """All it has logged."""
        return self.log.read_text()

    def found(self, pattern: str) -> str:
        """What the first group of a pattern matches in the log, as soon as it does."""

        def search() -> str | None:
            match = re.search(pattern, self.text())
            if match is None and self.process.poll() is not None:
                raise AssertionError(f"it ended with {self.process.returncode}: {self.text()}")
            return match[1] if match else None

        return str(until(search, pattern))

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        return int(self.found(r"(?:listening|OTLP/HTTP) on http://127\.0\.0\.1:(\d+)"))

    @property
    def console(self) -> int:
        """Where the console's address is."""
        return int(self.found(r"console on http://127\.0\.0\.1:(\d+)"))

    def ready(self) -> Serving:
        """Wait until both processes work."""
        self.found(r"(taking OTLP/HTTP)")
        self.found(r"(working: )")
        return self

    def key(self) -> str:
        """The first key."""
        return (self.data / "first-key").read_text().strip()

    def child(self, role: str) -> psutil.Process | None:
        """The gateway or the worker that runs now."""
        return next((one for one in psutil.Process(self.process.pid).children() if role in one.cmdline()), None)

    def kill(self, role: str) -> int:
        """kill -9 a child; its pid."""
        process = until(lambda: self.child(role), f"a {role} runs")
        os.kill(process.pid, signal.SIGKILL)
        return int(process.pid)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it, and its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def send(self, *ids: str, key: str | None = None, gzipped: bool = False) -> int:
        """Export logs with these ids; the status."""
        body = json.dumps(batch(ids, time_ns=time.time_ns())).encode()
        headers = {"content-type": "application/json", "x-api-key": self.key() if key is None else key}
        headers |= {"content-encoding": "gzip"} if gzipped else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/v1/logs", gzip.compress(body) if gzipped else body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def upwell(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the same data directory."""
        return command(*arguments, "--data-dir", str(self.data), cwd=self.folder)

    def ledger(self) -> Any:
        """The ledger, as the command line has it."""
        return json.loads(self.upwell("ledger", "--json").stdout)


@contextmanager
def serving(folder: Path, *arguments: str, settings: str = "", **environment: str) -> Iterator[Serving]:
    """Run `upwell` until the block ends."""
    running = Serving(folder, *arguments, settings=settings, **environment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()
        elif running.process.stdout:
            running.process.stdout.close()


class Destination:
    """An OTLP endpoint that keeps the ids of all it got; `status` is what it answers, once `let_answer` is set."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.status = 200
        self.arrived = threading.Event()
        self.let_answer = threading.Event()
        self.let_answer.set()
        destination = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                destination.arrived.set()
                destination.let_answer.wait(PATIENCE)
                if destination.status == 200:
                    destination.keep(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body, self.headers)
                self.send_response(destination.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Keep the test's output quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def keep(self, body: bytes, headers: Any) -> None:
        """Remember what a request holds."""
        encoding = Encoding(headers["content-type"])
        for one in items(decode(body, Signal.LOGS, encoding).batch, Signal.LOGS):
            self.ids += [entry["value"]["stringValue"] for entry in one.item["attributes"] if entry["key"] == "test.id"]

    @property
    def settings(self) -> str:
        """A sink that sends here."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return f'[[sinks]]\ntype = "otlp"\nendpoint = "{url}"\nsignals = ["logs"]\nlinger = 0.05\n'

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def destination() -> Iterator[Destination]:
    """A destination until the block ends."""
    made = Destination()
    try:
        yield made
    finally:
        made.close()
