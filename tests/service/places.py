"""Places for tests: a data directory with a real journal and book, and applications served on real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from tests.relay.world import World
from upwell.config import Settings
from upwell.relay import Shelf
from upwell.service import http as service_http
from upwell.service.desk import Desk
from upwell.store import FILE, Store


def settings(directory: Path, *, sinks: Sequence[str] = ("test",)) -> Settings:
    """Settings for a data directory, with OTLP sinks for logs that nothing answers."""
    blocks = [{"type": "otlp", "name": name, "endpoint": "http://127.0.0.1:9", "signals": ["logs"]} for name in sinks]
    ports = {"gateway": {"listen": "127.0.0.1:0"}, "console": {"listen": "127.0.0.1:0"}}
    return Settings.model_validate({"data_dir": directory, "sinks": blocks, "journal": {"reserve": 0}, **ports})


def desk(world: World, *, sinks: Sequence[str] = ("test",)) -> Desk:
    """A desk on a world's books, with no worker running."""
    return Desk(settings(world.folder, sinks=sinks), world.book, world.segments, Shelf(partial(Store, world.folder / FILE)))


@contextmanager
def served(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
    """Serve an application in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(service_http.serve([(app, [listening])], stop)))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def get(port: int, path: str, **headers: str) -> tuple[int, str, bytes]:
    """Status, content type and body of one request to a local port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("content-type", ""), answer.read()
    finally:
        connection.close()


def get_json(port: int, path: str) -> Any:
    """What a local port answers as JSON."""
    return json.loads(get(port, path)[2])
