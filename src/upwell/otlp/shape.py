"""What a batch is made of: counting, dating, cutting and joining it, down to the single item.

Items are log records, spans and data points, numbered in document order. Everything here
shares the inner objects with the batch it was given and changes none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from upwell.otlp.model import METRIC_KINDS, Batch, Encoding, Signal
from upwell.otlp.scalars import from_integer

_MAX_TIME = 2**63 - 1
"""The journal's columns are signed; a later time (after 2262) is no time."""


@dataclass(frozen=True, slots=True)
class Survey:
    """A batch in three numbers. Times are Unix ns; `oldest_ns` is 0 where an item carries no time, both are where there is no item."""

    items: int
    oldest_ns: int
    newest_ns: int


@dataclass(frozen=True, slots=True)
class Item:
    """One item with what it hangs under: the resource, the entry of the scope list, and its metric (None but for data points)."""

    resource: dict[str, Any]
    scope: dict[str, Any]
    metric: dict[str, Any] | None
    item: dict[str, Any]


def groups(batch: Batch, signal: Signal) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, list[dict[str, Any]]]]:
    """Resource entry, scope entry, metric or None, and the list of items below them."""
    scope_field, entry_field = signal.scope_field, signal.entry_field
    for resource in batch[signal.resource_field]:
        for scope in resource.get(scope_field) or ():
            entries = scope.get(entry_field) or []
            if signal is not Signal.METRICS:
                yield resource, scope, None, entries
                continue
            for metric in entries:
                yield resource, scope, metric, _points(metric)


def _points(metric: dict[str, Any]) -> list[dict[str, Any]]:
    for kind in METRIC_KINDS:
        data = metric.get(kind)
        if data is not None:
            return data.get("dataPoints") or []
    return []


def count(batch: Batch, signal: Signal) -> int:
    """How many items there are."""
    return sum(len(found) for *_, found in groups(batch, signal))


def items(batch: Batch, signal: Signal) -> Iterator[Item]:
    """Every item, in document order."""
    for resource, scope, metric, found in groups(batch, signal):
        for item in found:
            yield Item(resource.get("resource") or {}, scope, metric, item)


def survey(batch: Batch, signal: Signal) -> Survey:
    """Count and date a batch. A span counts with its start and its end, other items with `timeUnixNano`."""
    first = "startTimeUnixNano" if signal is Signal.TRACES else "timeUnixNano"
    last = "endTimeUnixNano" if signal is Signal.TRACES else "timeUnixNano"
    number, times = 0, set()
    for *_, found in groups(batch, signal):
        number += len(found)
        for item in found:
            times.add(item.get(first) or 0)
            times.add(item.get(last) or 0)
    stamps = [min(from_integer(time), _MAX_TIME) for time in times]
    return Survey(number, min(stamps, default=0), max(stamps, default=0))


def merge(batches: Sequence[Batch], signal: Signal) -> Batch:
    """One batch with the resources of all, in order."""
    field = signal.resource_field
    return {field: [resource for batch in batches for resource in batch[field]]}


def splice(bodies: Sequence[bytes], signal: Signal, encoding: Encoding) -> bytes:
    """The body of the merged batch, from bodies that `encode` wrote, without decoding them."""
    if encoding is Encoding.PROTOBUF:
        return b"".join(bodies)
    head, tail = b'{"%s":[' % signal.resource_field.encode(), b"]}"
    inner = [body[len(head) : -len(tail)] for body in bodies]
    return head + b",".join(part for part in inner if part) + tail
