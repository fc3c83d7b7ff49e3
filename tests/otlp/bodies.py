"""Small OTLP bodies, for tests that care about one thing in them."""

from __future__ import annotations

from typing import Any

from upwell.otlp.wire import varint


def log_body(record: str) -> bytes:
    """The OTLP/JSON of one log record, given as JSON text."""
    return f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record}]}}]}}]}}'.encode()


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    """A batch of log records under one resource and scope."""
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": list(records)}]}]}


def spans(*found: dict[str, Any]) -> dict[str, Any]:
    """A batch of spans under one resource and scope."""
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(found)}]}]}


def metrics(*found: dict[str, Any]) -> dict[str, Any]:
    """A batch of metrics under one resource and scope."""
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": list(found)}]}]}


def delimited(number: int, content: bytes) -> bytes:
    """One length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def nested(levels: int, kind: str = "arrayValue") -> dict[str, Any]:
    """An AnyValue with so many AnyValues inside each other, itself included."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {kind: {"values": [value if kind == "arrayValue" else {"key": "k", "value": value}]}}
    return value
