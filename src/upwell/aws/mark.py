"""One marked event per signal: small, without content, and findable at the far end by an id that nothing else has.

The id is a trace id on the log record and the span, and `service.instance.id` on the resource, which CloudWatch
makes a label of the metric. The usage store knows the scope and counts nothing.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from upwell.otlp.model import Signal

SCOPE = "upwell.probe"
METRIC = "upwell.probe"
INSTANCE = "service.instance.id"

_SERVICE = "upwell-doctor"


@dataclass(frozen=True, slots=True)
class Mark:
    """An id of 32 hex digits, made for one look."""

    id: str = field(default_factory=lambda: secrets.token_hex(16))

    def body(self, signal: Signal, now_ns: int) -> bytes:
        """An export request with the one item, as JSON."""
        return json.dumps(_REQUESTS[signal](self.id, str(now_ns))).encode()


def _logs(mark: str, now: str) -> dict[str, Any]:
    record = {
        "timeUnixNano": now,
        "observedTimeUnixNano": now,
        "severityNumber": 9,
        "severityText": "INFO",
        "body": {"stringValue": "upwell.probe"},
        "attributes": [_text("event.name", "upwell.probe")],
        "traceId": mark,
        "spanId": mark[:16],
    }
    return {"resourceLogs": [{"resource": _resource(mark), "scopeLogs": [{"scope": {"name": SCOPE}, "logRecords": [record]}]}]}


def _metrics(mark: str, now: str) -> dict[str, Any]:
    metric = {"name": METRIC, "unit": "1", "gauge": {"dataPoints": [{"timeUnixNano": now, "asInt": "1"}]}}
    return {"resourceMetrics": [{"resource": _resource(mark), "scopeMetrics": [{"scope": {"name": SCOPE}, "metrics": [metric]}]}]}


def _traces(mark: str, now: str) -> dict[str, Any]:
    span = {"traceId": mark, "spanId": mark[:16], "name": "upwell.probe", "kind": 1, "startTimeUnixNano": now, "endTimeUnixNano": now}
    return {"resourceSpans": [{"resource": _resource(mark), "scopeSpans": [{"scope": {"name": SCOPE}, "spans": [span]}]}]}


def _resource(mark: str) -> dict[str, Any]:
    return {"attributes": [_text("service.name", _SERVICE), _text(INSTANCE, mark)]}


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


_REQUESTS = {Signal.LOGS: _logs, Signal.METRICS: _metrics, Signal.TRACES: _traces}
