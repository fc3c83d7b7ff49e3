"""A port on loopback that behaves as a test says: answers raw bytes, says nothing, or hangs up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

_END_OF_HEADERS = b"\r\n\r\n"


def answer(status: int = 200, body: bytes = b"{}", **headers: str) -> bytes:
    """A whole HTTP answer; underscores in header names stand for hyphens."""
    given = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in given.items())]
    return "\r\n".join(lines).encode() + _END_OF_HEADERS + body


class RawServer:
    """Reads one request after another from each connection, and writes what `respond(head, body)` gives; None hangs up.

    `hang` makes it never answer, `greeting` speak first. `heads` are the requests' first lines and headers,
    `bodies` their bodies, `connections` how many there were.
    """

    def __init__(
        self,
        respond: Callable[[str, bytes], bytes | None] = lambda head, body: answer(),
        *,
        hang: bool = False,
        greeting: bytes = b"",
    ) -> None:
        self.heads: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._respond = respond
        self._hang = hang
        self._greeting = greeting
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.sendall(self._greeting)
            while request := _read(connection):
                head, body = request
                self.heads.append(head)
                self.bodies.append(body)
                said = None if self._hang else self._respond(head, body)
                if said is None and not self._hang:
                    connection.close()
                    return
                connection.sendall(said or b"")
        except OSError:
            return


def _read(connection: socket.socket) -> tuple[str, bytes] | None:
    data = b""
    while _END_OF_HEADERS not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(_END_OF_HEADERS)
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return head.decode("latin-1"), body
