"""A load generator on a raw asyncio protocol: cheap enough not to be what is measured.

Closed loop: every connection sends its next request when it has its answer. Open loop: requests
are due at fixed times, and latency counts from when a request was due, not from when it was sent.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import uvloop


@dataclass(slots=True)
class Result:
    """What a run saw. Latencies in seconds."""

    seconds: float
    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return self.statuses.get(200, 0) / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._received = bytearray()
        self._due = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def send(self, due: float) -> None:
        self._due = due
        assert self.transport is not None
        self.transport.write(self._run.request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._received) < end + 4 + length:
            return
        self._received.clear()
        self._run.answered(self, int(head[9:12]), self._due)

    def connection_lost(self, _: Exception | None) -> None:
        self._run.lost += 1


class _Run:
    def __init__(self, bodies: Iterator[bytes], path: str, content_type: str, headers: dict[str, str]) -> None:
        extra = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: {content_type}\r\n{extra}content-length: ".encode()
        self._bodies = bodies
        self.result = Result(0.0)
        self.closed_loop = True
        self.until = 0.0
        self.idle: deque[_Connection] = deque()
        self.queue: deque[float] = deque()
        self.lost = 0

    def request(self) -> bytes:
        body = next(self._bodies)
        return b"%s%d\r\n\r\n%s" % (self._head, len(body), body)

    def answered(self, connection: _Connection, status: int, due: float) -> None:
        now = time.perf_counter()
        self.result.statuses[status] = self.result.statuses.get(status, 0) + 1
        self.result.latencies.append(now - due)
        if self.closed_loop:
            if now < self.until:
                connection.send(now)
        elif self.queue:
            connection.send(self.queue.popleft())
        else:
            self.idle.append(connection)

    def due(self, when: float) -> None:
        """Open loop: send now if a connection is free, else as soon as one is."""
        if self.idle:
            self.idle.popleft().send(when)
        else:
            self.queue.append(when)


async def _connect(run: _Run, host: str, port: int, connections: int) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: _Connection(run), host, port) for _ in range(connections)]
    return [protocol for _, protocol in made]


async def _closed(run: _Run, host: str, port: int, connections: int, seconds: float) -> None:
    opened = await _connect(run, host, port, connections)
    start = time.perf_counter()
    run.until = start + seconds
    for connection in opened:
        connection.send(start)
    await asyncio.sleep(seconds)
    run.result.seconds = time.perf_counter() - start
    await _hang_up(opened)


async def _open(run: _Run, host: str, port: int, connections: int, seconds: float, rate: float) -> None:
    run.closed_loop = False
    opened = await _connect(run, host, port, connections)
    run.idle.extend(opened)
    start = time.perf_counter()
    total = int(seconds * rate)
    sent = 0
    while sent < total:
        now = time.perf_counter()
        while sent < total and start + sent / rate <= now:
            run.due(start + sent / rate)
            sent += 1
        await asyncio.sleep(max(0.0005, start + sent / rate - time.perf_counter()))
    await asyncio.sleep(1.0)
    run.result.seconds = seconds
    await _hang_up(opened)


async def _hang_up(opened: list[_Connection]) -> None:
    await asyncio.sleep(0.2)
    for connection in opened:
        if connection.transport is not None:
            connection.transport.close()
    await asyncio.sleep(0.05)


def closed_loop(
    host: str,
    port: int,
    bodies: Iterator[bytes],
    path: str,
    content_type: str,
    *,
    headers: dict[str, str],
    connections: int,
    seconds: float,
) -> Result:
    """As many requests as `connections` can have answered in `seconds`."""
    run = _Run(bodies, path, content_type, headers)
    uvloop.run(_closed(run, host, port, connections, seconds))
    return run.result


def open_loop(
    host: str,
    port: int,
    bodies: Iterator[bytes],
    path: str,
    content_type: str,
    *,
    headers: dict[str, str],
    connections: int,
    seconds: float,
    rate: float,
) -> Result:
    """`rate` requests a second for `seconds`, whether or not the answers keep up."""
    run = _Run(bodies, path, content_type, headers)
    uvloop.run(_open(run, host, port, connections, seconds, rate))
    return run.result
