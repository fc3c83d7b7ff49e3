"""What a batch is made of: counting, dating, cutting and joining it, down to the single item.

Items are log records, spans and data points, numbered in document order. Everything here
shares the inner objects with the batch it was given and changes none of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple, TypeAlias

from upwell.otlp.model import METRIC_KINDS, Batch, Encoding, Signal
from upwell.otlp.scalars import from_integer

_MAX_TIME = 2**63 - 1
"""The journal's columns are signed; a later time (after 2262) is no time."""

_METRICS, _TRACES = Signal.METRICS, Signal.TRACES  # an enum's members are slow to reach through its class, and this is asked for each item
_ITEM_TIME = ("timeUnixNano",)
_SPAN_TIMES = ("startTimeUnixNano", "endTimeUnixNano")


class Survey(NamedTuple):  # made for every request, and a frozen dataclass takes three times as long
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


_Group: TypeAlias = tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, list[dict[str, Any]]]
"""Resource entry, scope entry, metric or None, and the items below them."""


def _groups(batch: Batch, signal: Signal) -> Iterator[_Group]:
    scope_field, entry_field = signal.scope_field, signal.entry_field
    for resource in batch[signal.resource_field]:
        for scope in resource.get(scope_field) or ():
            entries = scope.get(entry_field) or []
            if signal is not _METRICS:
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


def _with_points(metric: dict[str, Any], points: list[dict[str, Any]]) -> dict[str, Any]:
    kind = next(kind for kind in METRIC_KINDS if metric.get(kind) is not None)
    return {**metric, kind: {**metric[kind], "dataPoints": points}}


def count(batch: Batch, signal: Signal) -> int:
    """How many items there are."""
    return sum(len(found) for *_, found in _groups(batch, signal))


def items(batch: Batch, signal: Signal) -> Iterator[Item]:
    """Every item, in document order."""
    for resource, scope, metric, found in _groups(batch, signal):
        for item in found:
            yield Item(resource.get("resource") or {}, scope, metric, item)


def survey(batch: Batch, signal: Signal) -> Survey:
    """Count and date a batch. A span counts with its start and its end, other items with `timeUnixNano`."""
    fields = _SPAN_TIMES if signal is _TRACES else _ITEM_TIME
    number = 0
    times: set[Any] = set()
    for *_, found in _groups(batch, signal):
        number += len(found)
        for field in fields:
            times.update([item.get(field) for item in found])
    stamps = _stamps(times)
    return Survey(number, min(stamps, default=0), max(stamps, default=0))


def _stamps(times: Iterable[Any]) -> list[int]:
    try:
        stamps = [int(time) if time else 0 for time in times]
    except ValueError:  # a spelling that only from_integer reads; its call would double the cost of all others
        stamps = [from_integer(time) if time else 0 for time in times]
    return stamps if max(stamps, default=0) <= _MAX_TIME else [min(stamp, _MAX_TIME) for stamp in stamps]


def merge(batches: Sequence[Batch], signal: Signal) -> Batch:
    """One batch with the resources of all, in order."""
    field = signal.resource_field
    return {field: [resource for batch in batches for resource in batch[field]]}


def select(batch: Batch, signal: Signal, first: int, last: int) -> Batch:
    """The items [first, last), with the wrappers that they need and no others."""
    return _assemble(_slices(_groups(batch, signal), first, last), signal)


def split(batch: Batch, signal: Signal, max_items: int) -> list[Batch]:
    """The batch in pieces of at most `max_items`, in order; a batch without items gives none."""
    groups = [group for group in _groups(batch, signal) if group[3]]
    starts = list(accumulate((len(found) for *_, found in groups), initial=0))
    pieces = []
    for first in range(0, starts[-1], max_items):
        near = slice(bisect_right(starts, first) - 1, bisect_left(starts, first + max_items))
        offset = first - starts[near.start]
        pieces.append(_assemble(_slices(groups[near], offset, offset + max_items), signal))
    return pieces


def _slices(groups: Iterable[_Group], first: int, last: int) -> Iterator[_Group]:
    position = 0
    for resource, scope, metric, found in groups:
        if position >= last:
            return
        part = found[max(first - position, 0) : last - position]
        if part:
            yield resource, scope, metric, part
        position += len(found)


def _assemble(groups: Iterable[_Group], signal: Signal) -> Batch:
    """Wrap groups again, neighbours of one resource and one scope together."""
    resources: list[dict[str, Any]] = []
    scopes: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    resource_in_hand = scope_in_hand = None
    for resource, scope, metric, found in groups:
        if resource is not resource_in_hand:
            resource_in_hand, scope_in_hand, scopes = resource, None, []
            resources.append({**resource, signal.scope_field: scopes})
        if scope is not scope_in_hand:
            scope_in_hand, entries = scope, []
            scopes.append({**scope, signal.entry_field: entries})
        entries.extend(found if metric is None else [_with_points(metric, found)])
    return {signal.resource_field: resources}


def splice(bodies: Sequence[bytes], signal: Signal, encoding: Encoding) -> bytes:
    """The body of the merged batch, from bodies that `encode` wrote, without decoding them."""
    if encoding is Encoding.PROTOBUF:
        return b"".join(bodies)
    head, tail = b'{"%s":[' % signal.resource_field.encode(), b"]}"
    inner = [body[len(head) : -len(tail)] for body in bodies]
    return head + b",".join(part for part in inner if part) + tail
