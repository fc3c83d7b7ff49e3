"""Turns a page's context into HTML. Templates escape everything; the Content-Security-Policy allows no styles or scripts in them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from upwell import __version__
from upwell.console import drawing, numbers
from upwell.console.assets import Assets
from upwell.console.office import Context, Office, Visit
from upwell.console.pages import PAGES
from upwell.console.pages.page import Page
from upwell.console.view import FILTERS, PERIODS, View
from upwell.errors import UpwellError

_PAGE_SECONDS = 0.3
"""How long a page waits for figures; what is still counted then follows by itself."""

_FILTER_WORDS = {"team": ("Team", "All teams"), "agent": ("Agent", "All agents"), "model": ("Model", "All models")}


class Renderer:
    """Pages as answers."""

    def __init__(self, office: Office, assets: Assets) -> None:
        self._office = office
        self._assets = assets
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(n=numbers, d=drawing, asset=assets.url, complete=assets.complete, version=__version__, pages=PAGES)

    def endpoint(self, page: Page) -> Callable[[Request], Response]:
        """The handler of a page."""

        def show(request: Request) -> Response:
            return self.page(page, request)

        return show

    def page(self, page: Page, request: Request, status: int = 200, **extra: Any) -> Response:
        """A page, with what a deed adds to it."""
        visit, left_out = self.visit(page, request), []
        try:
            context = page.make(visit)
            while context.get("instead") == "withheld" and (name := visit.view.narrowest):
                left_out.append(name)
                visit = replace(visit, view=visit.view.without(name))
                context = page.make(visit)
        except UpwellError as error:
            return self._html("broken.html", page, visit, request, {"error": error}, 503)
        return self._html(
            page.template, page, visit, request, {**context, "left_out": left_out, **extra}, int(context.get("status", status))
        )

    def not_found(self, request: Request, _error: Exception) -> Response:
        """An address that is not there."""
        if request.url.path.startswith("/api/"):
            return Response('{"error": "there is nothing here"}', 404, media_type="application/json")
        return self._html("lost.html", None, self.visit(None, request), request, {}, 404)

    def visit(self, page: Page | None, request: Request) -> Visit:
        """A request for a page, as its function gets it."""
        view = View.read(request.query_params, self._office.now().date(), more=page.more if page else ())
        visitor = getattr(request.state, "visitor", None)
        return Visit(
            self._office,
            view,
            visitor,
            {**request.query_params, **request.path_params},
            request.headers.get("host", ""),
            page.path if page else "/",
            getattr(request.state, "visit", ""),
            time.monotonic() + _PAGE_SECONDS,
        )

    def _html(self, template: str, page: Page | None, visit: Visit, request: Request, context: Context, status: int) -> Response:
        common = {
            "page": page,
            "view": visit.view,
            "visitor": visit.visitor,
            "office": self._office,
            "form": getattr(request.state, "form", ""),
            "filters": _filters(visit) if page and page.filters else [],
            "periods": PERIODS,
            "still": False,
            "waiting": bool(visit.pending),
            "instead": "",
            "figures": [],
            "notes": [],
            "left_out": [],
        }
        return HTMLResponse(self._templates.get_template(template).render({**common, **context}), status)


def _filters(visit: Visit) -> list[Context]:
    found = []
    for name in FILTERS:
        title, everything = _FILTER_WORDS[name]
        chosen = getattr(visit.view, name)
        options = [(value, drawing.agent_name(value) if name == "agent" else value, value == chosen) for value in visit.choices(name)]
        found.append({"name": name, "title": title, "everything": everything, "options": options})
    return found
