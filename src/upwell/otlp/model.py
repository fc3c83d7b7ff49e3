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

    resource_field: str
    """The batch's one field: `resourceLogs` and its siblings."""

    scope_field: str
    """The field below a resource: `scopeLogs` and its siblings."""

    entry_field: str
    """The field below a scope: `logRecords`, `spans`, or `metrics` (whose data points are the items)."""


# Set once: they are read a dozen times per batch, and a property would take as long as all the reads.
Signal.METRICS.resource_field, Signal.METRICS.scope_field, Signal.METRICS.entry_field = "resourceMetrics", "scopeMetrics", "metrics"
Signal.TRACES.resource_field, Signal.TRACES.scope_field, Signal.TRACES.entry_field = "resourceSpans", "scopeSpans", "spans"
Signal.LOGS.resource_field, Signal.LOGS.scope_field, Signal.LOGS.entry_field = "resourceLogs", "scopeLogs", "logRecords"

METRIC_KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
"""The fields of a metric that hold `dataPoints`."""


class Encoding(StrEnum):
    """How a body is written; the value is its media type."""

    JSON = "application/json"
    PROTOBUF = "application/x-protobuf"
