"""A journaled body cut into pieces, one item in hand at a time: decoded whole, a row takes thirty times its bytes.

A scribe writes the pieces in one encoding; an inspector looks at every item, and may date it, before it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

import msgspec
import orjson
from msgspec import Raw

from upwell.errors import Malformed
from upwell.otlp import METRIC_KINDS, Signal
from upwell.sinks.frames import Frame, Notation, Piece, Pieces

Fields: TypeAlias = dict[str, Raw]
"""An object of the body, its fields unread."""

Path: TypeAlias = tuple[str, ...]
"""Field names from the request downwards."""

_NULL = b"null"
_object = msgspec.json.Decoder(Fields)
_objects = msgspec.json.Decoder(list[Fields])
_raws = msgspec.json.Decoder(list[Raw])


class Inspector(Protocol):
    """Looks at a row's items in document order."""

    def enter(self, resource: Mapping[str, Any], scope: Mapping[str, Any]) -> None:
        """The items that follow lie in these entries, which are given without their lists."""

    def see(self, item: dict[str, Any]) -> bool:
        """Look at an item. True where something in it was changed."""
        ...


class Scribe(Notation, Protocol):
    """Writes pieces. `path` ends with the list that an item is in, or that a wrapper is around."""

    def item(self, path: Path, raw: Raw, changed: dict[str, Any] | None) -> Piece: ...

    def around(self, path: Path, rest: Fields, inside: int) -> tuple[bytes, bytes, int]:
        """Head, tail and overhead of a wrapper with the fields `rest` and `inside` bytes in its list."""
        ...


def cut(body: bytes, signal: Signal, scribe: Scribe, inspector: Inspector) -> Pieces:
    """The body's items and wrappers; wrappers without items are left out. Raises Malformed."""
    cutter = _Cutter(signal, scribe, inspector)
    try:
        frames = cutter.resources(body)
    except (msgspec.DecodeError, orjson.JSONDecodeError) as error:
        raise Malformed(f"not an OTLP/JSON {signal} request: {error}") from error
    return Pieces(cutter.items, frames, scribe)


class _Mark(NamedTuple):
    items: int
    bytes: int


class _Cutter:
    def __init__(self, signal: Signal, scribe: Scribe, inspector: Inspector) -> None:
        self.items: list[Piece] = []
        self._bytes = 0
        self._signal = signal
        self._scribe = scribe
        self._inspector = inspector

    def resources(self, body: bytes) -> list[Frame]:
        path = (self._signal.resource_field,)
        return [frame for entry in _entries(_object.decode(body), path[-1]) if (frame := self._resource(path, entry))]

    def _resource(self, above: Path, entry: Fields) -> Frame | None:
        mark, path = self._mark(), (*above, self._signal.scope_field)
        resource = _read(entry, path[-1])
        inner = [frame for scope in _entries(entry, path[-1]) if (frame := self._scope(path, scope, resource))]
        return self._close(mark, path, entry, inner)

    def _scope(self, above: Path, entry: Fields, resource: Mapping[str, Any]) -> Frame | None:
        mark, path = self._mark(), (*above, self._signal.entry_field)
        self._inspector.enter(resource, _read(entry, path[-1]))
        inner: list[Frame] = []
        if self._signal is Signal.METRICS:
            inner = [frame for metric in _entries(entry, path[-1]) if (frame := self._metric(path, metric))]
        else:
            self._take(path, entry)
        return self._close(mark, path, entry, inner)

    def _metric(self, above: Path, entry: Fields) -> Frame | None:
        kind = next((kind for kind in METRIC_KINDS if kind in entry and not _empty(entry[kind])), None)
        if kind is None:
            return None
        mark, path = self._mark(), (*above, kind, "dataPoints")
        data = _object.decode(entry[kind])
        self._take(path, data)
        inner = self._close(mark, path, data, [])
        rest = {name: value for name, value in entry.items() if name not in METRIC_KINDS}
        return self._close(mark, path[:-1], rest, [inner]) if inner else None

    def _take(self, path: Path, entry: Fields) -> None:
        raws = entry.get(path[-1])
        for raw in () if raws is None or _empty(raws) else _raws.decode(raws):
            item = orjson.loads(memoryview(raw))
            changed = self._inspector.see(item)
            piece = self._scribe.item(path, raw, item if changed else None)
            self.items.append(piece)
            self._bytes += len(piece) + len(self._scribe.separator)

    def _mark(self) -> _Mark:
        return _Mark(len(self.items), self._bytes)

    def _close(self, mark: _Mark, path: Path, entry: Fields, inner: list[Frame]) -> Frame | None:
        if mark.items == len(self.items):
            return None
        rest = {name: value for name, value in entry.items() if name != path[-1]}
        head, tail, overhead = self._scribe.around(path, rest, self._bytes - mark.bytes)
        self._bytes += overhead
        return Frame(mark.items, len(self.items), head, tail, overhead, tuple(inner))


def _entries(entry: Fields, name: str) -> list[Fields]:
    raw = entry.get(name)
    return [] if raw is None or _empty(raw) else _objects.decode(raw)


def _read(entry: Fields, without: str) -> dict[str, Any]:
    return {name: orjson.loads(memoryview(raw)) for name, raw in entry.items() if name != without}


def _empty(raw: Raw) -> bool:
    return len(raw) == len(_NULL) and bytes(raw) == _NULL
