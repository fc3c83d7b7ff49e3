"""The three methods: what of a request goes to CloudWatch, and what of its answer comes back.

No mapping templates and no content handling: a body is passed on untouched, JSON or protobuf. Upstream's answers keep their meaning:

| upstream | client | why |
|---|---|---|
| 2xx | 200 | |
| 400, any other 4xx | 400 | this batch is refused for good |
| 413, 429, 502, 504 | the same | |
| 500, 503 | 503 | OTLP clients do not retry a 500, and AWS's are usually transient |
| 401, 403, 404 | 500 | our role or paths are wrong; a 403 at the client always means its key |
| anything else | 502 | |

Patterns are three digits wide and disjoint, because AWS says neither whether they are anchored nor in which order they are tried.
API Gateway can map upstream's Retry-After or a static one, but not one in place of the other. CloudWatch documents it for logs only; there
429 passes it on. A 503 may also be a 500, which has none, so that and all others say 5: agents give up on a minute.
"""

from __future__ import annotations

from upwell.aws.names import API, LOG_GROUP_VARIABLE, ROLE
from upwell.aws.template.intrinsics import Resource, Resources, Value, get, ref, sub
from upwell.aws.template.plan import Plan

SERVICES = {"metrics": "monitoring", "traces": "xray", "logs": "logs"}

RETRY_AFTER = "'5'"
_UPSTREAMS_OWN = "integration.response.header.Retry-After"

PATTERNS: dict[int, str | None] = {
    200: r"2\d{2}",
    400: r"4(?!01|03|04|13|29)\d{2}",
    413: "413",
    429: "429",
    500: "401|403|404",
    502: None,
    503: "500|503",
    504: "504",
}
"""The upstream statuses, as Java regular expressions, that become each status; None is the default for all others."""

RETRYABLE = (429, 502, 503, 504)


def methods(plan: Plan) -> Resources:
    """`/v1`, and below it a resource and its POST for each signal."""
    found: Resources = {"V1": _path(get(API, "RootResourceId"), "v1")}
    for signal in plan.signals:
        name = signal.capitalize()
        found[f"{name}Path"] = _path(ref("V1"), signal)
        found[f"{name}Method"] = _method(signal)
    return found


def _path(parent: Value, part: str) -> Resource:
    return {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": ref(API), "ParentId": parent, "PathPart": part}}


def _method(signal: str) -> Resource:
    return {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": ref(API),
            "ResourceId": ref(f"{signal.capitalize()}Path"),
            "HttpMethod": "POST",
            "AuthorizationType": "NONE",
            "ApiKeyRequired": True,
            "RequestParameters": {"method.request.header.Content-Type": False},
            "Integration": _integration(signal),
            "MethodResponses": [_method_response(status) for status in PATTERNS],
        },
    }


def _integration(signal: str) -> Resource:
    headers = {"Content-Type": "method.request.header.Content-Type"}
    if signal == "logs":
        headers |= {"x-aws-log-group": f"stageVariables.{LOG_GROUP_VARIABLE}", "x-aws-log-stream": "context.identity.apiKeyId"}
    return {
        "Type": "AWS",
        "IntegrationHttpMethod": "POST",
        "Uri": sub(f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:{SERVICES[signal]}:path/v1/{signal}"),
        "Credentials": get(ROLE, "Arn"),
        "PassthroughBehavior": "WHEN_NO_MATCH",
        "RequestParameters": {f"integration.request.header.{name}": source for name, source in headers.items()},
        "IntegrationResponses": [_integration_response(signal, status) for status in PATTERNS],
    }


def _integration_response(signal: str, status: int) -> Resource:
    pattern = PATTERNS[status]
    headers = {"method.response.header.Content-Type": "integration.response.header.Content-Type"}
    if status in RETRYABLE:
        headers["method.response.header.Retry-After"] = _UPSTREAMS_OWN if (signal, status) == ("logs", 429) else RETRY_AFTER
    return {"StatusCode": str(status), **({} if pattern is None else {"SelectionPattern": pattern}), "ResponseParameters": headers}


def _method_response(status: int) -> Resource:
    names = ["Content-Type", "Retry-After"] if status in RETRYABLE else ["Content-Type"]
    return {"StatusCode": str(status), "ResponseParameters": {f"method.response.header.{name}": False for name in names}}
