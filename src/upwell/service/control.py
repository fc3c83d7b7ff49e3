"""The worker's own HTTP API on `worker.sock`, for the command line: one route, one operation per name.

Who can open the socket may do everything; its file's mode is the only login.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from upwell.console import Vitals
from upwell.errors import BooksDamaged, NoSuchEntry, UpwellError
from upwell.otlp.model import Signal
from upwell.service import operations
from upwell.service.desk import Desk

_log = logging.getLogger("upwell.service")


def build(desk: Desk, vitals: Callable[[], Vitals]) -> Starlette:
    """The application. Operations run in threads: what they do to the books is short, a backup is not."""

    def look(_request: Request) -> JSONResponse:
        return JSONResponse({"result": glance(vitals())})

    async def operate(request: Request) -> JSONResponse:
        name = request.path_params["name"]
        try:
            arguments = json.loads(await request.body() or b"{}")
            result = await run_in_threadpool(operations.perform, desk, name, arguments)
        except UpwellError as error:
            if isinstance(error, BooksDamaged) and desk.relay:
                desk.relay.give_up(error)
            return _failure(404 if isinstance(error, NoSuchEntry) else 409, error)
        except Exception as error:  # noqa: BLE001 - the caller is told, and the log where
            _log.exception("%s failed", name.replace("_", " "))
            return _failure(500, UpwellError(f"the worker failed at this ({type(error).__name__})", hint="Its log says where."))
        if name in operations.CHANGES:
            _log.info("%s was asked for by the command line", name.replace("_", " "))
        return JSONResponse({"result": result})

    routes = [Route("/operations/glance", look, methods=["POST"]), Route("/operations/{name}", operate, methods=["POST"])]
    return Starlette(routes=routes)


def _failure(status: int, error: UpwellError) -> JSONResponse:
    return JSONResponse({"error": {"code": error.code, "message": error.message, "hint": error.hint}}, status)


def glance(vitals: Vitals) -> dict[str, Any]:
    """Per signal what `upwell serve` shows on a terminal. With several sinks the one furthest behind counts."""
    return {signal: _signal(vitals, signal) for signal in Signal}


def _signal(vitals: Vitals, signal: Signal) -> dict[str, Any]:
    lanes = [lane for lane in vitals.lanes if lane.status.signal is signal]
    usage = [lane for lane in vitals.usage if lane.status.signal is signal]
    troubled = next((lane.status for lane in (*lanes, *usage) if lane.status.state in ("held", "failed")), None)
    return {
        "accepted": vitals.accepted[signal],
        "delivered": min((lane.status.delivered for lane in lanes), default=None),
        "pending": max((lane.status.pending_items for lane in lanes), default=None),
        "usage": sum(lane.status.delivered for lane in usage) if usage else None,
        "refused": sum(lane.refused for lane in lanes) if lanes else None,
        "trouble": f"{troubled.lane} is {troubled.state}: {troubled.message}" if troubled else None,
    }
