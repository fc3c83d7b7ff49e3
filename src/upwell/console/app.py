"""The console's web application: pages for people, JSON and CSV for programs, health and metrics for monitoring.

Pages only read; the few changes an admin can make are in `deeds`. All endpoints run in threads: what they ask for reads the disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from upwell.config import Settings
from upwell.console import api, deeds, metrics
from upwell.console.answer import Perform, Questions
from upwell.console.assets import Assets
from upwell.console.auth import Forms, login
from upwell.console.grants import Grants
from upwell.console.guard import KnownHosts, Private, SignedIn
from upwell.console.office import Office
from upwell.console.pages import PAGES
from upwell.console.render import Renderer
from upwell.console.vitals import Vitals
from upwell.exposition import CONTENT_TYPE

ENDPOINTS = ("/healthz", "/readyz", "/metrics", "/api/ledger", "/api/reports", "/api/reports/{name}", *(page.path for page in PAGES))


def build(settings: Settings, *, vitals: Callable[[], Vitals], perform: Perform, secret: bytes) -> Starlette:
    """The application. `perform` runs the worker's operations by name; `secret` makes links and forms ours alone."""
    office = Office(settings, vitals, perform, Questions(perform), Grants())
    assets, forms = Assets(), Forms(secret)
    renderer = Renderer(office, assets)
    routes = [
        *_for_monitoring(vitals, lambda: perform("ledger", {})),
        *(Route(page.path, renderer.endpoint(page)) for page in PAGES),
        *api.routes(office),
        *deeds.routes(office, forms, renderer),
        Route("/static/{name}", assets.answer),
    ]
    middleware = [
        Middleware(Private),
        Middleware(KnownHosts, settings=settings.console),
        Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6),
        Middleware(SignedIn, login=login(settings.console, secret), forms=forms),
    ]
    return Starlette(routes=routes, middleware=middleware, exception_handlers={404: renderer.not_found})


def _for_monitoring(vitals: Callable[[], Vitals], ledger: Callable[[], dict[str, Any]]) -> list[Route]:
    def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    def readyz(_request: Request) -> Response:
        failed = [f"{lane.status.lane}: {lane.status.message}" for lane in vitals().every if lane.status.state == "failed"]
        return PlainTextResponse("\n".join(failed) or "ready", 503 if failed else 200)

    def scrape(_request: Request) -> Response:
        return PlainTextResponse(metrics.render(vitals()), media_type=CONTENT_TYPE)

    def sums(_request: Request) -> Response:
        return JSONResponse(ledger())

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", scrape), Route("/api/ledger", sums)]
