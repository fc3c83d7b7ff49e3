"""Pieces as OTLP/JSON. Items and fields stay as they lie in the journal, those that OTLP does not know with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from msgspec import Raw

from upwell.otlp import METRIC_KINDS
from upwell.sinks.cutting import Fields, Path
from upwell.sinks.frames import Frame, Piece


class JsonScribe:
    """Lists with commas between brackets."""

    separator = b","

    def item(self, path: Path, raw: Raw, changed: dict[str, Any] | None) -> Piece:  # noqa: ARG002 - JSON needs no path
        return raw if changed is None else orjson.dumps(changed)

    def around(self, path: Path, rest: Fields, inside: int) -> tuple[bytes, bytes, int]:  # noqa: ARG002 - nor lengths
        members = [b"%b:%b" % (orjson.dumps(name), bytes(raw)) for name, raw in rest.items()]
        one = path[-1] in METRIC_KINDS  # an object, where all other fields down the path are lists
        opening, closing = (b"", b"}") if one else (b"[", b"]}")
        head = b"{%b:%b" % (b",".join([*members, orjson.dumps(path[-1])]), opening)
        return head, closing, len(head) + len(closing) + len(self.separator)

    def wrap(self, frame: Frame, parts: Sequence[Piece]) -> bytes:
        return b"%b%b%b" % (frame.head, b",".join(parts), frame.tail)
