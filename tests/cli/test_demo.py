"""`upwell demo`, from its first line to its last."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.service.running import ENVIRONMENT, PATIENCE, command, until

PORTS = ("--listen", "127.0.0.1:0", "--console", "127.0.0.1:0")


def _hear_interrupts() -> None:
    """A shell that put the tests into the background had them ignore SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Demo:
    """A demo of a small team, with what it wrote."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self._out, self._err = folder / "out.txt", folder / "err.txt"
        environment = {**ENVIRONMENT, "TMPDIR": str(self.temporary), "AWS_PROFILE": "nobody", "UPWELL_SINKS": "no JSON"}
        with self._out.open("w") as out, self._err.open("w") as err:
            line = [sys.executable, "-m", "upwell", "demo", *PORTS, *arguments]
            self.process = subprocess.Popen(
                line, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=_hear_interrupts
            )

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def named(self, what: str) -> str:
        """An address or command of the greeting, as soon as it is there."""
        found = until(lambda: re.search(rf"^  {what} +(\S.*)$", self.out, re.MULTILINE) or self.process.poll(), f"{what} in {self.err}")
        assert isinstance(found, re.Match), self.err
        return str(found[1])

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Interrupt it and wait for its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def _counts(demo: Demo) -> dict[str, Any]:
    with urllib.request.urlopen(demo.named("fake AWS"), timeout=PATIENCE) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def _arrived(demo: Demo) -> bool:
    return any(counts["items"] for counts in _counts(demo).values())


def _send(demo: Demo) -> int:
    """The answer to a batch of somebody's own, with the key that is shown."""
    headers = {"content-type": "application/json", "x-api-key": demo.named("a key")}
    request = urllib.request.Request(f"{demo.named('gateway')}/v1/logs", b"{}", headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return int(answer.status)


def test_the_whole_way_with_no_account(tmp_path: Path) -> None:
    """What the team sends reaches the fake CloudWatch, every sum holds, its key is taken, and Ctrl-C leaves no file behind."""
    demo = Demo(tmp_path, "--people", "24", "--days", "4")
    try:
        ledger = demo.named("ledger").split()[1:]
        until(lambda: _arrived(demo), f"items at the fake CloudWatch; {demo.err}")
        checked = command(*ledger, cwd=tmp_path)
        assert urllib.request.urlopen(f"{demo.named('console')}/healthz", timeout=PATIENCE).status == 200
        assert list(demo.temporary.iterdir())
        joined = _send(demo)
        code = demo.end()
    finally:
        demo.kill()

    assert (checked.returncode, joined, code) == (0, 200, 0), demo.err
    assert "usage/logs" in demo.out
    assert "Every sum holds." in demo.err
    assert "Traceback" not in demo.err
    assert list(demo.temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_may_be_ended_while_it_loads(tmp_path: Path, number: signal.Signals) -> None:
    """Whoever does not want to wait leaves nothing behind either."""
    demo = Demo(tmp_path, "--people", "400", "--days", "300")
    try:
        until(lambda: "Telling the history" in demo.err, "the beginning")
        code = demo.end(number)
    finally:
        demo.kill()

    assert code == 0
    assert list(demo.temporary.iterdir()) == []
    assert "Traceback" not in demo.err


def test_it_finds_a_port_where_its_own_is_taken() -> None:
    """A gateway that runs already is not in a demo's way."""
    import socket

    from upwell.testing import demo

    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert demo._free(address) == "127.0.0.1:0"
    assert demo._free(address) == address


def test_the_environment_is_put_back() -> None:
    """Credentials of the fake are for the demo's own worker."""
    from upwell.testing import demo

    before = dict(os.environ)
    with demo.stage(2, 2) as stage:
        assert os.environ["AWS_ACCESS_KEY_ID"] == stage.fake.access_key
        folder = stage.settings.data_dir

    assert dict(os.environ) == before
    assert not folder.exists()
