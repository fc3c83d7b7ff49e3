"""Keeps time over the connections: one sweep twice a second instead of a timer per request.

A connection says what it is doing and since when, on a clock that the sweep itself moves; the
sweep asks each one whether it is overdue. Deadlines are therefore met within one sweep, not to the millisecond.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

from upwell.gateway.faults import Faults

LINE_LIMIT: Final = 100
HEAD_LIMIT: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may take. Sizes in bytes, times in seconds."""

    connections: int = 4096
    head_bytes: int = HEAD_LIMIT
    head_lines: int = LINE_LIMIT
    parked_bytes: int = 16 * 1024  # of requests sent ahead of an answer; no OTLP exporter does that
    parked_requests: int = 16
    head_seconds: float = 10
    body_seconds: float = 30
    body_grace_seconds: float = 5
    body_bytes_per_second: int = 1024
    idle_seconds: float = 120  # agents export every 5 to 60 s, and lose the batch that meets a closed connection
    answer_seconds: float = 30  # for a client that doesn't read its answer
    linger_seconds: float = 2  # for a client to read a refusal while its body is still on the way
    sweep_seconds: float = 0.5


class Watched(Protocol):
    """A connection, as the sweep sees it."""

    def check(self, now: float) -> None:
        """End whatever has lasted too long."""

    def cut(self) -> None:
        """End the connection at once."""


@dataclass(slots=True)
class Watch:
    """The limits in force, faults met, all open connections, the sweep's clock, and what was cut off, by the refusal's code."""

    limits: Limits
    faults: Faults = field(default_factory=Faults)
    connections: set[Watched] = field(default_factory=set)
    now: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    _lines: tuple[object, bytes] = (None, b"")

    def lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The server's default headers as they go over the wire: uvicorn makes a new list of them each second."""
        if self._lines[0] is not headers:
            self._lines = headers, b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._lines[1]

    async def sweep(self) -> None:
        """Check every connection for ever; cancel to end."""
        loop = asyncio.get_running_loop()
        while True:
            self.now = loop.time()
            for connection in list(self.connections):
                self._check(connection)
            await asyncio.sleep(self.limits.sweep_seconds)

    def _check(self, connection: Watched) -> None:
        try:
            connection.check(self.now)
        except Exception as error:  # noqa: BLE001 - one odd connection must not end the sweep over all others
            self.faults.note(error, "checking a connection")
