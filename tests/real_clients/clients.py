"""The programs with real OpenTelemetry SDKs in them, each in a process of its own, ordered by a test what to send."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import pytest

from upwell.otlp import Signal

HERE = Path(__file__).parent
WITHOUT_NODE = "UPWELL_TEST_NO_NODE"


@dataclass(frozen=True, slots=True)
class Kind:
    """One SDK with one way to write and pack bodies."""

    sdk: str
    protocol: str
    compression: str

    def __str__(self) -> str:
        return f"{self.sdk} {self.protocol} {self.compression}"

    def command(self) -> list[str]:
        if self.sdk == "python":
            return [sys.executable, str(HERE / "sender.py")]
        return [_node(), str(HERE / "sender.mjs")]


KINDS = (
    Kind("python", "http/protobuf", "gzip"),
    Kind("javascript", "http/json", "none"),
    Kind("javascript", "http/json", "gzip"),
    Kind("javascript", "http/protobuf", "none"),
    Kind("javascript", "http/protobuf", "gzip"),
)


def _node() -> str:
    """Node with the packages installed. Without them the test fails, unless the environment says that none is to be expected."""
    if os.environ.get(WITHOUT_NODE) == "1":
        pytest.skip(f"{WITHOUT_NODE}=1")
    node = shutil.which("node")
    if node is None:
        pytest.fail(f"These tests need Node 18.19 or newer on the PATH; {WITHOUT_NODE}=1 leaves them out.")
    if not (HERE / "node_modules" / "@opentelemetry").is_dir():
        pytest.fail("The packages of tests/real_clients/package.json are not installed: run `make test`, or `npm ci` in that folder.")
    return node


def expected(prefix: str, first: int, last: int) -> dict[Signal, Counter[str]]:
    """The ids that a client makes of the numbers [first, last), each to arrive once."""

    def ids(*names: str) -> Counter[str]:
        return Counter(f"{prefix}-{name}-{number}" for name in names for number in range(first, last))

    return {Signal.METRICS: ids("counter", "histogram"), Signal.TRACES: ids("span"), Signal.LOGS: ids("log")}


class Client:
    """One running program. `complaints` is what its SDK said on stderr."""

    def __init__(self, kind: Kind, endpoint: str, key: str, prefix: str) -> None:
        self.prefix = prefix
        self.complaints: list[str] = []
        self._process = subprocess.Popen(
            [*kind.command(), prefix],
            env=_environment(kind, endpoint, key),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def order(self, first: int, last: int) -> None:
        """Have it send [first, last) in one flush; do not wait."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{first} {last}\n")
        self._process.stdin.flush()

    def flushed(self) -> int:
        """Wait for its next flush; up to which number that was."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "\n".join(self.complaints)
        return int(line)

    def finish(self) -> None:
        """No more orders: it must end well."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(60)
        self._reader.join(10)
        assert code == 0, "\n".join(self.complaints)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._reader.join(10)
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _read(self, stream: IO[str]) -> None:
        self.complaints += [line.rstrip("\n") for line in stream]


def _environment(kind: Kind, endpoint: str, key: str) -> Mapping[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "VIRTUAL_ENV") if name in os.environ}
    return {
        **kept,
        "NO_PROXY": "127.0.0.1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={key}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": kind.protocol,
        "OTEL_EXPORTER_OTLP_COMPRESSION": kind.compression,
        # Three times the default: on a busy machine a gateway may take longer to start than a client waits.
        "OTEL_EXPORTER_OTLP_TIMEOUT": "30" if kind.sdk == "python" else "30000",
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
    }
