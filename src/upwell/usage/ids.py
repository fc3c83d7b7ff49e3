"""The id of an item: the same whenever and however often it is sent, and different from every other item's.

It is made of what the agent says of the item itself: signal, scope, name, times, trace and span, and the labels that tell it
from others. Never of who sent it, which follows the key, nor of content, which redaction may remove.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from upwell.otlp import Signal
from upwell.usage.casts import nanoseconds
from upwell.usage.hashing import digest, plain
from upwell.usage.who import is_identity

if TYPE_CHECKING:
    from upwell.usage.item import Item

_INSTANCE: Final = ("service.instance.id", "session.id", "process.pid")
"""The resource attributes that tell one running agent from another, and no more: policy may change the others at any time."""

_is_identity = lru_cache(maxsize=4096)(is_identity)


class Ids:
    """The ids of one request's items.

    Items without an id of their own can be exactly equal; within a request their number tells them apart. A span has an id:
    the same one twice is the same span.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def of(self, item: Item) -> bytes:
        raw, signal = item.raw, item.origin.signal
        trace, span = (raw.get("traceId") or "").lower(), (raw.get("spanId") or "").lower()
        start, time = nanoseconds(raw.get("startTimeUnixNano")), nanoseconds(raw.get("timeUnixNano"))
        common = signal, item.origin.scope, item.name, start, time, trace, span
        if signal is Signal.TRACES:
            found = digest(*common, nanoseconds(raw.get("endTimeUnixNano")))
            return found if trace and span else self._numbered(found)
        if signal is Signal.METRICS:
            return self._numbered(digest(*common, *labels(item)))
        seen = 0 if time else nanoseconds(raw.get("observedTimeUnixNano"))
        return self._numbered(digest(*common, seen, *map(item.attributes.get, item.dialect.keys)))

    def _numbered(self, found: bytes) -> bytes:
        before = self._seen.get(found, 0)
        self._seen[found] = before + 1
        return digest(found, before) if before else found


def labels(item: Item) -> list[str]:
    """All that tells two series of one metric apart, but for who sent them; equal in any order of attributes."""
    resource = item.origin.resource
    told = [plain(resource.get(name)) for name in _INSTANCE]
    for key in sorted(item.attributes):
        if not _is_identity(key):
            told += key, plain(item.attributes[key])
    return told
