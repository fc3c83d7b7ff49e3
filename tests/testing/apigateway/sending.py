"""A client of the fake API Gateway that says exactly what it is told to."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from tests.testing.wire import JSON, Reply, request
from upwell.testing.apigateway import FakeApiGateway


def post(
    gateway: FakeApiGateway,
    path: str,
    body: bytes = b"{}",
    *,
    key: str | None = "PlatformKey1",
    value: str = "",
    packed: bool = False,
    verb: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send to a path below the endpoint, with the value of the key of this logical id, or with `value`."""
    sent = {"content-type": JSON, **(headers or {})}
    if value or key:
        sent["x-api-key"] = value or gateway.keys[key or ""].value
    if packed:
        body, sent["content-encoding"] = gzip.compress(body), "gzip"
    return request(gateway.endpoint + path, body, sent, verb)
