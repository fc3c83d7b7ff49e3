"""One row as CloudWatch would get it: its items' times, what each weighs, and the limits it breaks by itself.

Log records go up as JSON and weigh what their stored events do; data points and spans go up
as protobuf and weigh their bytes. An item without a time gets one here, in what is sent as well.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from upwell.journal.rows import Row
from upwell.otlp import Encoding, Signal, decode, to_message
from upwell.sinks.base import Limits
from upwell.sinks.cloudwatch import limits, rules
from upwell.sinks.cloudwatch.flat import context_size, own_size
from upwell.sinks.frames import Pieces, Ruler
from upwell.sinks.json_frames import cut_json
from upwell.sinks.times import LATEST_NS, message_time, record_time, unix_ns
from upwell.sinks.wire_frames import cut_wire


@dataclass(slots=True)
class _Noted:
    """What is found out on the one walk over a row's items."""

    times: array[int] = field(default_factory=lambda: array("q"))
    faults: dict[int, str] = field(default_factory=dict)

    def note(self, time_ns: int, fault: str | None) -> None:
        if fault is not None:
            self.faults[len(self.times)] = fault
        self.times.append(time_ns)


class OpenedRow:
    """`Opened` for all three signals."""

    __slots__ = ("_limit", "_noted", "_pieces", "_ruler", "items")

    def __init__(self, pieces: Pieces, ruler: Ruler, noted: _Noted, limit: int) -> None:
        self.items = len(noted.times)
        self._pieces = pieces
        self._ruler = ruler
        self._noted = noted
        self._limit = limit

    def time_ns(self, item: int) -> int:
        return self._noted.times[item]

    def fault(self, item: int) -> str | None:
        return self._noted.faults.get(item) or self._too_much(item)

    def _too_much(self, item: int) -> str | None:
        weight = self._ruler.weight(item, item + 1)
        return f"alone it makes a request of {weight:,} bytes; CloudWatch takes {self._limit:,}" if weight > self._limit else None

    def weight(self, first: int, last: int) -> int:
        return self._ruler.weight(first, last)

    def fragment(self, first: int, last: int) -> bytes:
        return self._pieces.fragment(first, last)


def open_row(row: Row, bounds: Limits) -> OpenedRow:
    """Decode a row. Raises Malformed for a body that no gateway wrote."""
    batch = decode(row.body, row.signal, Encoding.JSON).batch
    if row.signal is Signal.LOGS:
        noted, ruler = _note_records(batch, row.received_ns, bounds.bytes)
        return OpenedRow(cut_json(batch, Signal.LOGS), ruler, noted, bounds.bytes)
    message = to_message(batch, row.signal)
    noted = _note_points(message, row.received_ns) if row.signal is Signal.METRICS else _note_spans(batch, message, row.received_ns)
    del batch  # of a large row it is ten times the body
    pieces = cut_wire(message, row.signal)
    return OpenedRow(pieces, pieces.ruler(), noted, bounds.bytes)


def _note_records(batch: Mapping[str, Any], received_ns: int, request_bytes: int) -> tuple[_Noted, Ruler]:
    noted, weights = _Noted(), array("q")
    large = request_bytes > limits.LOGS_BYTES
    for resource in batch["resourceLogs"]:
        for scope in resource.get("scopeLogs") or ():
            around, wide = context_size(resource, scope), rules.log_context(resource, scope)
            for record in scope.get("logRecords") or ():
                time_ns = _dated(record, received_ns)
                size = around + own_size(record)
                noted.note(time_ns, wide or rules.event(size, large=large))
                # Of events over the limit a request may have one: no two go where each takes more than half.
                least = request_bytes // 2 + 1 if size > limits.EVENT_TEXT_BYTES else 0
                weights.append(max(least, size + limits.EVENT_BYTES + limits.EVENT_MARGIN))
    return noted, Ruler(weights, ())


def _dated(record: dict[str, Any], received_ns: int) -> int:
    time_ns = record_time(record, received_ns)
    if not unix_ns(record.get("timeUnixNano")):
        record["timeUnixNano"] = str(time_ns)
    return time_ns


def _note_points(message: Any, received_ns: int) -> _Noted:
    noted = _Noted()
    for resource in message.resource_metrics:
        for scope in resource.scope_metrics:
            shared = rules.Shared.of(resource, scope)
            for item in _points(scope):
                item.time_unix_nano = item.time_unix_nano or message_time(item, received_ns)
                noted.note(min(item.time_unix_nano, LATEST_NS), rules.point(item, shared))
    return noted


def _points(scope_metrics: Any) -> Iterator[Any]:
    for metric in scope_metrics.metrics:
        kind = metric.WhichOneof("data")
        if kind is not None:
            yield from getattr(metric, kind).data_points


def _note_spans(batch: Mapping[str, Any], message: Any, received_ns: int) -> _Noted:
    noted = _Noted()
    for entry, resource in zip(batch["resourceSpans"], message.resource_spans, strict=True):
        for scope_entry, scope in zip(entry.get("scopeSpans") or (), resource.scope_spans, strict=True):
            wide = rules.span_context(entry, scope_entry, resource.resource.ByteSize() + scope.scope.ByteSize())
            for item in scope.spans:
                latest = max(item.start_time_unix_nano, item.end_time_unix_nano) or message_time(item, received_ns)
                item.start_time_unix_nano = item.start_time_unix_nano or latest
                item.end_time_unix_nano = item.end_time_unix_nano or latest
                noted.note(min(latest, LATEST_NS), wide or rules.span(item))
    return noted
