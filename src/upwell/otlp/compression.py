"""Inflating what clients compressed, never past a limit."""

from __future__ import annotations

import zlib

from upwell.errors import Malformed, TooLarge

_GZIP = 16 + zlib.MAX_WBITS

_MAX_MEMBERS = 100
"""Exporters send one. Each further one costs a copy of what follows it: half a million empty ones in ten MB would take hours."""


def inflate(body: bytes, limit: int) -> bytes:
    """The content of a gzip body, of one or several members.

    Raises `TooLarge` as soon as there is more than `limit` bytes of it, `Malformed` for
    what is not gzip, is cut short, fails its checksum or has more than 100 members.
    """
    parts: list[bytes] = []
    room = limit
    for _ in range(_MAX_MEMBERS):
        part, body = _inflate_member(body, room)
        parts.append(part)
        room -= len(part)
        if not body:
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise Malformed(f"a gzip body of more than {_MAX_MEMBERS} members")


def _inflate_member(body: bytes, room: int) -> tuple[bytes, bytes]:
    inflater = zlib.decompressobj(_GZIP)
    try:
        # One byte over the room tells "exactly full" from "too much"; zlib takes 0 for no limit.
        content = inflater.decompress(body, room + 1)
    except zlib.error as error:
        raise Malformed(f"not a gzip body: {error}") from error
    if len(content) > room:
        raise TooLarge("the body is larger than the limit once inflated")
    if not inflater.eof:
        raise Malformed("not a gzip body: it ends before its end mark")
    return content, inflater.unused_data
