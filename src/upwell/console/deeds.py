"""The few things that can be done from a page: replay what is in quarantine, make or revoke a key.

For admins only, from a form of ours only, and each with an audit line that is on disk before the deed is done.
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

from upwell.audit import REPLAY
from upwell.console.auth import Forms, Visitor
from upwell.console.office import Office
from upwell.errors import UpwellError

Given = Mapping[str, str]
Deed = Callable[[Visitor, Given], Response]

_LONGEST: Final = 65536  # bytes of a form


def routes(office: Office, forms: Forms) -> list[Route]:
    """The forms' addresses."""

    def replay(visitor: Visitor, given: Given) -> Response:
        ids = None if given.get("batch") == "all" else [int(given.get("batch", ""))]
        office.audit.write(REPLAY, visitor.name, batches="all" if ids is None else ids)
        office.perform("quarantine_replay", {"ids": ids})
        return RedirectResponse("/delivery", 303)

    return [Route("/delivery/replay", _guarded(replay, forms), methods=["POST"])]


def _guarded(deed: Deed, forms: Forms) -> Any:
    """An endpoint that does a deed for an admin with a form of ours."""

    async def endpoint(request: Request) -> Response:
        visitor: Visitor | None = request.state.visitor
        given = await _form(request)
        if visitor is None or not visitor.admin:
            return PlainTextResponse("Only admins may do this.", 403)
        if not forms.genuine(request.state.visit, given.get("form", ""), request.headers):
            return PlainTextResponse("This form is not of a page that you were shown: go back, reload, and try again.", 403)
        try:
            return await run_in_threadpool(deed, visitor, given)
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
