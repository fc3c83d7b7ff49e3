"""The way of one request through a stage: admitted, inflated, mapped, signed and sent, and its answer mapped back."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass

from upwell.testing.apigateway import role as roles
from upwell.testing.apigateway import variables
from upwell.testing.apigateway.answers import Own
from upwell.testing.apigateway.bodies import NotConvertible, NotInflatable, TooLong, inflated, is_binary, request_body, response_body
from upwell.testing.apigateway.keys import ApiKey, Keys
from upwell.testing.apigateway.model import Integration, Method, Snapshot
from upwell.testing.apigateway.selection import select
from upwell.testing.apigateway.stack import ACCOUNT, Stack
from upwell.testing.apigateway.upstream import Reached, TimedOut, Unreachable, Upstream
from upwell.testing.listener import Answer, Request


@dataclass(frozen=True, slots=True)
class Stage:
    """What is served: a stack's stage with its variables, and the snapshot that it shows."""

    stack: Stack
    name: str
    variables: Mapping[str, str]
    shown: Snapshot


class Stop(Exception):
    """The request ends with one of API Gateway's own answers."""

    def __init__(self, kind: Own) -> None:
        super().__init__(kind.value)
        self.kind = kind


class Visit:
    """One request on its way through the stage that was there when it came."""

    def __init__(self, stage: Stage, keys: Keys, upstream: Upstream, request: Request, source_ip: str) -> None:
        self._stage, self._keys, self._upstream, self._request = stage, keys, upstream, request
        self._source_ip = source_ip
        self.key: ApiKey | None = None
        self.upstream_status: int | None = None
        self.error = ""

    def answer(self) -> Answer:
        method = self._admitted()
        integration = method.integration
        media_type = self._request.header("content-type") or "application/json"
        binary = self._stage.shown.binary
        try:
            plain = inflated(self._request.body, self._request.header("content-encoding"))
            body = request_body(plain, binary=is_binary(media_type, binary), handling=integration.handling)
        except NotInflatable:
            raise Stop(Own.UNSUPPORTED_MEDIA_TYPE) from None
        except TooLong:
            raise Stop(Own.REQUEST_TOO_LARGE) from None
        except NotConvertible:
            raise Stop(Own.API_CONFIGURATION_ERROR) from None
        scope = self._scope(method)
        return self._answered(method, self._sent(integration, self._headers(integration, scope, media_type), body), scope)

    def _admitted(self) -> Method:
        shown = self._stage.shown
        if shown.networks is not None and not _inside(self._source_ip, shown.networks):
            raise Stop(Own.ACCESS_DENIED)
        prefix = f"/{self._stage.name}"
        path = self._request.path.removeprefix(prefix) if self._request.path.startswith(f"{prefix}/") else ""
        method = shown.methods.get((self._request.method, path))
        if method is None:
            raise Stop(Own.UNKNOWN_PATH)
        if method.key_required:
            self.key = self._keys.find(self._request.header("x-api-key"))
            if self.key is None:
                raise Stop(Own.INVALID_API_KEY)
            if not self._keys.take(self.key):
                raise Stop(Own.THROTTLED)
        return method

    def _scope(self, method: Method) -> dict[str, Mapping[str, str]]:
        key = self.key or ApiKey("", "", "")
        context = {
            "accountId": ACCOUNT,
            "apiId": self._stage.shown.api_id,
            "httpMethod": self._request.method,
            "identity.apiKey": key.value,
            "identity.apiKeyId": key.id,
            "identity.sourceIp": self._source_ip,
            "identity.userAgent": self._request.header("user-agent"),
            "path": self._request.path,
            "resourceId": method.resource_id,
            "stage": self._stage.name,
        }
        headers = {name.lower(): text for name, text in reversed(self._request.headers)}
        return {"method.request.header": headers, "context": context, "stageVariables": self._stage.variables}

    def _headers(self, integration: Integration, scope: Mapping[str, Mapping[str, str]], media_type: str) -> dict[str, str]:
        """What the service gets: the few headers that always pass, and the mapped ones."""
        headers = {"content-type": media_type, "x-amzn-apigateway-api-id": self._stage.shown.api_id}
        headers |= {name: text for name in ("accept", "user-agent") if (text := self._request.header(name))}
        for name, source in integration.headers.items():
            if name.lower() in variables.RESTRICTED:
                raise Stop(Own.API_CONFIGURATION_ERROR)
            if text := variables.value(source, scope):
                headers[name.lower()] = text
        return headers

    def _sent(self, integration: Integration, headers: Mapping[str, str], body: bytes) -> Reached:
        role = roles.find(self._stage.stack, integration.credentials)
        if role is None or not roles.is_assumable(role):
            raise Stop(Own.API_CONFIGURATION_ERROR)
        if denied := roles.refusal(self._stage.stack, role, integration.service, headers):
            return Reached(403, {"content-type": "application/json"}, json.dumps({"message": denied}).encode())
        try:
            return self._upstream.send(integration.service, integration.verb, integration.path, headers, body)
        except TimedOut:
            raise Stop(Own.INTEGRATION_TIMEOUT) from None
        except Unreachable:
            raise Stop(Own.INTEGRATION_FAILURE) from None

    def _answered(self, method: Method, reached: Reached, scope: dict[str, Mapping[str, str]]) -> Answer:
        self.upstream_status = reached.status
        replies = method.integration.replies
        status = select({becomes: reply.pattern for becomes, reply in replies.items()}, reached.status)
        if status is None or status not in method.statuses:
            raise Stop(Own.API_CONFIGURATION_ERROR)
        binary = self._stage.shown.binary
        try:
            body = response_body(
                reached.body,
                binary=is_binary(reached.headers.get("content-type", "application/json"), binary),
                wanted=is_binary(self._request.header("accept"), binary),
                handling=replies[status].handling,
            )
        except NotConvertible:
            raise Stop(Own.API_CONFIGURATION_ERROR) from None
        scope["integration.response.header"] = reached.headers
        mapped = {name: text for name, source in replies[status].headers.items() if (text := variables.value(source, scope))}
        return Answer(status, body, {"Content-Type": "application/json", **mapped})


def _inside(address: str, networks: tuple[str, ...]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False) for network in networks)
