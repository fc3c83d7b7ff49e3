"""One item of telemetry in its surroundings, and how a row is made of it.

An `Origin` is what all items of one resource and scope share, worked out once; an `Item` is one log record, span or data
point with its attributes as a plain dict. Dialects read items and make rows through them, so that identity, time and id
are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from upwell.otlp import Signal
from upwell.usage import casts
from upwell.usage.events import CostSource, Kind, UsageEvent
from upwell.usage.hashing import digest
from upwell.usage.prices import Prices, Tokens
from upwell.usage.who import Who, of_item, of_resource

if TYPE_CHECKING:
    from upwell.usage.dialects.base import Dialect
    from upwell.usage.ids import Ids

_TRACES: Final = Signal.TRACES
_PLACE: Final = {name: place for place, name in enumerate(UsageEvent._fields)}
_ID, _TIME, _KIND = (_PLACE[name] for name in ("id", "time_ns", "kind"))
_ERROR_STATUS: Final = frozenset({2, "STATUS_CODE_ERROR"})


class Origin:
    """What the items of one resource and scope share."""

    __slots__ = ("_rows", "ids", "key_id", "prices", "received_ns", "resource", "scope", "service", "signal", "who")

    def __init__(
        self, resource: Mapping[str, Any], scope: str, signal: Signal, ids: Ids, key_id: str, received_ns: int, prices: Prices
    ) -> None:
        self.resource = resource
        self.scope = scope
        self.service = casts.text(resource.get("service.name")) or ""
        self.signal = signal
        self.ids = ids
        self.received_ns = received_ns
        self.prices = prices
        self.who: Who = of_resource(resource, key_id)
        self.key_id = self.who.key_id
        self._rows: dict[str, list[Any]] = {}

    def row(self, dialect: Dialect) -> list[Any]:
        """A new row, filled with what every row of this origin has in common, as one dialect has it."""
        known = self._rows.get(dialect.name)
        if known is None:
            columns: dict[str, Any] = {
                "agent": dialect.agent or self.service or self.scope or "unknown",
                "dialect": dialect.label,
                "signal": self.signal.value,
                "key_id": self.key_id,
                "agent_version": casts.text(self.resource.get(dialect.version_key)) if dialect.version_key else None,
                "person": self.who.person,
                "claimed": self.who.claimed,
                **self.who.places,
            }
            known = self._rows[dialect.name] = [columns.get(name, UsageEvent._field_defaults.get(name)) for name in UsageEvent._fields]
        return known[:]


class Item:
    """One log record, span or data point. `dialect` is the one that reads it at the moment."""

    __slots__ = ("_id", "attributes", "dialect", "metric", "name", "origin", "raw")

    dialect: Dialect
    attributes: dict[str, Any]

    def __init__(self, origin: Origin, raw: Mapping[str, Any], name: str, metric: Mapping[str, Any] | None = None) -> None:
        self.origin = origin
        self.raw = raw
        self.name = name
        self.metric = metric
        self._id = b""

    def __getattr__(self, name: str) -> Any:
        """Makes the attributes when they are first asked for: most spans and points are told by their name alone."""
        if name != "attributes":
            raise AttributeError(name)
        self.attributes = casts.attributes(self.raw.get("attributes"))
        return self.attributes

    @property
    def id(self) -> bytes:
        """The id of the item's first row, worked out when a row asks for it."""
        if not self._id:
            self._id = self.origin.ids.of(self)
        return self._id

    def text(self, name: str, *others: str) -> str | None:
        """The first of these attributes that holds text."""
        get = self.attributes.get
        value = get(name)
        found = value if type(value) is str and 0 < len(value) <= casts.TEXT_LIMIT else casts.text(value)
        if found is None and others:
            return next((said for said in map(casts.text, map(get, others)) if said is not None), None)
        return found

    def integer(self, name: str, *others: str) -> int | None:
        """The first of these attributes that holds a whole number, from 0 up."""
        get = self.attributes.get
        value = get(name)
        found = None if value is None else casts.integer(value)
        if found is None and others:
            return next((said for said in map(casts.integer, map(get, others)) if said is not None), None)
        return found

    def number(self, name: str) -> float | None:
        """The attribute as a number."""
        value = self.attributes.get(name)
        return None if value is None else casts.number(value)

    def flag(self, name: str) -> bool | None:
        """The attribute as truth."""
        value = self.attributes.get(name)
        return None if value is None else casts.flag(value)

    @property
    def trace(self) -> str | None:
        """The trace that the item belongs to."""
        return casts.text(self.raw.get("traceId"))

    @property
    def session(self) -> str | None:
        """`session.id`, of the item or of its resource."""
        return self.text("session.id") or casts.text(self.origin.resource.get("session.id"))

    @property
    def failed(self) -> bool:
        """Whether a span says that it failed."""
        return (self.raw.get("status") or {}).get("code") in _ERROR_STATUS

    @property
    def span_ms(self) -> float | None:
        """A span's length in milliseconds."""
        start, end = casts.nanoseconds(self.raw.get("startTimeUnixNano")), casts.nanoseconds(self.raw.get("endTimeUnixNano"))
        return (end - start) / 1e6 if 0 < start <= end else None

    def time_ns(self) -> int:
        """When it happened. Codex' records carry no `timeUnixNano`: then `event.timestamp`, then when it was seen, then when it came in."""
        raw = self.raw
        if self.origin.signal is _TRACES:
            stated = casts.nanoseconds(raw.get("endTimeUnixNano")) or casts.nanoseconds(raw.get("startTimeUnixNano"))
        else:
            stated = casts.nanoseconds(raw.get("timeUnixNano"))
        return (
            stated
            or casts.moment(self.attributes.get("event.timestamp"))
            or casts.nanoseconds(raw.get("observedTimeUnixNano"))
            or self.origin.received_ns
        )

    def event(self, kind: Kind, **columns: Any) -> UsageEvent:
        """The item's row."""
        row = self.origin.row(self.dialect)
        row[_ID], row[_TIME], row[_KIND] = self.id, self.time_ns(), kind
        differing = of_item(self.origin.who, self.origin.resource, self.attributes)
        if differing is not None:
            for name, value in differing.items():
                row[_PLACE[name]] = value
        for name, value in columns.items():
            row[_PLACE[name]] = value
        return UsageEvent._make(row)

    def further(self, number: int, kind: Kind, **columns: Any) -> UsageEvent:
        """A row beside the item's first, told from others by its number."""
        return self.event(kind, **columns)._replace(id=digest(self.id, number))

    def request(
        self, model: str | None, provider: str | None, tokens: Tokens, *, reported: float | None = None, **columns: Any
    ) -> UsageEvent:
        """The row of a model call. Its cost is the US dollars that the agent reports, else the price at its own time, else unknown."""
        cost, source = reported, CostSource.REPORTED
        if cost is None or cost < 0:
            cost = self.origin.prices.cost(model, provider, tokens, self.time_ns())
            source = CostSource.UNKNOWN if cost is None else CostSource.PRICED
        return self.event(
            Kind.API_REQUEST,
            model=model,
            provider=provider,
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            cache_read_tokens=tokens.cache_read,
            cache_creation_tokens=tokens.cache_creation,
            cost_usd=cost,
            cost_source=source,
            **columns,
        )
