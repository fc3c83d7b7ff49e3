"""`upwell serve` as an operator runs it, in processes of its own, to be killed, stopped and asked.

Only processes that were started here are ever signalled, and each by its pid.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import psutil

import upwell
from tests.crash.batches import body
from tests.crash.waiting import PATIENCE, until
from upwell.identity import Keys
from upwell.journal import layout
from upwell.otlp import Encoding, Signal
from upwell.testing.cloudwatch import FakeCloudWatch

Role = Literal["gateway", "worker"]

_LISTENING = re.compile(r"listening on http://[0-9.]+:(\d+), console on http://[0-9.]+:(\d+)")
_MAY_NOT_CONNECT = (OSError, http.client.HTTPException)


class House:
    """One data directory, its settings, and the supervisor with its children while they run."""

    def __init__(
        self, folder: Path, sections: Mapping[str, Any], environment: Mapping[str, str], python_path: Sequence[Path], data_dir: Path | None
    ) -> None:
        """`sections` are those of upwell.toml; listening addresses and, unless one is named, the data directory are given here."""
        folder.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir or folder / "data"
        self.config = folder / "upwell.toml"
        self.log = folder / "serve.log"
        self.log.touch()
        self._environment = {**_environment(folder, python_path), **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._children: set[int] = set()
        self.configure(sections)
        self.data_dir.mkdir(mode=0o700)
        with Keys(self.data_dir / "keys.db") as keys:
            self.key = keys.add("ada@example.com", "crash", None).secret_text

    def configure(self, sections: Mapping[str, Any]) -> None:
        """Write the settings for the next start."""
        gateway = {"listen": "127.0.0.1:0", "rate_per_second": 0, **sections.get("gateway", {})}
        lines = [f"data_dir = {json.dumps(str(self.data_dir))}"]
        for name, fields in {"console": {"listen": "127.0.0.1:0"}, **sections, "gateway": gateway}.items():
            for block in fields if isinstance(fields, list) else [fields]:
                lines.append(f"[[{name}]]" if isinstance(fields, list) else f"[{name}]")
                lines += [f"{key} = {json.dumps(value)}" for key, value in block.items()]
        self.config.write_text("\n".join(lines) + "\n")

    # -- life --------------------------------------------------------------------------------------------------------------------

    def start(self, *, wait: bool = True) -> None:
        """Start the supervisor; with `wait`, until the gateway is ready and the worker answers."""
        assert self._process is None, "it runs already"
        self._log_start = self.log.stat().st_size
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "upwell", "serve", "--config", str(self.config)],
                env=self._environment, cwd=self.config.parent, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        if wait:
            self.wait_up()

    def wait_up(self) -> None:
        """Wait for a ready gateway and a worker that answers."""
        until(lambda: self.ready() == 200 or not self.running, "a ready gateway")
        until(lambda: self.working() or not self.running, "a worker that answers")
        assert self.running, f"it ended: {self.said()}"

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM to the supervisor; its exit code."""
        assert self._process is not None
        self.pids()
        self._process.terminate()
        return self.wait_end(seconds)

    def wait_end(self, seconds: float = PATIENCE) -> int:
        """Wait until the supervisor and its children have ended; its exit code."""
        assert self._process is not None
        code = self._process.wait(seconds)
        self._process = None
        until(lambda: not any(_lives(pid) for pid in self._children), "the children to end", seconds)
        return code

    def kill(self, role: Role) -> int:
        """kill -9 of one child; its pid, which is gone on return."""
        pid = until(lambda: self.pids().get(role), f"the {role} to be there")
        _kill(pid)
        return pid

    def kill_children(self) -> None:
        """kill -9 of both children, one right after the other."""
        both = until(lambda: found if len(found := self.pids()) == 2 else None, "both children to be there")
        _kill(*both.values())

    def kill_everything(self) -> None:
        """kill -9 of the supervisor and of both children."""
        assert self._process is not None
        pids = self.pids()
        _kill(self._process.pid, *pids.values())
        self.wait_end()

    def signal_supervisor(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def end(self) -> None:
        """Whatever happened in the test: leave nothing running."""
        if self._process is not None:
            self.pids()
            self._process.kill()
            self._process.wait()
            self._process = None
        _kill(*(pid for pid in self._children if _lives(pid)))

    # -- questions ---------------------------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The supervisor's."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def pids(self) -> dict[Role, int]:
        """The children that run now."""
        found: dict[Role, int] = {}
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.pid).children():
                with suppress(psutil.NoSuchProcess):
                    command = child.cmdline()
                    roles: tuple[Role, ...] = ("gateway", "worker")
                    found |= {role: child.pid for role in roles if role in command}
        self._children.update(found.values())
        return found

    def said(self) -> str:
        """What was logged since the last start."""
        return self.log.read_bytes()[self._log_start :].decode()

    def ports(self) -> tuple[int, int]:
        """The gateway's and the console's."""
        until(lambda: _LISTENING.search(self.said()) or not self.running, "the supervisor to listen")
        found = _LISTENING.search(self.said())
        assert found, f"the supervisor does not listen: {self.said()}"
        return int(found[1]), int(found[2])

    def ready(self) -> int:
        """The status of the gateway's /readyz; 0 where it can't be reached."""
        return self._status(self.ports()[0], "/readyz")

    def working(self) -> bool:
        """Whether the worker's console answers."""
        return self._status(self.ports()[1], "/healthz") == 200

    def ledger(self) -> dict[str, Any]:
        """The ledger, as the running worker computes it."""
        return until(self._ledger, "the worker to answer with the ledger")

    def _ledger(self) -> dict[str, Any] | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports()[1], timeout=20)
        try:
            connection.request("GET", "/api/ledger")
            answer = connection.getresponse()
            content = answer.read()
        except _MAY_NOT_CONNECT:
            return None
        finally:
            connection.close()
        return json.loads(content) if answer.status == 200 else None

    def lane(self, name: str) -> dict[str, Any]:
        """One lane's sums."""
        found: dict[str, Any] = next(lane for lane in self.ledger()["lanes"] if lane["lane"] == name)
        return found

    def wait_drained(self, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait until no lane has anything pending; the ledger then."""

        def drained() -> dict[str, Any] | None:
            found = self.ledger()
            return None if any(lane["pending"]["items"] for lane in found["lanes"]) else found

        return until(drained, "every lane to be drained", seconds, pause=0.2)

    def check(self) -> subprocess.CompletedProcess[str]:
        """`upwell ledger --check`."""
        return self.cli("ledger", "--check")

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of the command line, on this house's settings."""
        command = [sys.executable, "-m", "upwell", *arguments, "--config", str(self.config)]
        return subprocess.run(
            command, env=self._environment, cwd=self.config.parent, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def segments(self) -> list[str]:
        """Names of the journal's segments, oldest first."""
        return layout.names(self.journal)

    @property
    def journal(self) -> Path:
        return self.data_dir / "journal"

    # -- requests ----------------------------------------------------------------------------------------------------------------

    def connect(self, timeout: float = 20.0) -> http.client.HTTPConnection:
        """A connection to the gateway, not opened yet. Raises ConnectionRefusedError where no supervisor listens."""
        found = _LISTENING.search(self.said())
        if found is None:
            raise ConnectionRefusedError("there is no supervisor at this moment")
        return http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=timeout)

    def post(self, signal: Signal, content: bytes, encoding: Encoding = Encoding.JSON, timeout: float = 20.0) -> tuple[int, dict[str, str]]:
        """One batch on a connection of its own; status and headers. Raises OSError or HTTPException where no answer comes."""
        connection = self.connect(timeout)
        try:
            return send(connection, self.key, signal, content, encoding)
        finally:
            connection.close()

    def accept(self, signal: Signal, batches: Sequence[Sequence[str]], *, size: int = 0) -> list[str]:
        """Send batches of ids, each of which must be acknowledged; all ids."""
        connection = self.connect()
        try:
            for ids in batches:
                status, _ = send(connection, self.key, signal, body(signal, ids, size=size))
                assert status == 200, f"a batch was answered {status}"
        finally:
            connection.close()
        return [name for ids in batches for name in ids]

    def _status(self, port: int, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except _MAY_NOT_CONNECT:
            return 0
        finally:
            connection.close()


def send(
    connection: http.client.HTTPConnection, key: str, signal: Signal, content: bytes, encoding: Encoding = Encoding.JSON
) -> tuple[int, dict[str, str]]:
    """One batch on an open or new connection; status and headers, in lower case."""
    headers = {"x-api-key": key, "content-type": encoding.value}
    connection.request("POST", f"/v1/{signal.value}", content, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}


def cloudwatch(fake: FakeCloudWatch, **fields: Any) -> dict[str, Any]:
    """A [[sinks]] block that sends to a fake without lingering."""
    return {"type": "cloudwatch", "region": fake.region, "endpoint_url": fake.url, "linger": "0s", **fields}


def _environment(folder: Path, python_path: Sequence[Path]) -> dict[str, str]:
    """Nothing of the machine's own AWS configuration and proxies reaches the processes."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(map(str, (*python_path, Path(upwell.__file__).parents[1]))),
        "PYTHONFAULTHANDLER": "1",  # a crash that nobody asked for says where
        "AWS_ACCESS_KEY_ID": "UPWELLFAKEACCESSKEY",
        "AWS_SECRET_ACCESS_KEY": "upwell-fake-secret-key",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }


def _kill(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        until(lambda pid=pid: not _lives(pid), f"process {pid} to be gone", pause=0.005)  # type: ignore[misc]


def _lives(pid: int) -> bool:
    """Whether a process still holds anything: one that has ended may wait to be reaped, and its threads may end after its first."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1
    except psutil.NoSuchProcess:
        return False
