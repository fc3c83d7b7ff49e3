"""The worker's own HTTP API on `worker.sock`, for the command line: one route, one operation per name.

Who can open the socket may do everything; its file's mode is the only login.
"""

from __future__ import annotations

import json
import logging

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from upwell.errors import NoSuchEntry, UpwellError
from upwell.service import operations
from upwell.service.operations import Desk

_log = logging.getLogger("upwell.service")


def build(desk: Desk) -> Starlette:
    """The application. Operations run in threads: what they do to the books is short, a backup is not."""

    async def operate(request: Request) -> JSONResponse:
        name = request.path_params["name"]
        try:
            arguments = json.loads(await request.body() or b"{}")
            result = await run_in_threadpool(operations.perform, desk, name, arguments)
        except UpwellError as error:
            status = 404 if isinstance(error, NoSuchEntry) else 409
            return JSONResponse({"error": {"code": error.code, "message": error.message, "hint": error.hint}}, status)
        if name in operations.CHANGES:
            _log.info("%s was asked for by the command line", name.replace("_", " "))
        return JSONResponse({"result": result})

    return Starlette(routes=[Route("/operations/{name}", operate, methods=["POST"])])
