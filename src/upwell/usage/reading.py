"""One batch in, its usage out: every item is read by the first dialect that knows it.

Dialects are asked in this order: those that the scope's name points to, the item's name, `service.name`, and last the
general GenAI conventions. What nobody knows is counted by name, never dropped in silence. Nothing is remembered from batch
to batch, so that a batch read again gives the same rows with the same ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from upwell.otlp import METRIC_KINDS, Batch, Signal
from upwell.usage import measures
from upwell.usage.casts import attributes, text
from upwell.usage.dialects import DIALECTS
from upwell.usage.dialects.base import Dialect, Measure, nothing
from upwell.usage.events import CumulativePoint, Reading, UsageEvent
from upwell.usage.ids import Ids
from upwell.usage.item import Item, Origin
from upwell.usage.prices import Prices

_NAME_LIMIT: Final = 80
_NAMES_COUNTED: Final = 200
"""Names come from clients: beyond this many unrecognised ones in a batch, the rest are counted together."""

_GENERAL: Final = DIALECTS[-1]
_Row: TypeAlias = UsageEvent | CumulativePoint


def read(batch: Batch, signal: Signal, *, key_id: str, received_ns: int, prices: Prices) -> Reading:
    """What a batch says. `key_id` is the key that it came in with, `received_ns` when; neither is in any id."""
    findings, ids = _Findings(), Ids()
    for entry in batch.get(signal.resource_field) or ():
        resource = attributes((entry.get("resource") or {}).get("attributes"))
        for scope_entry in entry.get(signal.scope_field) or ():
            scope = text((scope_entry.get("scope") or {}).get("name")) or ""
            origin = Origin(resource, scope, signal, ids, key_id, received_ns, prices)
            entries = scope_entry.get(signal.entry_field) or ()
            if _says_nothing(scope, signal):
                findings.not_usage += _count(entries, signal)
                continue
            for item in _items(origin, entries):
                findings.add(item)
    return findings.reading()


class _Findings:
    """What has been read of one batch so far."""

    def __init__(self) -> None:
        self._events: list[UsageEvent] = []
        self._points: list[CumulativePoint] = []
        self._further: list[bytes] = []
        self._usage_items = 0
        self.not_usage = 0
        self._unrecognised: Counter[str] = Counter()

    def add(self, item: Item) -> None:
        """Read one more item."""
        origin = item.origin
        owner: Dialect | None = None
        for dialect in _asked(origin.scope, origin.service, item.name):
            if dialect.only_if is not None and not dialect.only_if(item):
                continue
            owner = owner or dialect
            item.dialect = dialect
            rows = _rows(item, dialect)
            if rows is not None:
                self._keep(rows)
                return
        label = _label(item, owner or _GENERAL)
        self._unrecognised[label if label in self._unrecognised or len(self._unrecognised) < _NAMES_COUNTED else "others"] += 1

    def reading(self) -> Reading:
        return Reading(
            events=tuple(self._events),
            points=tuple(self._points),
            usage_items=self._usage_items,
            not_usage=self.not_usage,
            unrecognised=dict(self._unrecognised),
            further=frozenset(self._further),
        )

    def _keep(self, rows: Sequence[_Row]) -> None:
        if not rows:
            self.not_usage += 1
            return
        self._usage_items += 1
        for number, row in enumerate(rows):
            if isinstance(row, CumulativePoint):
                self._points.append(row)
                continue
            self._events.append(row)
            if number:
                self._further.append(row.id)


@lru_cache(maxsize=4096)
def _says_nothing(scope: str, signal: Signal) -> bool:
    """Whether a scope belongs to agents that say nothing new by this signal. Such spans come by the thousand."""
    owners = [dialect for dialect in DIALECTS if scope.startswith(dialect.scopes)]
    return bool(owners) and all(_reader(dialect, signal) is nothing for dialect in owners)


def _count(entries: Sequence[Mapping[str, Any]], signal: Signal) -> int:
    return sum(len(_points(metric)) for metric in entries) if signal is Signal.METRICS else len(entries)


@lru_cache(maxsize=4096)
def _asked(scope: str, service: str, name: str) -> tuple[Dialect, ...]:
    """The dialects that an item is shown to, in order, each once."""
    found = [dialect for dialect in DIALECTS if scope.startswith(dialect.scopes)]
    found += [dialect for dialect in DIALECTS if name.startswith(dialect.names)]
    found += [dialect for dialect in DIALECTS if service.startswith(dialect.services)]
    return (*dict.fromkeys(found), _GENERAL)


def _reader(dialect: Dialect, signal: Signal) -> Callable[[Item], Any]:
    return dialect.logs if signal is Signal.LOGS else dialect.traces if signal is Signal.TRACES else dialect.metrics


def _rows(item: Item, dialect: Dialect) -> Sequence[_Row] | None:
    found = _reader(dialect, item.origin.signal)(item)
    return measures.rows(item, found) if isinstance(found, Measure) else found


def _label(item: Item, dialect: Dialect) -> str:
    """What an unrecognised item is counted as. The body of an unknown program's log record is content, and names nothing."""
    origin = item.origin
    agent = dialect.agent or origin.service or origin.scope or "unknown"
    named = item.name and (dialect is not _GENERAL or origin.signal is not Signal.LOGS or "event.name" in item.attributes)
    return f"{agent[:_NAME_LIMIT]}: {item.name[:_NAME_LIMIT] if named else '(unnamed)'}"


def _items(origin: Origin, entries: Sequence[Mapping[str, Any]]) -> Iterator[Item]:
    if origin.signal is Signal.METRICS:
        for metric in entries:
            name = text(metric.get("name")) or ""
            for point in _points(metric):
                yield Item(origin, point, name, metric)
    elif origin.signal is Signal.TRACES:
        for raw in entries:
            yield Item(origin, raw, text(raw.get("name")) or "")
    else:
        for raw in entries:
            item = Item(origin, raw, "")
            item.name = _record_name(item)
            yield item


def _points(metric: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    for kind in METRIC_KINDS:
        if (data := metric.get(kind)) is not None:
            return data.get("dataPoints") or ()
    return ()


def _record_name(item: Item) -> str:
    """A log record's name, which agents put in `event.name` or in the body; OTLP's own `eventName` is a source line in Codex."""
    name, body = _event_name(item.raw.get("attributes")), (item.raw.get("body") or {}).get("stringValue")
    if not isinstance(body, str) or len(body) > _NAME_LIMIT or " " in body:
        return name
    return body if body.endswith(name) else name


def _event_name(listed: Any) -> str:
    """The attribute `event.name`, found without reading the others: many records are told by their name alone."""
    for attribute in listed or ():
        if attribute.get("key") == "event.name":
            for value in (attribute.get("value") or {}).values():
                return text(value) or ""
    return ""
