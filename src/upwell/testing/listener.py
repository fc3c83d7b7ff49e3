"""The HTTP/1.1 server under the fakes: whole requests in, whole answers out, one thread per connection.

It keeps connections alive, reads chunked bodies and can cut a connection instead of answering. It is for
tests: loopback by default, no TLS, no time-outs. An error inside a fake is answered 500 and raised by `stop`.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import parse_qsl, urlsplit

MAX_BODY = 32 * 2**20
"""Bytes of a body as it comes over the wire, and of what it may inflate to; more is answered 413.
No documented limit of CloudWatch is above 20 MiB."""

_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: the target undecoded, headers in their order and spelling, the body not inflated."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of this name, whatever its case; "" where there is none."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `cut` closes the connection without a word instead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


Handle = Callable[[Request], Answer]


class Listener:
    """`handle` behind a port, between `start` and `stop`; started again, it listens where it did before.

    `port` 0 lets the system choose at the first start; until then there is no `url`.
    """

    def __init__(self, handle: Handle, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handle = handle
        self._address = (host, port)
        self._server: _Server | None = None
        self._stopping = threading.Event()

    @property
    def url(self) -> str:
        host, port = self._address
        return f"http://{host}:{port}"

    def start(self) -> None:
        self._stopping.clear()
        self._server = _Server(self._address, self._handle)
        self._address = (self._address[0], self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="fake", daemon=True).start()

    def pause(self, seconds: float) -> None:
        """Wait in a handler. `stop` ends the wait, and the request with it: it is cut."""
        if self._stopping.wait(seconds):
            raise _Stopped

    def stop(self) -> list[Exception]:
        """Close every connection and wait for its thread. Returns the errors that a handler raised since the start."""
        if self._server is None:
            return []
        server, self._server = self._server, None
        self._stopping.set()
        server.shutdown()
        server.server_close()
        return server.faults


class _Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handle: Handle) -> None:
        super().__init__(address, _Handler)
        self.answer_for = handle
        self.faults: list[Exception] = []
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        with self._lock:
            self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        with self._lock:
            open_now = list(self._connections.items())
        for connection, thread in open_now:
            with contextlib.suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's signature
        """A client that went away is its own business; anything else is a fault of the fake."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self.faults.append(error)


class _Stopped(Exception):
    pass


class _BodyTooLong(Exception):
    pass


class _BodyBroken(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # with Nagle, a kept-alive connection waits 40 ms for each answer
    rbufsize = 256 * 1024

    def serve(self) -> None:
        try:
            request = Request(self.command, self.path, tuple(self.headers.items()), self._read_body())
        except _BodyTooLong:
            answer = Answer(413, b"body too large", {"Connection": "close"})
        except _BodyBroken:
            answer = Answer(cut=True)
        else:
            answer = self._answer(request)
        self._write(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = serve  # noqa: N815 - the base class looks them up by these names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Quiet: a test prints what it wants to see."""

    def _answer(self, request: Request) -> Answer:
        try:
            return self.server.answer_for(request)
        except _Stopped:
            return Answer(cut=True)
        except Exception as error:  # noqa: BLE001 - raised again by whoever stops the fake
            self.server.faults.append(error)
            return Answer(500, f"the fake failed: {error!r}".encode(), {"Connection": "close"})

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        return self._read_exactly(_length(self.headers.get("Content-Length", "0"), 10))

    def _read_chunks(self) -> bytes:
        parts, total = [], 0
        while size := _length(self.rfile.readline(1024).split(b";")[0].decode("latin-1"), 16):
            total += size
            if total > MAX_BODY:
                raise _BodyTooLong
            parts.append(self._read_exactly(size))
            self.rfile.readline(1024)
        while self.rfile.readline(64 * 1024).strip():  # trailers
            pass
        return b"".join(parts)

    def _read_exactly(self, size: int) -> bytes:
        if size > MAX_BODY:
            raise _BodyTooLong
        body = self.rfile.read(size)
        if len(body) < size:
            raise _BodyBroken
        return body

    def _write(self, answer: Answer) -> None:
        if answer.cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.close_connection = self.close_connection or answer.headers.get("Connection") == "close"
        self._flush_together(b"" if self.command == "HEAD" else answer.body)

    def _flush_together(self, body: bytes) -> None:
        """Send headers and body in one segment where they fit one."""
        self._headers_buffer += [b"\r\n", body]  # type: ignore[attr-defined]  # the base class's own buffer
        self.flush_headers()


def _length(text: str, base: int) -> int:
    try:
        size = int(text.strip(), base)
    except ValueError:
        raise _BodyBroken from None
    if size < 0:
        raise _BodyBroken
    return size
