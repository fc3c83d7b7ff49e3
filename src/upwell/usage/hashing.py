"""The one hash behind every id of a row and of a series."""

from __future__ import annotations

from hashlib import blake2b

_SEPARATOR = "\x1f"


def digest(*parts: object) -> bytes:
    """16 bytes that stand for these parts in this order. A number and its text are the same, and so are 3 and 3.0."""
    told = _SEPARATOR.join([part if type(part) is str else plain(part) for part in parts])
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def plain(part: object) -> str:
    """A part as text: encodings and agents' versions spell the same number differently."""
    return str(int(part)) if isinstance(part, float) and part.is_integer() else str(part)
