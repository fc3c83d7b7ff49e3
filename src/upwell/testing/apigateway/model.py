"""A deployed API, read from a stack: methods, integrations, answers. What API Gateway would refuse to make is refused here.

A deployment is a snapshot of what it depends on, and of nothing else: what merely happened to be there is not relied on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from upwell.testing.apigateway import variables
from upwell.testing.apigateway.selection import compiled
from upwell.testing.apigateway.stack import Resource, Stack, TemplateRefused

_URI = re.compile(r"arn:(?P<partition>[^:]+):apigateway:(?P<region>[^:]+):(?P<service>[^:]+):path/(?P<path>.+)")
_INTO = "integration.request.header."
_BACK = "method.response.header."
_ASKED = "method.request.header."


@dataclass(frozen=True, slots=True)
class Reply:
    """One integration response: what an upstream answer becomes. `headers` maps names to sources."""

    pattern: str
    handling: str | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Integration:
    service: str
    path: str
    verb: str
    credentials: str
    handling: str | None
    headers: Mapping[str, str]
    replies: Mapping[int, Reply]


@dataclass(frozen=True, slots=True)
class Method:
    resource_id: str
    key_required: bool
    integration: Integration
    statuses: frozenset[int]


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """What a gateway response changes of API Gateway's own answer."""

    status: int | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one deployment serves. `networks` are those of the resource policy; None where there is none."""

    api_id: str
    methods: Mapping[tuple[str, str], Method]
    answers: Mapping[str, OwnAnswer]
    binary: tuple[str, ...]
    networks: tuple[str, ...] | None


def snapshot(stack: Stack, deployment: Resource) -> Snapshot:
    """What the deployment shows from now on. Raises TemplateRefused."""
    api = stack.by_id("AWS::ApiGateway::RestApi", deployment.properties["RestApiId"])
    if api is None:
        raise TemplateRefused(f"{deployment.logical_id} is of no API of this template")
    there = [stack.resources[name] for name in sorted(deployment.needs) if name in stack.resources]
    methods = dict(_method(stack, api, each) for each in there if each.kind == "AWS::ApiGateway::Method")
    if not methods:
        raise TemplateRefused(f"{deployment.logical_id}: The REST API doesn't contain any methods")
    answers = {each.properties["ResponseType"]: _own(each) for each in there if each.kind == "AWS::ApiGateway::GatewayResponse"}
    binary = tuple(api.properties.get("BinaryMediaTypes", []))
    return Snapshot(api.physical_id, methods, answers, binary, _networks(api.properties.get("Policy")))


def _method(stack: Stack, api: Resource, method: Resource) -> tuple[tuple[str, str], Method]:
    found = method.properties
    declared = frozenset(name.removeprefix(_ASKED).lower() for name in found.get("RequestParameters", {}))
    shown = {int(each["StatusCode"]): each.get("ResponseParameters", {}) for each in found.get("MethodResponses", [])}
    made = Method(
        resource_id=found["ResourceId"],
        key_required=found.get("ApiKeyRequired", False) is True,
        integration=_integration(stack, method.logical_id, found["Integration"], declared, shown),
        statuses=frozenset(shown),
    )
    return (found["HttpMethod"], _path(stack, api, found["ResourceId"])), made


def _path(stack: Stack, api: Resource, resource_id: str) -> str:
    if resource_id == f"{api.physical_id}-root":
        return ""
    found = stack.by_id("AWS::ApiGateway::Resource", resource_id)
    if found is None:
        raise TemplateRefused(f"a method stands at {resource_id}, which is no resource of this template")
    return f"{_path(stack, api, found.properties['ParentId'])}/{found.properties['PathPart']}"


def _integration(
    stack: Stack, where: str, found: Mapping[str, Any], declared: frozenset[str], shown: Mapping[int, Mapping[str, bool]]
) -> Integration:
    uri = _URI.fullmatch(found.get("Uri", ""))
    if found["Type"] != "AWS" or uri is None:
        raise TemplateRefused(f"{where}: this emulator runs integrations of type AWS with a path only")
    if uri["region"] != stack.region:
        raise TemplateRefused(f"{where}: the integration goes to {uri['region']}, not to the stack's Region")
    if found.get("RequestTemplates"):
        raise TemplateRefused(f"{where}: this emulator runs no mapping templates")
    headers = _mapped(where, found.get("RequestParameters", {}), _INTO, declared, answer=False)
    replies = [_reply(where, reply, shown) for reply in found.get("IntegrationResponses", [])]
    if len({status for status, _ in replies}) < len(replies):
        raise TemplateRefused(f"{where}: two integration responses have one status; API Gateway keeps one for each")
    return Integration(
        service=uri["service"],
        path="/" + uri["path"],
        verb=found["IntegrationHttpMethod"],
        credentials=found.get("Credentials", ""),
        handling=found.get("ContentHandling"),
        headers=headers,
        replies=dict(replies),
    )


def _reply(where: str, found: Mapping[str, Any], shown: Mapping[int, Mapping[str, bool]]) -> tuple[int, Reply]:
    status = int(found["StatusCode"])
    if found.get("ResponseTemplates"):
        raise TemplateRefused(f"{where}: this emulator runs no mapping templates")
    headers = _mapped(where, found.get("ResponseParameters", {}), _BACK, frozenset(), answer=True)
    for name in headers:
        if f"{_BACK}{name}" not in shown.get(status, {}):
            raise TemplateRefused(f"{where}: {status} maps {name}, which the method response does not declare")
    pattern = found.get("SelectionPattern", "")
    try:
        compiled(pattern)
    except ValueError as error:
        raise TemplateRefused(f"{where}: {error}") from None
    return status, Reply(pattern, found.get("ContentHandling"), headers)


def _mapped(where: str, found: Mapping[str, str], prefix: str, declared: frozenset[str], *, answer: bool) -> dict[str, str]:
    for name, source in found.items():
        if not name.startswith(prefix):
            raise TemplateRefused(f"{where}: {name} is no place to map to")
        if fault := variables.fault(source, declared=declared, answer=answer):
            raise TemplateRefused(f"{where}: {fault}")
    return {name.removeprefix(prefix): source for name, source in found.items()}


def _own(found: Resource) -> OwnAnswer:
    status = found.properties.get("StatusCode")
    headers = {name.removeprefix("gatewayresponse.header."): text for name, text in found.properties.get("ResponseParameters", {}).items()}
    return OwnAnswer(None if status is None else int(status), headers)


def _networks(policy: Mapping[str, Any] | None) -> tuple[str, ...] | None:
    """The networks that a resource policy allows. Only the form with IpAddress is understood."""
    if policy is None:
        return None
    return tuple(_flat(statement["Condition"]["IpAddress"]["aws:SourceIp"] for statement in policy["Statement"]))


def _flat(lists: Iterable[list[str] | str]) -> Iterable[str]:
    for one in lists:
        yield from [one] if isinstance(one, str) else one
