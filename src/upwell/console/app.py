"""The worker's HTTP API on the console's address: health, metrics, the ledger. Loopback only, and read only.

A page in a browser that points a name of its own at this machine (DNS rebinding) is refused by its Host header.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from upwell.console import metrics
from upwell.console.vitals import Vitals
from upwell.exposition import CONTENT_TYPE

ENDPOINTS = ("/healthz", "/readyz", "/metrics", "/api/ledger")

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def build(*, vitals: Callable[[], Vitals], ledger: Callable[[], dict[str, Any]]) -> Starlette:
    """The application. Its endpoints run in threads: what they ask for reads the disk."""

    def readyz(_request: Request) -> Response:
        failed = [f"{lane.status.lane}: {lane.status.message}" for lane in vitals().lanes if lane.status.state == "failed"]
        return PlainTextResponse("\n".join(failed) or "ready", 503 if failed else 200)

    def scrape(_request: Request) -> Response:
        return PlainTextResponse(metrics.render(vitals()), media_type=CONTENT_TYPE)

    def sums(_request: Request) -> Response:
        return JSONResponse(ledger())

    answers: tuple[Callable[[Request], Response], ...] = (_healthz, readyz, scrape, sums)
    routes = [Route(path, answer) for path, answer in zip(ENDPOINTS, answers, strict=True)]
    return Starlette(routes=routes, middleware=[Middleware(LocalOnly)])


def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok")


class LocalOnly:
    """Refuses requests that were not made under one of this machine's own names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421."""
        if scope["type"] != "http" or _host(scope) in _LOCAL:
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse("this is not the host you asked for", 421)(scope, receive, send)


def _host(scope: Scope) -> str:
    value = dict(scope["headers"]).get(b"host", b"").decode("latin-1").lower()
    name = value.rpartition("]")[0].lstrip("[") if value.startswith("[") else value.partition(":")[0]
    return str(name)
