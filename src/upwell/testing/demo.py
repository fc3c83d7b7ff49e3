"""The stage of `upwell demo`: a folder of its own, the fake CloudWatch, settings that send there, and the team that sends.

Nothing outside the folder is read or written: no settings file, no AWS configuration, no account.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from upwell.config import Settings, split_address
from upwell.identity import Keys
from upwell.service import datadir
from upwell.store import FILE, Store
from upwell.store.rollup.refresh import Rollup
from upwell.testing.archive import Keep
from upwell.testing.cloudwatch import FakeCloudWatch
from upwell.testing.team import Sent, Team

REGION: Final = "us-west-2"
LISTEN, CONSOLE = "127.0.0.1:4318", "127.0.0.1:8318"
_EVERY_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 5.0
_STRANGE: Final = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@dataclass(frozen=True, slots=True)
class Stage:
    """What a demo runs on, until its context ends."""

    settings: Settings
    team: Team
    fake: FakeCloudWatch

    def load(self, progress: Callable[[float], None]) -> int:
        """Enrol the team and write its history; how many rows."""
        with Keys(self.settings.data_dir / "keys.db") as keys:
            self.team.enrol(keys)
        store = Store(self.settings.data_dir / FILE, memory_limit=self.settings.store.memory_limit)
        try:
            with _Counting(store, self.settings.reports.timezone) as counting:
                return self.team.write_history(store, lambda part: counting.go_on(progress, part))
        finally:
            store.close()


class _Counting:
    """Counts for reports what is written already, while the next days are told: the console's first page then waits for nothing."""

    def __init__(self, store: Store, timezone: str) -> None:
        self._rollup = Rollup(store.transaction, timezone)
        self._worker = ThreadPoolExecutor(1, "counting")
        self._under_way: list[Future[None]] = []

    def __enter__(self) -> _Counting:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._worker.shutdown(cancel_futures=kind is not None)
        for done in self._under_way:
            if kind is None:
                done.result()

    def go_on(self, progress: Callable[[float], None], part: float) -> None:
        """Some more is written. The last of it is counted before this returns."""
        self._under_way.append(self._worker.submit(self._rollup.refresh))
        progress(min(part, 0.98))
        if part >= 1.0:
            wait(self._under_way)
            progress(1.0)


@contextmanager
def stage(people: int, days: int, listen: str | None = None, console: str | None = None) -> Iterator[Stage]:
    """A stage in a folder that is removed afterwards. Raises DataDirError, ConfigError."""
    folder = Path(tempfile.mkdtemp(prefix="upwell-demo-"))
    try:
        with FakeCloudWatch(region=REGION, keep=Keep.COUNTS) as fake, _environment(fake, folder):
            settings = _settings(folder / "data", fake, listen or _free(LISTEN), console or _free(CONSOLE))
            datadir.prepare(settings.data_dir)
            yield Stage(settings, Team(people, days, now_ns=time.time_ns()), fake)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settings(data_dir: Path, fake: FakeCloudWatch, listen: str, console: str) -> Settings:
    sink = {"type": "cloudwatch", "region": fake.region, "endpoint_url": fake.url}
    journal = {"reserve": "32MiB"}  # temporary folders are often small
    found = {"data_dir": str(data_dir), "gateway": {"listen": listen}, "console": {"listen": console}, "journal": journal, "sinks": [sink]}
    return Settings.model_validate(found)


def _free(address: str) -> str:
    """An address, or any port beside it where somebody listens already."""
    host, port = split_address(address)
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return f"{host}:0"
    return address


@contextmanager
def _environment(fake: FakeCloudWatch, folder: Path) -> Iterator[None]:
    """Credentials that open the fake and nothing else, for the worker that inherits them."""
    mine = {
        "AWS_ACCESS_KEY_ID": fake.access_key,
        "AWS_SECRET_ACCESS_KEY": fake.secret_key,
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    before = dict(os.environ)
    for name in (*_STRANGE, *map(str.lower, _STRANGE), "no_proxy"):
        os.environ.pop(name, None)
    os.environ.update(mine)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class Sender:
    """Sends the team's present to a gateway, over HTTP and in real time, from entering its context to leaving it.

    As agents do, it tries again where the gateway asks it to wait. `accepted` and `refused` count requests.
    """

    def __init__(self, team: Team, endpoint: str) -> None:
        self.accepted = self.refused = 0
        self._team = team
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=_PATIENCE_SECONDS)
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name="the team", daemon=True)

    def __enter__(self) -> Sender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._leaving.set()
        while self._thread.is_alive():
            with suppress(OSError, AttributeError):  # it may be between two connections
                self._connection.sock.shutdown(socket.SHUT_RDWR)  # wakes a request that nobody will answer any more
            self._thread.join(0.1)
        self._connection.close()

    def _run(self) -> None:
        told_ns = self._team.now_ns
        while not self._leaving.is_set():
            now_ns = time.time_ns()
            for sent in self._team.present(now_ns, told_ns):
                if not self._send(sent):
                    return
            told_ns = now_ns
            self._leaving.wait(_EVERY_SECONDS)

    def _send(self, sent: Sent) -> bool:
        """Whether to go on: a request is tried until it is answered, or until the demo ends."""
        while not self._leaving.is_set():
            status, headers = self._post(sent)
            if status == 200:
                self.accepted += 1
                return True
            if status not in {0, 429, 503}:
                self.refused += 1
                return True
            self._leaving.wait(float(headers.get("retry-after", 1)))
        return False

    def _post(self, sent: Sent) -> tuple[int, Mapping[str, str]]:
        """The answer's status and headers; 0 where there was none."""
        try:
            self._connection.request("POST", f"/v1/{sent.signal}", sent.body, dict(sent.headers))
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, {}
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
