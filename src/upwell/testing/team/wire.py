"""OTLP bodies in the internal form, put together from plain values; and the columns of rows, which need less."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Protocol

from upwell.otlp import Batch, Encoding, Signal
from upwell.testing.team.story import Call, Turn
from upwell.usage import Kind, Prices, UsageEvent
from upwell.usage.dialects.base import Dialect
from upwell.usage.events import CostSource
from upwell.usage.prices import Tokens


@dataclass(frozen=True, slots=True)
class Badge:
    """Who a member is to Upwell: the key, and what policy stamps for it. `secret` is the key's text, empty where nothing is sent."""

    key_id: str
    person: str | None
    team: str | None = None
    department: str | None = None
    cost_center: str | None = None
    organization: str | None = None
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One export request of an agent, not yet encoded."""

    signal: Signal
    batch: Batch
    encoding: Encoding


class Speaker(Protocol):
    """How one agent tells of a turn: `rows` as they end in the store, `said` as it goes over the wire. Both say the same."""

    dialect: Dialect

    def rows(self, turn: Turn, badge: Badge, prices: Prices) -> list[UsageEvent]: ...

    def said(self, turn: Turn) -> list[Said]: ...


def columns(turn: Turn, badge: Badge, dialect: Dialect, signal: Signal) -> dict[str, Any]:
    """The columns that all rows of a turn share."""
    return {
        "agent": dialect.agent,
        "dialect": dialect.label,
        "signal": signal.value,
        "key_id": badge.key_id,
        "agent_version": turn.version if dialect.version_key else None,
        "person": badge.person,
        "team": badge.team,
        "department": badge.department,
        "cost_center": badge.cost_center,
        "organization": badge.organization,
    }


def event(turn: Turn, place: object, time_ns: int, kind: Kind, **columns: Any) -> UsageEvent:
    """A row of a turn; `place` tells it from the turn's others."""
    return UsageEvent(row_id(turn, place), time_ns, kind, **columns)


def priced(turn: Turn, call: Call, provider: str, prices: Prices, **columns: Any) -> UsageEvent:
    """A model call's row for an agent that states no cost."""
    tokens = Tokens(call.input, call.output, call.cache_read, columns.get("cache_creation_tokens"))
    cost = prices.cost(call.model, provider, tokens, call.time_ns)
    spent = {"input_tokens": call.input, "output_tokens": call.output, "cache_read_tokens": call.cache_read, "cost_usd": cost}
    source = CostSource.UNKNOWN if cost is None else CostSource.PRICED
    about = {"model": call.model, "provider": provider, "cost_source": source}
    return event(turn, call.number, call.time_ns, Kind.API_REQUEST, **about, **spent, **columns)


def failed(turn: Turn, call: Call, provider: str, **columns: Any) -> UsageEvent:
    """The row of a model call that failed for good."""
    told = {"error": str(call.status), "duration_ms": float(call.duration_ms)} | columns
    return event(turn, call.number, call.time_ns, Kind.ERROR, model=call.model, provider=provider, **told)


def row_id(turn: Turn, *place: object) -> bytes:
    """An id of the story's own: history is told once, and meets no telemetry with ids of its own."""
    return blake2b(f"{turn.prompt}/{place}".encode(), digest_size=16).digest()


def attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """OTLP's list; None is an attribute without a value."""
    return [{"key": key, "value": value_of(value)} for key, value in values.items()]


def value_of(value: Any) -> dict[str, Any]:
    """A plain value as OTLP's AnyValue."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [value_of(one) for one in value]}}
    return {"stringValue": value}


def logs(resource: Mapping[str, Any], scope: Mapping[str, str], records: Sequence[Mapping[str, Any]]) -> Batch:
    """One export of log records."""
    return {"resourceLogs": [{"resource": {"attributes": attributes(resource)}, "scopeLogs": [{"scope": scope, "logRecords": records}]}]}


def spans(resource: Mapping[str, Any], scope: Mapping[str, str], found: Sequence[Mapping[str, Any]]) -> Batch:
    """One export of spans."""
    return {"resourceSpans": [{"resource": {"attributes": attributes(resource)}, "scopeSpans": [{"scope": scope, "spans": found}]}]}


def metrics(resource: Mapping[str, Any], scope: Mapping[str, str], found: Iterable[Mapping[str, Any]]) -> Batch:
    """One export of metrics."""
    return {
        "resourceMetrics": [{"resource": {"attributes": attributes(resource)}, "scopeMetrics": [{"scope": scope, "metrics": list(found)}]}]
    }


def record(time_ns: int, values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A log record."""
    return {"timeUnixNano": str(time_ns), "observedTimeUnixNano": str(time_ns), "attributes": attributes(values), **more}


def span(turn: Turn, number: int, name: str, start_ns: int, end_ns: int, values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A span of a turn's trace; 0 is its root, whose children all others are."""
    parent = {} if number == 0 else {"parentSpanId": span_id(turn, 0)}
    times = {"startTimeUnixNano": str(start_ns), "endTimeUnixNano": str(end_ns)}
    return {"traceId": turn.trace, "spanId": span_id(turn, number), **parent, "name": name, "kind": 1, **times} | {
        "attributes": attributes(values),
        "status": {},
        **more,
    }


def span_id(turn: Turn, number: int) -> str:
    """16 hex digits, never all zero."""
    return blake2b(f"{turn.prompt}#{number}".encode(), digest_size=8).hexdigest()


def iso(time_ns: int) -> str:
    """`2026-11-21T16:36:08.708Z`."""
    return datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{time_ns // 10**6 % 1000:03d}Z"
