"""One request and its answer on a connection, between uvicorn's parser and the ASGI app.

It writes head and body of an answer at once, and leaves to the connection when to hang up.
It never makes a 500: what an app leaves unanswered is the connection's to refuse.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle


class Connection(Protocol):
    """What a cycle asks of its connection."""

    def answered(self, cycle: Cycle) -> None:
        """The whole answer is written."""

    def failed(self, error: Exception) -> None:
        """The app raised."""

    def unanswered(self, cycle: Cycle) -> None:
        """The app ended without an answer."""


class Cycle(RequestResponseCycle):
    """Uvicorn's cycle, with one write per answer."""

    connection: Connection
    _head: Mapping[str, Any] | None = None

    async def run_asgi(self, app: Any) -> None:
        """Run the app. Its own failures are its own to answer; this is the net under it."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # the graceful shutdown is over
            self.transport.abort()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the client gets an answer
            self.connection.failed(error)
        if not self.response_complete and not self.disconnected and not self.transport.is_closing():
            self.connection.unanswered(self)

    def leave(self) -> None:
        """The client is gone, or as good as: the app need not answer any more."""
        self.disconnected = True
        self.message_event.set()

    async def receive(self) -> Any:
        """The next piece of the body. The usual body has arrived before anybody asks for it."""
        if self.more_body or self.disconnected or self.response_complete:
            return await super().receive()
        body, self.body = self.body, bytearray()
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    async def send(self, message: Any) -> None:
        """Take the head, then write it with the body. Answers are always whole and carry their Content-Length."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected or self.response_complete or self.transport.is_closing():
            return
        if message["type"] == "http.response.start":
            self._head = message
        elif self._head is not None:
            self.write(self._head["status"], self._head["headers"], message["body"])

    def write(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Write a whole answer and tell the connection."""
        if self.more_body:  # to keep the connection, the rest of the request would have to be read
            self.keep_alive = False
        parts = [STATUS_LINE[status]]
        for name, value in (*self.default_headers, *headers):
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n")
        if self.scope["method"] != "HEAD":
            parts.append(body)
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        self.transport.write(b"".join(parts))
        self.message_event.set()
        self.connection.answered(self)
