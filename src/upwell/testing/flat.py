"""The flattened form of an item: one JSON object with its resource and scope inside.

For logs it is the form in which CloudWatch stores them, as AWS's own exporter writes it down
(aws-otel-python-instrumentation, compact_console_log_exporter.py); CloudWatch's exact bytes are not
documented. Spans and data points, whose stored form is not documented at all, are laid out alike.
"""

from __future__ import annotations

from upwell.testing.plain import Plain


def resource(plain: Plain, schema_url: str) -> Plain:
    return {"attributes": plain.get("attributes", {}), "schemaUrl": schema_url}


def scope(plain: Plain, schema_url: str) -> Plain:
    """Name, version and schema; the scope's attributes only where there are any."""
    out = {"name": plain.get("name", ""), "version": plain.get("version", ""), "schemaUrl": schema_url}
    if attributes := plain.get("attributes"):
        out["attributes"] = attributes
    return out


def log(resource: Plain, scope: Plain, record: Plain) -> Plain:
    """A log record as CloudWatch stores it; `eventName` only where there is one."""
    out = {
        "resource": resource,
        "scope": scope,
        "body": record.get("body"),
        "severityNumber": record.get("severityNumber", 0),
        "severityText": record.get("severityText", ""),
        "attributes": record.get("attributes", {}),
        "droppedAttributes": record.get("droppedAttributesCount", 0),
        "timeUnixNano": record.get("timeUnixNano", 0),
        "observedTimeUnixNano": record.get("observedTimeUnixNano", 0),
        "traceId": record.get("traceId", ""),
        "spanId": record.get("spanId", ""),
        "flags": record.get("flags", 0),
    }
    if event_name := record.get("eventName"):
        out["eventName"] = event_name
    return out


def span(resource: Plain, scope: Plain, span: Plain) -> Plain:
    return {
        "resource": resource,
        "scope": scope,
        "traceId": "",
        "spanId": "",
        "parentSpanId": "",
        "name": "",
        "kind": 0,
        "startTimeUnixNano": 0,
        "endTimeUnixNano": 0,
        "attributes": {},
        "status": {},
        **span,
    }


def metric(*, name: str, unit: str, kind: str, temporality: int, monotonic: bool) -> Plain:
    """What every data point of a metric shares. `kind` is the OTLP/JSON field: gauge, sum, histogram, ..."""
    return {"name": name, "unit": unit, "kind": kind, "aggregationTemporality": temporality, "isMonotonic": monotonic}


def point(resource: Plain, scope: Plain, metric: Plain, point: Plain) -> Plain:
    return {"resource": resource, "scope": scope, "metric": metric, "attributes": {}, "timeUnixNano": 0, **point}
