"""Log records in CloudWatch's stored shape, back into the batch that they came in.

CloudWatch keeps one JSON object per record, with its resource and scope inside and attributes as plain members. What comes
out is the internal form, so that everything that reads batches reads these; ids are those of the record on its first way.
Records that are not such an object are counted, never guessed at. Nothing here asks CloudWatch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from upwell.otlp import Batch

_KEPT: Final = ("timeUnixNano", "observedTimeUnixNano", "traceId", "spanId", "severityNumber", "severityText", "eventName", "flags")
_MS: Final = 10**6
_DEEPEST: Final = 32  # as at the gateway's door


@dataclass(frozen=True, slots=True)
class Stored:
    """One event of a log group: its message as CloudWatch hands it out, and its time in Unix milliseconds, 0 if not known."""

    message: str
    timestamp_ms: int = 0


@dataclass(frozen=True, slots=True)
class Restored:
    """The records as a batch of logs, and how many messages were none."""

    batch: Batch
    unreadable: int


def restore(events: Iterable[Stored]) -> Restored:
    """The batch of these events. Neighbours of one resource and scope stand together again."""
    entries: list[dict[str, Any]] = []
    wrappers: object = None
    unreadable = 0
    for event in events:
        stored = _object(event.message)
        if stored is None:
            unreadable += 1
            continue
        if not entries or wrappers != (stored.get("resource"), stored.get("scope")):
            wrappers = stored.get("resource"), stored.get("scope")
            entries.append(_entry(stored))
        entries[-1]["scopeLogs"][0]["logRecords"].append(_record(stored, event.timestamp_ms))
    return Restored({"resourceLogs": entries}, unreadable)


def _object(message: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(message)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("attributes"), dict) else None


def _entry(stored: Mapping[str, Any]) -> dict[str, Any]:
    resource, scope = _map(stored.get("resource")), _map(stored.get("scope"))
    told = {field: scope[field] for field in ("name", "version") if isinstance(scope.get(field), str)}
    return {
        "resource": {"attributes": _listed(_map(resource.get("attributes")))},
        "scopeLogs": [{"scope": told, "logRecords": []}],
    }


def _record(stored: Mapping[str, Any], timestamp_ms: int) -> dict[str, Any]:
    record = {field: stored[field] for field in _KEPT if isinstance(stored.get(field), str | int) and stored[field]}
    if "timeUnixNano" not in record and "observedTimeUnixNano" not in record and timestamp_ms > 0:
        record["observedTimeUnixNano"] = timestamp_ms * _MS
    return {**record, "body": _value(stored.get("body")), "attributes": _listed(_map(stored["attributes"]))}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(plain: Mapping[str, Any], depth: int = 0) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value, depth)} for key, value in plain.items()]


def _value(value: Any, depth: int = 0) -> dict[str, Any]:
    """A plain value as OTLP's; null, and what is nested too deep, as no value."""
    if value is None or depth > _DEEPEST:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, int):
        return {"intValue": value}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(each, depth + 1) for each in value]}}
    return {"kvlistValue": {"values": _listed(value, depth + 1)}}
