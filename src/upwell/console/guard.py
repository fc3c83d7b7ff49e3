"""What stands before every page: the host's name, who is asking, and the headers that keep a page to itself."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from html import escape
from typing import Final
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from upwell.config import Console, split_address
from upwell.console.auth import COOKIE, Forms, Links, Login

VISIT: Final = "upwell-visit"

OPEN: Final = frozenset({"/healthz", "/readyz", "/privacy"})
"""What needs no login: probes, and the page that tells people what is kept about them."""

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_DAYS: Final = 30 * 86400
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none at all, browsers send forms without their origin
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


_ENTRANCE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Upwell</title><link rel="icon" href="/static/icon.svg">
<meta http-equiv="refresh" content="0; url={path}"><p><a href="{path}">Open the console</a></p></html>"""


class KnownHosts:
    """Refuses requests that were made under a name which is not ours.

    A page that points a name of its own at this machine (DNS rebinding) is told apart by its Host header.
    """

    def __init__(self, app: ASGIApp, settings: Console) -> None:
        self._app = app
        self._names = _LOCAL | {split_address(settings.listen)[0].lower()} | {name.lower() for name in settings.hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421."""
        if scope["type"] != "http" or _host(scope) in self._names:
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse("this is not the host you asked for", 421)(scope, receive, send)


class Private:
    """Adds the headers under which a browser loads nothing from elsewhere and keeps no page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, sent)


class SignedIn:
    """Finds out who is asking, and turns away who may not look. `scope["state"]` then has `visitor`, `visit` and `form`."""

    def __init__(self, app: ASGIApp, login: Login, forms: Forms) -> None:
        self._app = app
        self._login = login
        self._forms = forms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, sign a link's holder in, or answer 401."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        if (entered := self._enter(request)) is not None:
            await entered(scope, receive, send)
            return
        visitor = self._login.visitor(request)
        if visitor is None and not _is_open(scope, request):
            await _turned_away(self._login.help)(scope, receive, send)
            return
        visit = request.cookies.get(VISIT) or secrets.token_hex(16)
        scope.setdefault("state", {}).update(visitor=visitor, visit=visit, form=self._forms.value(visit))
        await self._app(scope, receive, self._remembering(request, visit, send))

    def _enter(self, request: HTTPConnection) -> Response | None:
        """The answer to a link: its token becomes a cookie, and leaves the address."""
        given = request.query_params.get("token")
        if given is None or not isinstance(self._login, Links) or self._login.role(given) is None:
            return None
        rest = {name: values for name, values in parse_qs(request.url.query).items() if name != "token"}
        query = urlencode(rest, doseq=True)
        # a page instead of a redirect: to a redirected link from elsewhere, browsers do not add a strict cookie
        answer = HTMLResponse(entrance(request.url.path, query))
        answer.set_cookie(COOKIE, given, max_age=_DAYS, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    @staticmethod
    def _remembering(request: HTTPConnection, visit: str, send: Send) -> Send:
        if VISIT in request.cookies or request.url.path.startswith(("/static/", "/api/", "/healthz", "/readyz", "/metrics")):
            return send

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookie = f"{VISIT}={visit}; Path=/; HttpOnly; SameSite=Strict"
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        return sent


def entrance(path: str, query: str) -> str:
    """The page that leads on to a path of ours."""
    return _ENTRANCE.format(path=escape("/" + path.lstrip("/") + (f"?{query}" if query else "")))


def _is_open(scope: Scope, request: HTTPConnection) -> bool:
    path = scope["path"]
    return path in OPEN or path.startswith("/static/") or (path == "/metrics" and _is_this_machine(request))


def _is_this_machine(request: HTTPConnection) -> bool:
    """Whether a scraper on this machine asks: the metrics say nothing of people, and proxies send a forwarding header."""
    if _forwarded(request.headers):
        return False
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False


def _forwarded(names: Iterable[str]) -> bool:
    return any(name.lower().startswith(("x-forwarded", "forwarded", "x-real-ip", "via")) for name in names)


def _turned_away(help_text: str) -> Response:
    return PlainTextResponse(f"You are not signed in.\n{help_text}\n", 401)


def _host(scope: Scope) -> str:
    values = [value for name, value in scope["headers"] if name == b"host"]
    value = values[0].decode("latin-1").lower() if len(values) == 1 else ""
    name = value.rpartition("]")[0].lstrip("[") if value.startswith("[") else value.partition(":")[0]
    return str(name)
