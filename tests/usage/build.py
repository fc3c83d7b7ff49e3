"""Telemetry made by hand: what an agent's documentation says it sends, where nothing is recorded."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from tests.usage.recordings import KEY, PRICES, RECEIVED_NS
from upwell.identity import Key, Pseudonyms
from upwell.otlp import Batch, Signal
from upwell.policy import Work
from upwell.policy.stamp import Stamp
from upwell.usage import CumulativePoint, Reading, UsageEvent, read

NOON_NS = 1_795_262_400 * 10**9  # 2026-11-21T12:00:00Z
SECOND = 10**9
PSEUDONYMS = Pseudonyms(b"s" * 32)

Plain = Mapping[str, Any]


def value(plain: object) -> dict[str, Any]:
    """A Python value as OTLP's."""
    for kind, field in ((bool, "boolValue"), (int, "intValue"), (float, "doubleValue")):
        if isinstance(plain, kind):
            return {field: plain}
    return {"stringValue": plain} if isinstance(plain, str) else {}


def attributes(plain: Plain) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(each)} for key, each in plain.items()]


def record(told: Plain, *, body: str | None = None, at: int = NOON_NS, **fields: Any) -> dict[str, Any]:
    """A log record. Its name stands in `event.name`, its body or both, as agents have it."""
    return {"timeUnixNano": str(at), "body": value(body), "attributes": attributes(told), **fields}


def span(
    name: str, told: Plain, *, trace: str = "aa" * 16, number: int = 1, at: int = NOON_NS, length_ms: int = 100, **fields: Any
) -> dict[str, Any]:
    """A span with an id made of its number."""
    return {
        "traceId": trace,
        "spanId": f"{number:016x}",
        "name": name,
        "startTimeUnixNano": str(at),
        "endTimeUnixNano": str(at + length_ms * 10**6),
        "attributes": attributes(told),
        **fields,
    }


def total(name: str, *points: dict[str, Any], temporality: int = 1, monotonic: bool = True) -> dict[str, Any]:
    """A metric that is a sum."""
    return {"name": name, "sum": {"aggregationTemporality": temporality, "isMonotonic": monotonic, "dataPoints": list(points)}}


def histogram(name: str, *points: dict[str, Any], temporality: int = 1) -> dict[str, Any]:
    return {"name": name, "histogram": {"aggregationTemporality": temporality, "dataPoints": list(points)}}


def point(told: Plain, number: float, *, start: int = NOON_NS, at: int = NOON_NS + 60 * SECOND, field: str = "asDouble") -> dict[str, Any]:
    """A data point; `field` is asDouble, asInt, or sum for a histogram's."""
    return {"startTimeUnixNano": str(start), "timeUnixNano": str(at), field: number, "attributes": attributes(told)}


def batch(signal: Signal, entries: Sequence[dict[str, Any]], *, scope: str = "", resource: Plain | None = None) -> Batch:
    """One request with one resource and one scope."""
    inner = {"scope": {"name": scope}, signal.entry_field: list(entries)}
    return {signal.resource_field: [{"resource": {"attributes": attributes(resource or {})}, signal.scope_field: [inner]}]}


def reading(signal: Signal, entries: Sequence[dict[str, Any]], *, scope: str = "", resource: Plain | None = None) -> Reading:
    return read(batch(signal, entries, scope=scope, resource=resource), signal, key_id=KEY, received_ns=RECEIVED_NS, prices=PRICES)


def only(found: Reading) -> UsageEvent:
    """The one row of a reading."""
    (event,) = found.events
    assert not found.points
    return event


def only_point(found: Reading) -> CumulativePoint:
    (point,) = found.points
    assert not found.events
    return point


def key(person: str | None = None, team: str | None = "platform") -> Key:
    """An ingest key, of a person or of a team."""
    return Key(
        id="k-1",
        line="k-1",
        person=person,
        team=team,
        department="engineering",
        cost_center="cc-7",
        organization="acme",
        created_ns=0,
        expires_ns=None,
        revoked_ns=None,
    )


def stamp(found: Batch, signal: Signal, by: Key) -> Batch:
    """The batch as policy hands it on."""
    return Stamp("pseudonym", PSEUDONYMS)(Work(batch=copy.deepcopy(found), signal=signal, key=by)).batch
