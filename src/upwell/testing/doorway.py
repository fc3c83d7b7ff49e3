"""A running door for tests: the real server on a port of its own, with a journal in memory.

What is real: sockets, uvicorn, the hardened protocol, keys, policy. What is not: the disk.
"""

from __future__ import annotations

import asyncio
import gzip
import http.client
import socket
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import uvloop

from upwell.config import Settings
from upwell.errors import JournalError
from upwell.gateway.door import Door, build
from upwell.gateway.server import bind, serve
from upwell.gateway.watch import Limits
from upwell.identity import Keyring, Keys, NewKey, Pseudonyms
from upwell.journal import Counts, Entry, Told
from upwell.otlp import Encoding, Signal
from upwell.policy import pipeline


class MemoryJournal:
    """Keeps entries in a list; `fail_with` makes it refuse, `hold` makes it wait."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.fail_with: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.unready: str | None = None
        self._known: set[tuple[str, Signal, bytes]] = set()
        self._tasks: set[asyncio.Future[bool]] = set()

    async def append(self, entry: Entry) -> bool:
        if self.hold is not None:
            await self.hold.wait()
        return self._keep(entry)

    def submit(self, entry: Entry, told: Told) -> None:
        if self.hold is None:
            asyncio.get_running_loop().call_soon(told, self._keep(entry))  # a commit takes its time, too
            return
        task = asyncio.ensure_future(self.append(entry))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda done: told(done.result()))

    def _keep(self, entry: Entry) -> bool:
        if self.fail_with is not None:
            raise self.fail_with
        mark = entry.key_id, entry.signal, entry.digest
        if mark in self._known:
            return False
        self._known.add(mark)
        self.entries.append(entry)
        return True

    def digest(self, key_id: str, signal: Signal, body: bytes) -> bytes:
        return blake2b(b"%b %b %b" % (key_id.encode(), signal.encode(), body), key=b"a test's key", digest_size=16).digest()

    def forget(self) -> list[Entry]:
        """Give back what was kept, and keep nothing of it."""
        kept, self.entries, self._known = self.entries, [], set()
        return kept

    def ready(self) -> str | None:
        return self.unready or (self.fail_with.message if isinstance(self.fail_with, JournalError) else None)

    def counts(self) -> Counts:
        nothing = dict.fromkeys(Signal, 0)
        return Counts(nothing, nothing, nothing, nothing, len(self.entries), 0, 0, 300.0)

    def bytes(self) -> int:
        return sum(len(entry.body) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Doorway:
    """A door that runs in a thread while the context lasts.

    `gateway` are settings of that section, `policy` likewise; `limits` replace those of the connections.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        policy: Mapping[str, Any] | None = None,
        **gateway: Any,
    ) -> None:
        self.settings = Settings.model_validate({"gateway": {"listen": "127.0.0.1:0", **gateway}, "policy": policy or {}})
        self.journal = MemoryJournal()
        self.door: Door
        self.keys: Keys
        self.key: NewKey
        self.port = 0
        self.loop: asyncio.AbstractEventLoop
        self._limits = limits
        self._stack = ExitStack()
        self._stop: asyncio.Event
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doorway")

    def __enter__(self) -> Doorway:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.keys = self._stack.enter_context(Keys(folder / "keys.db"))
        self.key = self.keys.add("alice@example.com", "platform")
        keyring = Keyring(folder / "keys.db")
        self._stack.callback(keyring.close)
        self.door = build(self.settings, keyring, self.journal, pipeline(self.settings.policy, Pseudonyms(self.keys.salt)))
        if self._limits is not None:
            self.door.watch.limits = self._limits
        self._sockets = bind(self.settings.gateway.listen)
        self.port = self._sockets[0].getsockname()[1]
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._stack.close()

    def stop(self) -> None:
        """End the server as SIGTERM would, and wait for it."""
        if self._thread.is_alive():
            self.loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def call(self, function: Any, *arguments: Any) -> Any:
        """Call a function on the server's loop and return its result."""

        async def run() -> Any:
            return function(*arguments)

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self.loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.loop.call_soon(self._started.set)
        await serve(self._sockets, self.settings, self.door, stop=self._stop)

    def connect(self) -> socket.socket:
        """A connection to the door, for what no HTTP client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def raw(self, data: bytes) -> bytes:
        """Send bytes on a connection of their own, and read until the door closes it."""
        with self.connect() as connection:
            return talk(connection, data)

    def request(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, names, response.read())
        finally:
            connection.close()

    def post(self, signal: Signal, body: bytes, *, encoding: Encoding = Encoding.JSON, zipped: bool = False, **headers: str) -> Reply:
        """Send one batch with the door's own key; `headers` are added with _ for -."""
        given = {"content-type": encoding.value, "x-api-key": self.key.secret_text}
        if zipped:
            body, given["content-encoding"] = gzip.compress(body), "gzip"
        given.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.request("POST", f"/v1/{signal}", body, given)


def talk(connection: socket.socket, data: bytes) -> bytes:
    """Send, then read to the end; an answer that comes before all is sent is read as well."""
    pieces = []
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)
