"""One row as CloudWatch would get it: its items' times, what each weighs, and the limits it breaks by itself.

Log records go up as JSON and weigh what their stored events do; data points and spans go up
as protobuf and weigh their bytes. An item without a time gets one here, in what is sent as well.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any

from upwell.journal.rows import Row
from upwell.otlp import Signal
from upwell.otlp.wire import varint
from upwell.sinks.base import Limits
from upwell.sinks.cloudwatch import limits, rules
from upwell.sinks.cloudwatch.flat import context_size, own_size
from upwell.sinks.cutting import cut
from upwell.sinks.frames import Pieces, Ruler
from upwell.sinks.json_scribe import JsonScribe
from upwell.sinks.times import item_time, unix_ns
from upwell.sinks.wire_scribe import WireScribe

_Object = Mapping[str, Any]


class OpenedRow:
    """`Opened` for all three signals."""

    __slots__ = ("_faults", "_limit", "_pieces", "_ruler", "_times", "items")

    def __init__(self, pieces: Pieces, ruler: Ruler, times: array[int], faults: Mapping[int, str], limit: int) -> None:
        self.items = len(times)
        self._pieces = pieces
        self._ruler = ruler
        self._times = times
        self._faults = faults
        self._limit = limit

    def time_ns(self, item: int) -> int:
        return self._times[item]

    def fault(self, item: int) -> str | None:
        return self._faults.get(item) or self._too_much(item)

    def _too_much(self, item: int) -> str | None:
        weight = self._ruler.weight(item, item + 1)
        return f"alone it makes a request of {weight:,} bytes; CloudWatch takes {self._limit:,}" if weight > self._limit else None

    def weight(self, first: int, last: int) -> int:
        return self._ruler.weight(first, last)

    def fragment(self, first: int, last: int) -> bytes:
        return self._pieces.fragment(first, last)


def open_row(row: Row, bounds: Limits) -> OpenedRow:
    """Cut a row up. Raises Malformed for a body that no gateway wrote."""
    if row.signal is Signal.LOGS:
        records = _Records(row.received_ns, bounds.bytes)
        pieces = cut(row.body, row.signal, JsonScribe(), records)
        return OpenedRow(pieces, Ruler(records.weights, ()), records.times, records.faults, bounds.bytes)
    look = _Points(row.received_ns) if row.signal is Signal.METRICS else _Spans(row.received_ns)
    pieces = cut(row.body, row.signal, WireScribe(row.signal), look)
    faults = look.faults if row.signal is Signal.METRICS else {**_large_spans(pieces), **look.faults}
    return OpenedRow(pieces, pieces.ruler(), look.times, faults, bounds.bytes)


class _Looker:
    """What the inspectors have in common: times and faults, by item."""

    def __init__(self, received_ns: int) -> None:
        self.times = array("q")
        self.faults: dict[int, str] = {}
        self._received_ns = received_ns

    def _note(self, time_ns: int, fault: str | None) -> None:
        if fault is not None:
            self.faults[len(self.times)] = fault
        self.times.append(time_ns)

    def _date(self, item: dict[str, Any], field: str) -> tuple[int, bool]:
        """An item's time, and whether it had to be given one."""
        own = unix_ns(item.get(field))
        if own:
            return own, False
        time_ns = item_time(item, self._received_ns)
        item[field] = str(time_ns)
        return time_ns, True


class _Records(_Looker):
    def __init__(self, received_ns: int, request_bytes: int) -> None:
        super().__init__(received_ns)
        self.weights = array("q")
        self._request_bytes = request_bytes
        self._large = request_bytes > limits.LOGS_BYTES
        self._around = 0
        self._wide: str | None = None

    def enter(self, resource: _Object, scope: _Object) -> None:
        self._around, self._wide = context_size(resource, scope), rules.log_context(resource, scope)

    def see(self, item: dict[str, Any]) -> bool:
        time_ns, changed = self._date(item, "timeUnixNano")
        size = self._around + own_size(item)
        self._note(time_ns, self._wide or rules.event(size, large=self._large))
        # Of events over the limit a request may have one: no two go where each takes more than half.
        least = self._request_bytes // 2 + 1 if size > limits.EVENT_TEXT_BYTES else 0
        self.weights.append(max(least, size + limits.EVENT_BYTES + limits.EVENT_MARGIN))
        return changed


class _Points(_Looker):
    _shared = rules.Labels()

    def enter(self, resource: _Object, scope: _Object) -> None:
        below_resource, below_scope = resource.get("resource") or {}, scope.get("scope") or {}
        self._shared = rules.Labels.of(below_resource.get("attributes")) + rules.Labels.of(below_scope.get("attributes"))

    def see(self, item: dict[str, Any]) -> bool:
        time_ns, changed = self._date(item, "timeUnixNano")
        self._note(time_ns, rules.labels(self._shared + rules.Labels.of(item.get("attributes"))))
        return changed


class _Spans(_Looker):
    _wide: str | None = None

    def enter(self, resource: _Object, scope: _Object) -> None:
        self._wide = rules.span_context(resource, scope)

    def see(self, item: dict[str, Any]) -> bool:
        start, end = unix_ns(item.get("startTimeUnixNano")), unix_ns(item.get("endTimeUnixNano"))
        latest = max(start, end) or item_time(item, self._received_ns)
        if not start:
            item["startTimeUnixNano"] = str(latest)
        if not end:
            item["endTimeUnixNano"] = str(latest)
        self._note(latest, self._wide or rules.span_length(start or latest, end or latest))
        return not (start and end)


def _large_spans(pieces: Pieces) -> dict[int, str]:
    faults = {}
    for number, piece in enumerate(pieces.items):
        content = len(piece) - len(b"\x12") - len(varint(len(piece)))
        if fault := rules.span_size(content):
            faults[number] = fault
    return faults
