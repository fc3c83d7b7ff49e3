"""A batch cut into JSON pieces. Fields that OTLP does not know stay where they are; wrappers without items go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from upwell.otlp import METRIC_KINDS, Batch, Signal
from upwell.sinks.frames import Frame, Pieces

_JsonObject = Mapping[str, Any]


class JsonNotation:
    """Lists with commas between brackets."""

    separator = b","

    def wrap(self, frame: Frame, parts: Sequence[bytes]) -> bytes:
        return b"%b%b%b" % (frame.head, b",".join(parts), frame.tail)


def cut_json(batch: Batch, signal: Signal) -> Pieces:
    """The batch's items and wrappers as OTLP/JSON."""
    return _Cutter(signal).cut(batch)


class _Cutter:
    def __init__(self, signal: Signal) -> None:
        self._signal = signal
        self._items: list[bytes] = []

    def cut(self, batch: Batch) -> Pieces:
        return Pieces(self._items, self._frames(batch, [self._signal.resource_field, self._signal.scope_field]), JsonNotation())

    def _frames(self, holder: _JsonObject, fields: list[str]) -> list[Frame]:
        """A frame for every entry of the list named first, over the lists named after it."""
        entries = holder.get(fields[0]) or ()
        return [frame for entry in entries if (frame := self._frame(entry, fields[1:])) is not None]

    def _frame(self, entry: _JsonObject, below: list[str]) -> Frame | None:
        first = len(self._items)
        if below:
            inner, field = self._frames(entry, below), below[0]
        elif self._signal is Signal.METRICS:
            inner = [frame for metric in entry.get("metrics") or () if (frame := self._metric(metric)) is not None]
            field = "metrics"
        else:
            inner, field = [], self._signal.entry_field
            self._take(entry.get(field))
        return self._close(first, _open(entry, (field,), field), b"]}", inner)

    def _metric(self, metric: _JsonObject) -> Frame | None:
        kind = next((kind for kind in METRIC_KINDS if metric.get(kind) is not None), None)
        if kind is None:
            return None
        first = len(self._items)
        self._take(metric[kind].get("dataPoints"))
        head = _open(metric, METRIC_KINDS, kind)[:-1] + _open(metric[kind], ("dataPoints",), "dataPoints")
        return self._close(first, head, b"]}}", [])

    def _take(self, items: Sequence[Any] | None) -> None:
        self._items += map(orjson.dumps, items or ())

    def _close(self, first: int, head: bytes, tail: bytes, inner: list[Frame]) -> Frame | None:
        last = len(self._items)
        if first == last:
            return None
        return Frame(first, last, head, len(head) + len(tail) + len(JsonNotation.separator), tail, tuple(inner))


def _open(entry: _JsonObject, without: Sequence[str], field: str) -> bytes:
    rest = {name: value for name, value in entry.items() if name not in without}
    return b'%b%b"%b":[' % (orjson.dumps(rest)[:-1], b"," if rest else b"", field.encode())
