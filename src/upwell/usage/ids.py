"""The id of an item: the same whenever and however often it is sent, and different from every other item's.

It is made of what the agent says of the item itself: signal, scope, name, times, trace and span, and the labels that tell it
from others. Never of who sent it, which follows the key, nor of content, which redaction may remove.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from upwell.otlp import Signal
from upwell.usage.hashing import digest, whole_all
from upwell.usage.who import is_identity

if TYPE_CHECKING:
    from upwell.usage.item import Item

_INSTANCE: Final = ("service.instance.id", "session.id", "process.pid")
"""The resource attributes that tell one running agent from another, and no more: policy may change the others at any time."""


_LOGS, _METRICS = Signal.LOGS, Signal.METRICS
_NEVER: Final = frozenset({0, "0"})


class Ids:
    """The ids of one request's items.

    Items without an id of their own can be exactly equal; within a request their number tells them apart. A span has an id:
    the same one twice is the same span.
    """

    def __init__(self) -> None:
        self._seen: dict[bytes, int] = {}

    def of(self, item: Item) -> bytes:
        """The id of an item's first row."""
        origin, get = item.origin, item.raw.get
        trace, span, time = get("traceId") or "", get("spanId") or "", get("timeUnixNano") or 0
        signal = origin.signal
        name = item.name if signal is not _LOGS else item.attributes.get("event.name") or item.name
        common = signal.value, origin.scope, name, get("startTimeUnixNano") or 0, time, trace, span
        if signal is _LOGS:
            seen = (get("observedTimeUnixNano") or 0) if time in _NEVER else 0
            return self._numbered(digest(*common, seen, *whole_all(map(item.attributes.get, item.dialect.keys))))
        if signal is _METRICS:
            return self._numbered(digest(*common, *labels(item)))
        found = digest(*common, get("endTimeUnixNano") or 0)
        return found if trace and span else self._numbered(found)

    def _numbered(self, found: bytes) -> bytes:
        before = self._seen.get(found, 0)
        self._seen[found] = before + 1
        return digest(found, before) if before else found


def labels(item: Item) -> list[object]:
    """All that tells two series of one metric apart, but for who sent them; equal in any order of attributes."""
    resource, told = item.origin.resource, item.attributes
    keys = _label_keys(tuple(told))
    return [*map(resource.get, _INSTANCE), *keys, *whole_all(map(told.get, keys))]


@lru_cache(maxsize=4096)
def _label_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(key for key in keys if key and not is_identity(key)))
