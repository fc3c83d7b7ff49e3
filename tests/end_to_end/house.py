"""A whole Upwell for a test: `upwell serve` as an operator starts it, in a folder of its own, on ports of the system's choice.

Nothing in here reaches into the processes: keys come from the command line, addresses from the log,
figures from the console's pages. What a test kills or stops it names by role.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import psutil

from upwell.testing.cloudwatch import FakeCloudWatch

SOURCE = Path(__file__).parents[2] / "src"
_LISTENING = re.compile(r"listening on (\S+), console on (\S+), data in")
_START_SECONDS, _STOP_SECONDS = 60.0, 60.0


def environment(fake: FakeCloudWatch | None, home: Path) -> dict[str, str]:
    """What the processes see: the fake's credentials, and nothing of this machine's AWS, proxy or Upwell settings."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "VIRTUAL_ENV") if name in os.environ}
    mine = {
        "HOME": str(home),
        "PYTHONPATH": str(SOURCE),
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if fake is not None:
        mine |= {"AWS_ACCESS_KEY_ID": fake.access_key, "AWS_SECRET_ACCESS_KEY": fake.secret_key}
    return kept | mine


def cloudwatch_sink(fake: FakeCloudWatch, **settings: str) -> str:
    """A `[[sinks]]` block that sends to the fake."""
    return sink("cloudwatch", region=fake.region, endpoint_url=fake.url, linger="100ms", **settings)


def sink(kind: str, **settings: str) -> str:
    """A `[[sinks]]` block."""
    return "\n".join(["[[sinks]]", f'type = "{kind}"', *(f'{name} = "{value}"' for name, value in settings.items())])


class House:
    """One `upwell serve`. `stop` proves that it ended well; its log is kept in `log`."""

    def __init__(self, folder: Path, fake: FakeCloudWatch | None, sinks: Sequence[str], *, gateway: str = "", journal: str = "") -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.config = folder / "upwell.toml"
        self.log: list[str] = []
        self.endpoint = self.console = ""
        self._environment = environment(fake, folder)
        self.config.write_text(
            "\n".join(
                [
                    f'data_dir = "{self.data_dir}"',
                    "[gateway]",
                    'listen = "127.0.0.1:0"',
                    gateway,
                    "[console]",
                    'listen = "127.0.0.1:0"',
                    "[journal]",
                    "reserve = 0",
                    journal,
                    *sinks,
                    "",
                ]
            )
        )
        self.key = self.run("keys", "add", "--person", "ada@example.com", "--team", "engines").stdout.strip()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    # -- life --------------------------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "upwell", "serve", "--config", str(self.config)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        known = threading.Event()
        self._reader = threading.Thread(target=self._read_log, args=(self._process, known), daemon=True)
        self._reader.start()
        if not known.wait(_START_SECONDS) or not self.endpoint:
            raise AssertionError("upwell serve did not start:\n" + "\n".join(self.log))
        self.until(self._ready, "both processes answer")
        return self

    def stop(self) -> None:
        """SIGTERM; it must end with 0, and have logged neither the key nor a traceback."""
        process = self._end(signal.SIGTERM)
        said = "\n".join(self.log)
        assert process.returncode == 0, said
        assert "Traceback" not in said
        assert self.key not in said

    def kill(self) -> None:
        """Whatever it is doing, end all of it."""
        if self._process is not None and self._process.poll() is None:
            for child in self._children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                self.stop()
        finally:
            self.kill()

    def restart(self, role: str, how: signal.Signals) -> None:
        """Send a child a signal, and wait until the supervisor has started its successor. Nobody waits for that to be ready."""
        old = self.child(role)
        old.send_signal(how)
        self.until(lambda: any(child.pid != old.pid for child in self._in_role(role)), f"another {role} runs")

    def child(self, role: str) -> psutil.Process:
        """The process that is the gateway, or the worker."""
        found = self._in_role(role)
        assert len(found) == 1, found
        return found[0]

    # -- questions ---------------------------------------------------------------------------------------------------------------

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """An `upwell` command on this house."""
        command = [sys.executable, "-m", "upwell", *arguments, "--config", str(self.config)]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=check, timeout=60)

    def ledger(self) -> dict[str, Any]:
        """What /api/ledger says."""
        return json.loads(self.get(f"{self.console}/api/ledger")[1])  # type: ignore[no-any-return]

    def settled(self) -> bool:
        """Whether nothing is pending."""
        return all(lane["pending"]["items"] == 0 for lane in self.ledger()["lanes"])

    def prove(self, accepted: dict[str, int]) -> None:
        """Wait until nothing is pending; then every sum must hold, and so many items must have been accepted and delivered."""
        self.until(self.settled, "nothing is pending")
        ledger = self.ledger()
        assert ledger["problems"] == []
        assert {row["signal"]: row["accepted"] for row in ledger["signals"]} == accepted
        assert {row["lane"].partition("/")[2]: row["delivered"] for row in ledger["lanes"]} == accepted
        checked = self.run("ledger", "--check", check=False)
        assert checked.returncode == 0, checked.stderr

    def get(self, url: str) -> tuple[int, bytes]:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read()

    def until(self, true: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
        """Wait for something; no assertion about how long it takes, only that it comes."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"never came: {what}\n" + "\n".join(self.log[-20:])
            time.sleep(0.05)

    # -- inside ------------------------------------------------------------------------------------------------------------------

    def _ready(self) -> bool:
        try:
            return all(self.get(f"{base}/readyz")[0] == 200 for base in (self.endpoint, self.console))
        except OSError:
            return False

    def _read_log(self, process: subprocess.Popen[str], known: threading.Event) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.log.append(line.rstrip("\n"))
            if found := _LISTENING.search(line):
                self.endpoint, self.console = found[1], found[2]
                known.set()
        known.set()

    def _end(self, how: signal.Signals) -> subprocess.Popen[str]:
        process, self._process = self._process, None
        assert process is not None
        assert self._reader is not None
        process.send_signal(how)
        try:
            process.wait(_STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
            self._reader.join(_STOP_SECONDS)
            assert process.stderr is not None
            process.stderr.close()
        return process

    def _children(self) -> list[psutil.Process]:
        return psutil.Process(self._process.pid).children() if self._process is not None else []

    def _in_role(self, role: str) -> list[psutil.Process]:
        found = []
        for child in self._children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if role in child.cmdline():
                    found.append(child)
        return found


@contextlib.contextmanager
def house_with_cloudwatch(folder: Path, *, region: str = "us-west-2") -> Iterator[tuple[House, FakeCloudWatch]]:
    """A fake CloudWatch without a log group yet, and a house that sends to it."""
    with FakeCloudWatch(region=region) as fake, House(folder, fake, [cloudwatch_sink(fake)]) as house:
        yield house, fake
