"""Runs the door on listening sockets until it is told to stop.

Signals, locks and processes are the caller's business: nothing here installs a signal handler, and
uvicorn's own logging stays off but for warnings.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import socket
import ssl
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.server import Server

from upwell.config import Settings, split_address
from upwell.errors import ConfigError
from upwell.gateway.door import Door
from upwell.gateway.protocol import HardenedProtocol
from upwell.gateway.watch import Limits, Watched

GRACE_SECONDS: Final = 10
"""How long requests in hand may take to end at a shutdown."""

BACKLOG: Final = 2048
_GC_THRESHOLD: Final = 20_000  # a batch is some 300 containers, none in a cycle: the default would look them all over every other request
_SWITCH_SECONDS: Final = 0.001  # a fifth of Python's: how long the thread for large bodies may hold the loop up between two of its steps
_HANDSHAKE_SECONDS: Final = 10.0
_FILES_KEPT: Final = 128  # open files that are not connections: databases, sockets, the journal's segments


def bind(addresses: Sequence[str]) -> list[socket.socket]:
    """Listening sockets for `gateway.listen`, in the same order. Raises ConfigError naming the address."""
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            sockets.append(_listening(address))
    except OSError as error:
        for opened in sockets:
            opened.close()
        raise ConfigError(
            f"cannot listen on {address}: {error.strerror or error}", hint="Stop what listens there, or change gateway.listen."
        ) from None
    return sockets


def _listening(address: str) -> socket.socket:
    host, port = split_address(address)
    family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # a list of addresses says both where both are meant
        listening.bind(target)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def tune() -> None:
    """Settings of the interpreter for a process that does nothing but serve; call it when all is loaded."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)


async def serve(sockets: Sequence[socket.socket], settings: Settings, door: Door, *, stop: asyncio.Event) -> None:
    """Answer on the sockets until `stop` is set, then end what is in hand within 10 s. Closes sockets and door."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(door.watch.faults.on_loop_error)
    door.watch.limits = _within_open_files(door.watch.limits)
    server = _Server(_config(door), door, _tls(settings))
    tasks = [
        asyncio.create_task(door.watch.sweep(), name="sweep"),
        asyncio.create_task(door.follow_keys(), name="follow-keys"),
        asyncio.create_task(server.stop_at(stop), name="stop"),
    ]
    try:
        await server.serve(sockets=list(sockets))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(door.watch.connections):
            connection.cut()
        door.close()


class _Server(Server):
    """Uvicorn's server without its signal handlers, and with a bound on TLS handshakes."""

    def __init__(self, config: Config, door: Door, tls: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._door = door
        self._tls = tls
        door.watch.connections = cast("set[Watched]", self.server_state.connections)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        connect = partial(HardenedProtocol, self.config, self.server_state, {}, watch=self._door.watch, at_once=self._door.at_once)
        tls: dict[str, Any] = {"ssl": self._tls, "ssl_handshake_timeout": _HANDSHAKE_SECONDS} if self._tls else {}
        self.servers = [await loop.create_server(connect, sock=listening, backlog=BACKLOG, **tls) for listening in sockets or ()]
        self.started = True

    async def stop_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(door: Door) -> Config:
    return Config(
        door,
        http=HardenedProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # whom to believe is sources.py's business
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """TLS 1.2 and newer. Raises ConfigError where certificate and key don't fit or can't be read."""
    gateway = settings.gateway
    if gateway.tls_cert is None or gateway.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(gateway.tls_cert.expanduser(), gateway.tls_key.expanduser())
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            f"gateway.tls_cert and gateway.tls_key cannot be used: {reason}", hint="Both are PEM; the key has no password."
        ) from None
    return context


def _within_open_files(limits: Limits) -> Limits:
    """Raise the process's limit on open files as far as it goes, and keep the connections below it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections * 2 + _FILES_KEPT
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most > soft != resource.RLIM_INFINITY:
        with contextlib.suppress(OSError, ValueError):  # macOS refuses more than its kernel's own limit
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    if soft == resource.RLIM_INFINITY:
        return limits
    return replace(limits, connections=max(1, min(limits.connections, soft - _FILES_KEPT)))
