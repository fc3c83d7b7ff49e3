"""Reports for programs: the same answers as the pages', as JSON in the documented shape or as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from upwell import audit
from upwell.audit import EXPORT
from upwell.console.office import Office
from upwell.console.view import View
from upwell.errors import NoSuchEntry, UpwellError

_KNOWN: Final = frozenset({"since", "until", "period", "by", "agent", "team", "model", "format"})


def routes(office: Office) -> list[Route]:
    """`/api/reports` and each report below it."""

    def listed(_request: Request) -> Response:
        try:
            return JSONResponse(office.perform("reports", {}))
        except UpwellError as error:
            return _failed(error)

    def one(request: Request) -> Response:
        query = request.query_params
        more = {name: value for name, value in query.items() if name not in _KNOWN}
        view = View.read(query, office.now().date())
        try:
            grant = office.grants.of(request.state.visit)  # a page's own links to single sessions lead here
            asked = {"name": request.path_params["name"], **view.asked(), "by": query.get("by"), "more": more}
            arguments = {**asked, **(grant.arguments if grant else {})}
            found = office.perform("report", arguments)
            if query.get("format") != "csv":
                return JSONResponse(found)
            visitor = request.state.visitor
            audit.write(
                office.settings.data_dir,
                EXPORT,
                visitor.name,
                report=found["report"],
                since=arguments["since"],
                until=arguments["until"],
                by=arguments["by"],
            )
        except UpwellError as error:
            return _failed(error)
        name = f"{found['report']}-{view.since.isoformat()}-{view.last.isoformat()}.csv"
        return Response(table(found), media_type="text/csv", headers={"content-disposition": f'attachment; filename="{name}"'})

    return [Route("/api/reports", listed), Route("/api/reports/{name}", one)]


def table(answer: Mapping[str, Any]) -> str:
    """An answer as CSV, its column names first. Cells that a spreadsheet would run are quoted as text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [column["name"] for column in answer["columns"]]
    writer.writerow(names)
    for row in answer["rows"]:
        writer.writerow([_cell(row.get(name)) for name in names])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value.isoformat() if isinstance(value, date) else value


def _failed(error: UpwellError) -> Response:
    return JSONResponse(
        {"error": {"code": error.code, "message": error.message, "hint": error.hint}}, 404 if isinstance(error, NoSuchEntry) else 400
    )
