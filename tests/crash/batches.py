"""Batches for the crash tests: any signal, any number of items, each item with an id of its own."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

from upwell.otlp import Batch, Encoding, Signal, encode

ID = "test.id"


def batch(signal: Signal, ids: Sequence[str], *, time_ns: int | None = None, size: int = 0) -> Batch:
    """One item per id, dated `time_ns` (now); `size` characters of text fill each log record and span."""
    at = time.time_ns() if time_ns is None else time_ns
    make = {Signal.LOGS: _log, Signal.TRACES: _span, Signal.METRICS: _point}[signal]
    items = [{**make(at, size), "attributes": [_attribute(ID, name)]} for name in ids]
    resource = {"attributes": [_attribute("service.name", "crash")]}
    scope = {"name": "crash"}
    if signal is Signal.LOGS:
        return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": items}]}]}
    if signal is Signal.TRACES:
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": items}]}]}
    metric = {"name": "crash.gauge", "gauge": {"dataPoints": items}}
    return {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": [metric]}]}]}


def body(signal: Signal, ids: Sequence[str], encoding: Encoding = Encoding.JSON, *, time_ns: int | None = None, size: int = 0) -> bytes:
    """A batch as it goes over the wire."""
    return encode(batch(signal, ids, time_ns=time_ns, size=size), signal, encoding)


def _attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _text(size: int) -> str:
    """Text that does not compress well."""
    return secrets.token_hex(size // 2)


def _log(at: int, size: int) -> dict[str, Any]:
    return {"timeUnixNano": str(at), "body": {"stringValue": _text(size)}}


def _span(at: int, size: int) -> dict[str, Any]:
    ids = {"traceId": secrets.token_hex(16), "spanId": secrets.token_hex(8)}
    return {**ids, "name": "s" + _text(size), "kind": 1, "startTimeUnixNano": str(at - 1_000_000), "endTimeUnixNano": str(at)}


def _point(at: int, _size: int) -> dict[str, Any]:
    return {"timeUnixNano": str(at), "asDouble": 1.5}
