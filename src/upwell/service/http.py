"""The worker's two small HTTP servers in one event loop: `worker.sock` and the console's address."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

_GRACE_SECONDS = 2  # answers here take milliseconds; a backup that outlives this is cut off and leaves nothing


class _Server(uvicorn.Server):
    """A server that leaves signals to its process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handlers."""
        yield


async def serve(apps: Sequence[tuple[ASGIApp, Sequence[socket.socket]]], stop: asyncio.Event) -> None:
    """Serve each application on its sockets until `stop` is set."""
    servers = [(_Server(_config(app)), list(sockets)) for app, sockets in apps]
    running = [asyncio.create_task(server.serve(sockets=sockets)) for server, sockets in servers]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((stopped, *running), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for server, _ in servers:
        server.should_exit = True
    await asyncio.gather(*running)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        loop="none",
        server_header=False,
        proxy_headers=False,  # or any program here could choose the address that the console's login judges by
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
