"""Small OTLP requests, signed or not, for the tests of the fakes."""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from upwell.testing.cloudwatch.fake import DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY

NOW = 1_800_000_000 * 1_000_000_000
"""The time on the clock of most tests, Unix ns."""
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

SERVICES = {"metrics": "monitoring", "traces": "xray", "logs": "logs"}
LOG_HEADERS = {"x-aws-log-group": "/team/otlp", "x-aws-log-stream": "gateway"}
JSON = "application/json"
PROTOBUF = "application/x-protobuf"

_REQUESTS = {"logs": ExportLogsServiceRequest, "metrics": ExportMetricsServiceRequest, "traces": ExportTraceServiceRequest}


def attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    return [{"key": key, "value": {kinds[type(value)]: value}} for key, value in values.items()]


def record(time_ns: int = NOW, body: str = "hello", **values: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(time_ns), "body": {"stringValue": body}, "attributes": attributes(values)}


def with_id(text: Any) -> dict[str, Any]:
    """The attribute by which the fakes know an item, for `record(**with_id("a"))`."""
    return {"test.id": text}


def span(start_ns: int = NOW, end_ns: int | None = None, name: str = "work", **values: Any) -> dict[str, Any]:
    end_ns = start_ns if end_ns is None else end_ns
    ids = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"}
    return {**ids, "name": name, "startTimeUnixNano": str(start_ns), "endTimeUnixNano": str(end_ns), "attributes": attributes(values)}


def point(time_ns: int = NOW, value: float = 1.5, **values: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(time_ns), "asDouble": value, "attributes": attributes(values)}


def resource(**values: Any) -> dict[str, Any]:
    return {"attributes": attributes(values)}


def logs(*records: dict[str, Any], **of_resource: Any) -> dict[str, Any]:
    scoped = {"scope": {"name": "s", "version": "1"}, "logRecords": list(records)}
    return {"resourceLogs": [{"resource": resource(**of_resource), "scopeLogs": [scoped]}]}


def traces(*spans: dict[str, Any], **of_resource: Any) -> dict[str, Any]:
    scoped = {"scope": {"name": "s"}, "spans": list(spans)}
    return {"resourceSpans": [{"resource": resource(**of_resource), "scopeSpans": [scoped]}]}


def metrics(*points: dict[str, Any], name: str = "tokens", **of_resource: Any) -> dict[str, Any]:
    metric = {"name": name, "unit": "1", "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": list(points)}}
    return {"resourceMetrics": [{"resource": resource(**of_resource), "scopeMetrics": [{"scope": {"name": "s"}, "metrics": [metric]}]}]}


def encoded(signal: str, batch: Mapping[str, Any], media_type: str) -> bytes:
    if media_type == JSON:
        return json.dumps(batch).encode()
    message: Any = _REQUESTS[signal]()
    return bytes(ParseDict(_ids_as_base64(batch), message).SerializeToString())


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def request(url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, method: str = "POST") -> Reply:
    """One request on a connection of its own."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, dict(headers or {}))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def signed(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    service: str,
    *,
    region: str = DEFAULT_REGION,
    access_key: str = DEFAULT_ACCESS_KEY,
    secret_key: str = DEFAULT_SECRET_KEY,
    token: str | None = None,
    method: str = "POST",
) -> dict[str, str]:
    """The headers with botocore's signature."""
    unsigned = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
    SigV4Auth(Credentials(access_key, secret_key, token), service, region).add_auth(unsigned)
    return dict(unsigned.headers.items())


def export(base_url: str, signal: str, batch: Mapping[str, Any] | bytes, media_type: str = JSON, **options: Any) -> Reply:
    """Send one export request to a fake CloudWatch, signed for its signal; `headers` and the options of `signed` may differ."""
    body = batch if isinstance(batch, bytes) else encoded(signal, batch, media_type)
    url = f"{base_url}/v1/{signal}"
    headers = {"Content-Type": media_type, **(LOG_HEADERS if signal == "logs" else {}), **options.pop("headers", {})}
    return request(url, body, signed(url, body, headers, options.pop("service", SERVICES[signal]), **options))


def now_ns() -> int:
    """The real time: what clients sign with."""
    return time.time_ns()


def _ids_as_base64(value: Any) -> Any:
    """protobuf's own JSON writes ids as base64, OTLP's as hex."""
    if isinstance(value, list):
        return [_ids_as_base64(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(each)).decode() if key in ("traceId", "spanId", "parentSpanId") else _ids_as_base64(each)
        for key, each in value.items()
    }
