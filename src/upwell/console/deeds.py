"""The few things that can be done from a page: replay what is in quarantine, make a key, show whose keys there are, open sessions.

From a form of ours only; what changes or reveals something is for admins, with an audit line that is on disk before it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from upwell import audit
from upwell.audit import KEY, REPLAY, REVEAL
from upwell.console.auth import Forms, Visitor
from upwell.console.office import Office
from upwell.console.pages import DELIVERY, SETUP
from upwell.console.pages.setup import blocks
from upwell.console.render import Renderer
from upwell.errors import UpwellError
from upwell.identity import Keys

Given = Mapping[str, str]
Deed = Callable[[Request, Visitor, Given], Response]

_LONGEST: Final = 65536  # bytes of a form
_SHORTEST, _REASON = 5, 200  # characters of a reason


def routes(office: Office, forms: Forms, renderer: Renderer) -> list[Route]:
    """The forms' addresses."""

    def replay(_request: Request, visitor: Visitor, given: Given) -> Response:
        ids = None if given.get("batch") == "all" else [int(given.get("batch", ""))]
        audit.write(office.settings.data_dir, REPLAY, visitor.name, batches="all" if ids is None else ids)
        office.perform("quarantine_replay", {"ids": ids})
        return RedirectResponse("/delivery", 303)

    def reveal(request: Request, visitor: Visitor, given: Given) -> Response:
        reason = given.get("reason", "").strip()
        if office.settings.console.reveal == "off":
            return PlainTextResponse("[console] reveal is off: names are not shown.", 403)
        if len(reason) < _SHORTEST:
            return PlainTextResponse("Names are shown for a reason: say it in a few words.", 400)
        audit.write(office.settings.data_dir, REVEAL, visitor.name, what="keys", reason=reason[:_REASON])
        found = office.perform("senders", {"names": True})
        return renderer.page(DELIVERY, request, senders=found, names=_names(found), still=True)

    def make_key(request: Request, visitor: Visitor, given: Given) -> Response:
        with Keys(office.settings.data_dir / "keys.db") as keys:
            new = keys.add(given.get("person", "").strip() or None, given.get("team", "").strip() or None)
            try:
                audit.write(office.settings.data_dir, KEY, visitor.name, act="add", key=new.key.id, team=new.key.team)
            except UpwellError:
                keys.revoke(new.key.id)
                raise
        agent = given.get("agent", "")
        return renderer.page(SETUP, request, **blocks(renderer.visit(SETUP, request), agent, new.secret_text, new.key.id), waiting=False)

    def open_sessions(request: Request, visitor: Visitor, given: Given) -> Response:
        key, reason = given.get("key", "").strip(), given.get("reason", "").strip()
        if key:
            office.grants.own(request.state.visit, key)
        elif visitor.admin and office.settings.console.reveal == "reason" and len(reason) >= _SHORTEST:
            office.grants.reveal(request.state.visit, visitor.name, reason[:_REASON])
        return RedirectResponse("/sessions", 303)

    def close_sessions(request: Request, _visitor: Visitor, _given: Given) -> Response:
        office.grants.end(request.state.visit)
        return RedirectResponse("/sessions", 303)

    anybodys = {"/sessions/open": open_sessions, "/sessions/close": close_sessions}
    deeds = {"/delivery/replay": replay, "/delivery/reveal": reveal, "/setup/key": make_key}
    return [
        *(Route(path, _guarded(deed, forms, admins=True), methods=["POST"]) for path, deed in deeds.items()),
        *(Route(path, _guarded(deed, forms, admins=False), methods=["POST"]) for path, deed in anybodys.items()),
    ]


def _names(found: Mapping[str, Any]) -> dict[str, str]:
    return {row["id"]: row["person"] for row in found["keys"] if row.get("person")}


def _guarded(deed: Deed, forms: Forms, *, admins: bool) -> Any:
    """An endpoint that does a deed for who signed in, or for an admin, with a form of ours."""

    async def endpoint(request: Request) -> Response:
        visitor: Visitor | None = request.state.visitor
        given = await _form(request)
        if visitor is None or (admins and not visitor.admin):
            return PlainTextResponse("Only admins may do this.", 403)
        if not forms.genuine(request.state.visit, given.get("form", ""), request.headers):
            return PlainTextResponse("This form is not of a page that you were shown: go back, reload, and try again.", 403)
        try:
            return await run_in_threadpool(deed, request, visitor, given)
        except UpwellError as error:
            return PlainTextResponse(f"{error.message}\n{error.hint}\n", 409)
        except ValueError:
            return PlainTextResponse("The form is not filled in as its page had it.", 400)

    return endpoint


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST:
            return {}
    with suppress(ValueError):  # a hundred fields are none of ours
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=100))
    return {}
