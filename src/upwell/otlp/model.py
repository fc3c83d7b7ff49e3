"""The one internal form, and the words for it.

A batch is one OTLP export request as the Python objects of its OTLP/JSON form: a dict
with one list under `resourceLogs`, `resourceMetrics` or `resourceSpans`. Ids are hex
strings, 64-bit integers strings or numbers, bytes base64, NaN and the infinities strings.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

Batch: TypeAlias = dict[str, Any]


class Signal(StrEnum):
    """One of OpenTelemetry's three signals; the value is the last part of its path."""

    METRICS = "metrics"
    TRACES = "traces"
    LOGS = "logs"

    @property
    def resource_field(self) -> str:
        """The batch's one field: `resourceLogs` and its siblings."""
        return _FIELDS[self][0]

    @property
    def scope_field(self) -> str:
        """The field below a resource: `scopeLogs` and its siblings."""
        return _FIELDS[self][1]

    @property
    def entry_field(self) -> str:
        """The field below a scope: `logRecords`, `spans`, or `metrics` (whose data points are the items)."""
        return _FIELDS[self][2]


_FIELDS = {
    Signal.METRICS: ("resourceMetrics", "scopeMetrics", "metrics"),
    Signal.TRACES: ("resourceSpans", "scopeSpans", "spans"),
    Signal.LOGS: ("resourceLogs", "scopeLogs", "logRecords"),
}

METRIC_KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
"""The fields of a metric that hold `dataPoints`."""


class Encoding(StrEnum):
    """How a body is written; the value is its media type."""

    JSON = "application/json"
    PROTOBUF = "application/x-protobuf"
