"""CloudWatch's PromQL API: one instant query, signed. botocore has no operation for it.

Host, path and service name are those of CloudWatch-PromQL-Querying in AWS's documentation; it asks for
`cloudwatch:GetMetricData` and `cloudwatch:ListMetrics`.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from upwell.errors import AwsDenied, AwsError
from upwell.sinks.base import Retry
from upwell.sinks.transport import USER_AGENT, Answer, Transport, ca_bundle

_SECONDS = 30.0


def instant(base: str, region: str, credentials: Any, query: str, *, verify: bool | str | None = None) -> list[dict[str, Any]]:
    """The series that a query returns now. `base` is the monitoring endpoint. Raises AwsError, AwsDenied."""
    url = f"{base}/api/v1/query?query={quote(query, safe='')}"
    request = AWSRequest(method="GET", url=url, headers={"User-Agent": USER_AGENT})
    SigV4Auth(credentials, "monitoring", region).add_auth(request)
    transport = Transport(url, timeout=_SECONDS, connections=1, verify=ca_bundle() if verify is None else verify)
    try:
        answer = transport.send(request.prepare())
    finally:
        transport.close()
    if isinstance(answer, Retry):
        raise AwsError(f"the PromQL API: {answer.message}", hint="Check network, proxy and --region.")
    return _series(answer)


def _series(answer: Answer) -> list[dict[str, Any]]:
    if answer.status == 403:
        raise AwsDenied(f"the PromQL API answered 403: {_words(answer.body)}", hint="Allow cloudwatch:GetMetricData and :ListMetrics.")
    if answer.status != 200:
        raise AwsError(f"the PromQL API answered {answer.status}: {_words(answer.body)}")
    try:
        found = json.loads(answer.body)["data"]["result"]
    except (ValueError, KeyError, TypeError):
        raise AwsError("the PromQL API's answer cannot be read") from None
    return [series for series in found if isinstance(series, dict)] if isinstance(found, list) else []


def _words(body: bytes) -> str:
    return " ".join(body[:300].decode("utf-8", "replace").split()) or "without a word"


def selector(metric: str, **labels: str) -> str:
    """`{"metric", "label"="value"}`; names keep their dots, so they are quoted (Prometheus 3)."""
    inside = [json.dumps(metric), *(f"{json.dumps(name)}={json.dumps(value)}" for name, value in labels.items())]
    return "{" + ", ".join(inside) + "}"
