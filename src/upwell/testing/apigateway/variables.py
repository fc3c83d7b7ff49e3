"""Parameter mappings: which names a template may use, and what they give at run time.

Where a mapping may come from: `'static'`, `method.request.header.X` (declared by the method), `context.X`, `stageVariables.X`, and for
answers `integration.response.header.X`. API Gateway refuses an unknown context variable when the method is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

RESTRICTED = frozenset(
    {"authorization", "connection", "content-length", "expect", "proxy-authenticate", "te", "transfer-encoding"}
    | {"x-amzn-trace-id", "x-amzn-apigateway-api-id"}
)
"""Request headers that no mapping may set: the call then answers 500."""

_IDENTITY = (
    "accessKey accountId apiKey apiKeyId caller cognitoAuthenticationProvider cognitoAuthenticationType cognitoIdentityId "
    "cognitoIdentityPoolId principalOrgId sourceIp user userAgent userArn vpcId vpceId"
)
_PLAIN = (
    "accountId apiId awsEndpointRequestId deploymentId domainName domainPrefix extendedRequestId httpMethod isCanaryRequest path protocol "
    "requestId requestTime requestTimeEpoch resourceId resourcePath stage wafResponseCode webaclArn"
)
CONTEXT = frozenset(_PLAIN.split()) | {f"identity.{name}" for name in _IDENTITY.split()}
"""`context.` variables of parameter mappings."""

_ACCESS = (
    "status responseLength responseLatency xrayTraceId customDomain.basePathMatched tlsVersion cipherSuite endpointType "
    "error.message error.messageString error.responseType error.validationErrorString "
    "integration.error integration.integrationStatus integration.latency integration.requestId integration.status "
    "integrationErrorMessage integrationLatency integrationStatus waf.error waf.latency waf.status "
    "authenticate.error authenticate.latency authenticate.status authorize.error authorize.latency authorize.status "
    "authorizer.error authorizer.integrationLatency authorizer.latency authorizer.principalId authorizer.requestId authorizer.status"
)
ACCESS = CONTEXT | frozenset(_ACCESS.split())
"""`$context.` variables of access logs."""

_STATIC = re.compile(r"'([^']*)'")
_NAME = re.compile(r"[A-Za-z0-9!#$%&*+.^_|~-]+")


def fault(source: str, *, declared: frozenset[str], answer: bool) -> str:
    """What is wrong with a mapping's source; "" where nothing is. `declared` are the headers that the method declares, lower case."""
    if _STATIC.fullmatch(source):
        return ""
    kind, name = _split(source)
    if kind == "context" and name in CONTEXT:
        return ""
    if kind == "stageVariables" and re.fullmatch(r"\w+", name):
        return ""
    if kind == "integration.response.header" and answer and _NAME.fullmatch(name):
        return ""
    if kind == "method.request.header" and not answer and _NAME.fullmatch(name):
        return "" if name.lower() in declared else f"{source} is not declared in the method's RequestParameters"
    return f"Invalid mapping expression specified: {source}"


def value(source: str, scope: Mapping[str, Mapping[str, str]]) -> str:
    """What a source gives; "" where there is nothing. `scope` holds values by kind and name, header names in lower case."""
    if static := _STATIC.fullmatch(source):
        return static[1]
    kind, name = _split(source)
    return scope.get(kind, {}).get(name.lower() if kind.endswith(".header") else name, "")


def unknown_in_access_log(text: str) -> list[str]:
    """The `$context.` names of an access log's format that API Gateway does not know."""
    return sorted({name for name in re.findall(r"\$context\.([\w.]+)", text) if name not in ACCESS})


def _split(source: str) -> tuple[str, str]:
    for kind in ("method.request.header", "integration.response.header", "context", "stageVariables"):
        if source.startswith(f"{kind}."):
            return kind, source.removeprefix(f"{kind}.")
    return "", source
