"""The files that pages load: the style sheet and icon that lie here, and the script that `make up` builds. Nothing comes from elsewhere.

Each has its digest in its address, so that browsers keep it for good and a new version is fetched at once.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

STATIC: Final = Path(__file__).parent / "static"
_FILES: Final = {
    "console.css": ("console.css", "text/css; charset=utf-8"),
    "console.js": ("built/console.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, read once."""

    body: bytes
    packed: bytes
    media_type: str
    digest: str


class Assets:
    """The files under `/static/`."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._found = {name: _read(folder / path, kind) for name, (path, kind) in _FILES.items() if (folder / path).is_file()}

    @property
    def complete(self) -> bool:
        """Whether the script was built: without it pages are readable, and draw no charts."""
        return "console.js" in self._found

    def url(self, name: str) -> str:
        """Where a page finds a file."""
        found = self._found.get(name)
        return f"/static/{name}?{found.digest}" if found else ""

    def answer(self, request: Request) -> Response:
        """A file."""
        found = self._found.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("there is no such file", 404)
        headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.packed, media_type=found.media_type, headers={**headers, "content-encoding": "gzip"})
        return Response(found.body, media_type=found.media_type, headers=headers)


def _read(path: Path, media_type: str) -> Asset:
    body = path.read_bytes()
    return Asset(body, gzip.compress(body, 9), media_type, blake2b(body, digest_size=8).hexdigest())
