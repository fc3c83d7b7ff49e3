"""One connection: uvicorn's httptools protocol, hardened.

Limits on headers, time, rate, pipelining and connections live here, and so do the refusals of what is
not proper HTTP/1.1. Bytes are bounded while they arrive, not after. What the body means is the app's business.
Logs nothing of a request; what it refuses is counted in `Watch.refusals`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, Final, TypeAlias, cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from upwell.errors import HeadersTooLarge, Malformed, Refusal, RequestTimeout, Unavailable
from upwell.gateway import heads
from upwell.gateway.answers import Answer, refused
from upwell.gateway.brief import Brief, Request
from upwell.gateway.cycle import Cycle
from upwell.gateway.watch import Watch
from upwell.otlp import Encoding, media_type

_REFUSED_AT_ONCE: Final = 256  # connections over the cap that get an answer while they last; more are cut without one
_LAST_CALL_SECONDS: Final = 0.1


AtOnce: TypeAlias = Callable[[Request, Callable[[Answer], None]], bool]
"""Answers a whole request, now or later, by a call of its second argument; False: it is one for the app. Raises nothing."""


class Reading(Enum):
    """What the connection is reading; the first three of them have a deadline of their own."""

    HEAD = auto()
    BODY = auto()
    IDLE = auto()
    NOTHING = auto()


class HardenedProtocol(HttpToolsProtocol):
    """Made by uvicorn for each connection; `watch` is shared by all of one server."""

    cycle: Cycle | None  # type: ignore[assignment]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        watch: Watch,
        at_once: AtOnce | None = None,
    ) -> None:
        """`at_once` is offered each request that came whole in one piece, before the ASGI app is."""
        super().__init__(config, server_state, app_state, _loop)
        self._watch = watch
        self._at_once = at_once
        self._limits = watch.limits
        self._reading = Reading.HEAD
        self._since = watch.now
        self._unread_since = 0.0  # since when the client reads no answer; 0: it does
        self._keep_alive = False  # what the request being read asks for
        self._pieces: list[bytes] | None = None  # the body of a request that may come whole, so far
        self._answering: Cycle | Brief | None = None  # the oldest request without an answer; later ones are in self.pipeline
        self._quiet = 0  # bytes since there last was a whole request or a piece of body
        self._body_bytes = 0
        self._refusal: Refusal | None = None  # raised in a callback, through the parser
        self._last = False  # the server is shutting down: the next answer is the last

    # What the transport tells

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        over = len(self.connections) - self._limits.connections
        if over > _REFUSED_AT_ONCE:
            transport.abort()
        elif over > 0:
            self._refuse(Unavailable("too many connections", retry_after=1))

    def connection_lost(self, exc: Exception | None) -> None:
        parked = [cast("Cycle", cycle) for cycle, _ in self.pipeline]
        for cycle in (self._answering, *parked):
            if cycle is not None and not cycle.response_complete:
                cycle.leave()
        self.pipeline.clear()
        self._reading = Reading.NOTHING
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._reading is Reading.NOTHING:
            return
        if self._reading is Reading.IDLE:
            self._read(Reading.HEAD)
        self._feed(data)

    def _feed(self, data: bytes) -> None:
        self._quiet += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            self._refuse(self._refusal or self._fault(error))
        except httptools.HttpParserError as error:
            self._refuse(Malformed(f"not a proper HTTP/1.1 request: {error}"))
        else:
            if self._quiet > self._limits.head_bytes and not self._over():
                self._refuse(HeadersTooLarge("the request line, headers or chunk headers are too large"))

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        finally:
            if self._pieces is not None:  # more of it is to come
                self._begin()

    def _decline_upgrade(self, rest: bytes) -> None:
        """Read the request again as if it had not offered another protocol.

        Java's HTTP client offers HTTP/2 with its first request, and the parser takes what follows the head for that protocol.
        """
        head = heads.without_upgrade(self.parser.get_method(), self.url, self.parser.get_http_version(), self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self._quiet = 0
        self._feed(head + rest)

    # What the parser tells

    def on_message_begin(self) -> None:
        self._read(Reading.HEAD)
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reading is Reading.BODY:  # a trailer, which nobody here reads
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        self._check_head(version)
        if self.parser.should_upgrade() or self._over():
            return
        self._keep_alive = version == "1.1" and self.parser.should_keep_alive()
        self._read(Reading.BODY)
        self._pieces = []
        if self._answering is not None or self.expect_100_continue or self.flow.write_paused:
            self._begin()

    def on_body(self, body: bytes) -> None:
        self._quiet = 0
        self._body_bytes += len(body)
        if self._pieces is not None:
            self._pieces.append(body)
            return
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return
        if cycle is not self._answering and self._parked() + len(body) > self._limits.parked_bytes:
            self._fail(Malformed("requests sent ahead of their answers are too large"))
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._quiet = 0
        self._read(Reading.IDLE)
        if self._pieces is not None and self._answer_at_once(self._pieces):
            self._pieces = None
            return
        if self._pieces is not None:
            self._begin()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def _answer_at_once(self, pieces: list[bytes]) -> bool:
        """Offer a whole request to the door; False where it is one for the app."""
        if self._at_once is None:
            return False
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        path = heads.path(self.url.partition(b"?")[0])
        brief = self._answering = Brief(self, keep_alive=self._keep_alive and not self._last)
        if self._at_once(Request(self.parser.get_method(), path, self.headers, body, self.client), brief.answer):
            return True
        self._answering = None
        return False

    def _begin(self) -> None:
        """Make an ordinary request of what is being read, with as much of its body as is here."""
        self.scope = {
            **heads.scope(self.parser.get_http_version(), self.parser.get_method(), self.url, self.headers),  # type: ignore[typeddict-item]
            "scheme": self.scheme or "http",
            "client": self.client,
            "server": self.server,
            "state": self.app_state,
        }
        pieces, self._pieces = self._pieces or (), None
        self._take(self._cycle())
        for piece in pieces:
            super().on_body(piece)

    def _check_head(self, version: str) -> None:
        try:
            heads.check(version, self.parser.get_method(), self.headers, self._limits.head_lines)
        except Refusal as refusal:
            self._fail(refusal)
        # Counted line by line only when so much has come at once that they may be too large.
        if self._quiet > self._limits.head_bytes and heads.size(self.url, self.headers) > self._limits.head_bytes:
            self._fail(HeadersTooLarge("the request line and headers are too large"))

    def _cycle(self) -> Cycle:
        cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=self._keep_alive and not self._last,
            on_response=_nothing,
        )
        cycle.connection = self
        return cycle

    def _take(self, cycle: Cycle) -> None:
        """Start a request, or park it behind the one that is being answered."""
        self.cycle = cycle
        if self._answering is None:
            self._answering = cycle
            self._start_asgi_task(cycle, self.app)
            return
        self.flow.pause_reading()
        if len(self.pipeline) >= self._limits.parked_requests:
            self._fail(Malformed("too many requests sent ahead of their answers"))
        self.pipeline.appendleft((cycle, self.app))

    def _parked(self) -> int:
        return sum(len(cycle.body) for cycle, _ in self.pipeline)

    def _fail(self, refusal: Refusal) -> None:
        """Refuse from within a parser callback: the parser stops, and data_received answers."""
        self._refusal = refusal
        raise refusal

    def _fault(self, error: Exception) -> Refusal:
        """A callback raised what it should not have."""
        self._watch.faults.note(error.__context__ or error, "reading a request")
        return Unavailable("the request could not be handled", retry_after=1)

    # What a cycle tells

    def write_answer(self, answer: Answer, *, keep_alive: bool) -> None:
        if not self.transport.is_closing():
            end = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
            defaults = self._watch.lines(self.server_state.default_headers)
            self.transport.write(b"".join((answer.head, defaults, end, answer.body)))

    def answered(self, cycle: Cycle | Brief) -> None:
        self.server_state.total_requests += 1
        self._answering = None
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if not cycle.keep_alive:
            self._hang_up(read_whole=not cycle.more_body)
        elif self.pipeline:
            self._answering, app = self.pipeline.pop()  # type: ignore[assignment]
            self._start_asgi_task(self._answering, app)  # type: ignore[arg-type]
        elif self._reading is Reading.IDLE:
            self._since = self._watch.now

    def failed(self, error: Exception) -> None:
        self._watch.faults.note(error, "answering a request")

    def unanswered(self, cycle: Cycle) -> None:
        self._write(cycle, Unavailable("the request could not be handled", retry_after=1))

    # Deadlines and endings

    def check(self, now: float) -> None:
        """Called by the sweep."""
        if self.flow.write_paused:
            self._unread_since = self._unread_since or now
            if now - self._unread_since > self._limits.answer_seconds:
                self.transport.abort()
            return
        self._unread_since = 0.0
        if self._reading is Reading.NOTHING:
            if now - self._since > self._limits.linger_seconds and self._answering is None:
                self.transport.abort()
        elif self.flow.read_paused:
            self._since = now  # it is us who are not reading
        elif self._reading is Reading.IDLE:
            if self._answering is None and now - self._since > self._limits.idle_seconds:
                self._hang_up(read_whole=True)
        elif self._overdue(now - self._since):
            self._refuse(RequestTimeout("the request did not arrive in time"))

    def cut(self) -> None:
        self.transport.abort()

    def _over(self) -> bool:
        return self._reading is Reading.NOTHING

    def _overdue(self, elapsed: float) -> bool:
        limits = self._limits
        if self._reading is Reading.HEAD:
            return elapsed > limits.head_seconds
        too_slow = elapsed > limits.body_grace_seconds and self._body_bytes < elapsed * limits.body_bytes_per_second
        return too_slow or elapsed > limits.body_seconds

    def _read(self, reading: Reading) -> None:
        if self._reading is not Reading.NOTHING:
            self._reading = reading
            self._since = self._watch.now
            self._body_bytes = 0

    def _refuse(self, refusal: Refusal) -> None:
        """Refuse the request that is being read, and end the connection.

        Answers keep their order: where an earlier request still waits for its own, that one is the last on this connection.
        """
        self._watch.refusals[refusal.code] += 1
        being_read = self.cycle if self._reading is Reading.BODY else None
        waiting, self._reading, self._since = self._answering, Reading.NOTHING, self._watch.now
        self.pipeline.clear()
        if waiting is not None and waiting is not being_read:
            waiting.keep_alive = False
        elif being_read is not None and waiting is being_read:
            being_read.leave()  # that is for the app; the answer is ours
            self._write(being_read, refusal)
        else:
            self._write_raw(refused(refusal, Encoding.JSON))

    def _write(self, cycle: Cycle, refusal: Refusal) -> None:
        cycle.keep_alive = False
        encoding = next((media_type(value) for name, value in cycle.scope["headers"] if name == b"content-type"), None)
        answer = refused(refusal, encoding or Encoding.JSON)
        cycle.write(answer.status, answer.headers, answer.body)

    def _write_raw(self, answer: Answer) -> None:
        """Answer where there is no request yet to answer."""
        if self.transport.is_closing():
            return
        self.write_answer(answer, keep_alive=False)
        self._hang_up(read_whole=False)

    def _hang_up(self, *, read_whole: bool) -> None:
        """End the connection once everything is written.

        While a request is still on its way, only our half is closed at first: closing both would
        make the kernel throw the answer away. The sweep ends it after `linger_seconds`.
        """
        self._reading, self._since = Reading.NOTHING, self._watch.now
        if read_whole:
            self.transport.close()
        elif self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def shutdown(self) -> None:
        """Graceful shutdown: a request that has begun to arrive is the last; an idle connection is closed.

        Not at once: what has reached this machine, but not yet this program, shall be answered too.
        """
        self._last = True
        if self._answering is not None:
            self._answering.keep_alive = False
        else:
            self.loop.call_later(_LAST_CALL_SECONDS, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self._answering is None and (self._reading is Reading.IDLE or (self._reading is Reading.HEAD and not self._quiet)):
            self.transport.close()


def _nothing() -> None:
    """The cycle tells its connection itself."""
