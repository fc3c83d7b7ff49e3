"""The fake API Gateway: it takes a template, and serves what a stack made from it would serve.

What documents leave open is chosen here:

- The quota of 10 MB counts the body both before and after inflation.
- A mapped header whose source is empty is not sent at all.
- A role without a permission meets what the service would say: 403 as an upstream answer, which goes through the template's patterns.
- A stack update serves a new snapshot only under a new deployment; variables, keys and limits change at once.
- The stack's log group and streams are made at the fake CloudWatch, and, being retained, never taken away.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from upwell.testing.apigateway import variables
from upwell.testing.apigateway.answers import own
from upwell.testing.apigateway.keys import ApiKey, Keys
from upwell.testing.apigateway.model import Snapshot, snapshot
from upwell.testing.apigateway.reading import read
from upwell.testing.apigateway.selection import doubts
from upwell.testing.apigateway.stack import Ids, Resource, Stack, TemplateRefused, make
from upwell.testing.apigateway.upstream import Upstream
from upwell.testing.apigateway.visit import Stage, Stop, Visit
from upwell.testing.cloudwatch.fake import DEFAULT_ACCESS_KEY, DEFAULT_REGION, DEFAULT_SECRET_KEY
from upwell.testing.listener import Answer, Listener, Request


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what an access log would say; `upstream` is None where the request never got there."""

    path: str
    status: int
    key_id: str = ""
    upstream: int | None = None
    error: str = ""


class FakeApiGateway:
    """A context manager: one stack with one stage. `endpoint` is its base URL, `keys` its keys by logical id.

    `upstream` is the URL of a fake CloudWatch, whose access key `access_key` and `secret_key` are. `now` is the clock
    of throttles in seconds, `spread` how long a new key does not work yet, `source_ip` where requests seem to come from.
    """

    def __init__(
        self,
        template: Mapping[str, Any] | str | Path,
        upstream: str,
        *,
        region: str = DEFAULT_REGION,
        access_key: str = DEFAULT_ACCESS_KEY,
        secret_key: str = DEFAULT_SECRET_KEY,
        parameters: Mapping[str, Any] | None = None,
        stack: str = "upwell",
        host: str = "127.0.0.1",
        port: int = 0,
        now: Callable[[], float] = time.monotonic,
        spread: float = 0,
        timeout: float = 29.0,
        source_ip: str = "127.0.0.1",
    ) -> None:
        self.source_ip = source_ip
        self.lines: list[Line] = []
        """What was answered, oldest first."""
        self._upstream_url = upstream
        self._upstream = Upstream(upstream, region, access_key, secret_key, timeout)
        self._name, self._region = stack, region
        self._ids = Ids()
        self._deployed: dict[str, Snapshot] = {}
        self._keys = Keys(now, spread)
        self._retained: dict[str, str] = {}
        self._lock = threading.Lock()
        self._listener = Listener(self._handle, host, port)
        self._stage = self._made(template, parameters or {})

    # -- life --------------------------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        self._make_streams()
        self._listener.start()
        return self

    def stop(self) -> None:
        """Raises the first error that happened inside the fake."""
        faults = self._listener.stop()
        self._upstream.close()
        for fault in faults:
            raise fault

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        faults = self._listener.stop()
        self._upstream.close()
        if faults and error is None:
            raise faults[0]

    def update(self, template: Mapping[str, Any] | str | Path, parameters: Mapping[str, Any] | None = None) -> None:
        """Update the stack. Raises TemplateRefused, and then serves as before."""
        before = self._stage
        self._stage = self._made(template, parameters or {})
        self._retained |= _parameters([each for each in before.stack.of("AWS::SSM::Parameter") if each.retained])
        self._make_streams()

    # -- questions ---------------------------------------------------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """The base URL with the stage, as the stack's output has it for the real one."""
        return f"{self._listener.url}/{self._stage.name}"

    @property
    def keys(self) -> Mapping[str, ApiKey]:
        return self._keys.listed

    @property
    def outputs(self) -> Mapping[str, str]:
        return self._stage.stack.outputs

    def parameters(self) -> dict[str, str]:
        """The SSM parameters that the stack made and that are still there, by name."""
        return {**self._retained, **_parameters(self._stage.stack.of("AWS::SSM::Parameter"))}

    def doubts(self) -> list[str]:
        """What in the deployed API hangs on something that AWS does not document."""
        return [
            f"{path}: {doubt}"
            for (_, path), method in self._stage.shown.methods.items()
            for doubt in doubts({status: reply.pattern for status, reply in method.integration.replies.items()})
        ]

    # -- making ------------------------------------------------------------------------------------------------------------------

    def _made(self, template: Mapping[str, Any] | str | Path, parameters: Mapping[str, Any]) -> Stage:
        raw = template if isinstance(template, Mapping) else read(template.read_text("utf-8") if isinstance(template, Path) else template)
        ids = replace(self._ids, known=dict(self._ids.known))
        stack = make(raw, name=self._name, region=self._region, parameters=parameters, ids=ids)
        stages = stack.of("AWS::ApiGateway::Stage")
        if len(stages) != 1:
            raise TemplateRefused(f"this emulator serves one stage, and the template has {len(stages)}")
        stage = stages[0]
        if unknown := variables.unknown_in_access_log(stage.properties.get("AccessLogSetting", {}).get("Format", "")):
            raise TemplateRefused(f"{stage.logical_id}: access logs know no $context.{unknown[0]}")
        shown = self._snapshot(stack, stage)
        self._keys.load(stack, shown.api_id, stage.physical_id)
        self._ids = ids
        return Stage(stack, stage.physical_id, stage.properties.get("Variables", {}), shown)

    def _snapshot(self, stack: Stack, stage: Resource) -> Snapshot:
        deployment = stack.by_id("AWS::ApiGateway::Deployment", stage.properties["DeploymentId"])
        if deployment is None:
            raise TemplateRefused(f"{stage.logical_id} shows no deployment of this template")
        if deployment.physical_id not in self._deployed:
            self._deployed[deployment.physical_id] = snapshot(stack, deployment)
        return self._deployed[deployment.physical_id]

    def _make_streams(self) -> None:
        stack = self._stage.stack
        orders = [{"group": each.physical_id, "retention_days": _days(each)} for each in stack.of("AWS::Logs::LogGroup")]
        made = {order["group"] for order in orders}
        for stream in stack.of("AWS::Logs::LogStream"):
            group = stream.properties["LogGroupName"]
            if group not in made and group not in self._ask("GET", "log-groups"):
                raise TemplateRefused(f"{stream.logical_id}: the log group {group} does not exist")
            orders.append({"group": group, "stream": stream.physical_id})
        there = self._ask("GET", "log-groups")
        for order in orders:
            if order.get("stream") not in there.get(order["group"], []):
                self._ask("POST", "log-groups", order)

    def _ask(self, verb: str, what: str, order: Any = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the fake's own URL
            f"{self._upstream_url}/_fake/{what}", None if order is None else json.dumps(order).encode(), method=verb
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())

    # -- the way of a request ----------------------------------------------------------------------------------------------------

    def _handle(self, request: Request) -> Answer:
        visit = Visit(self._stage, self._keys, self._upstream, request, self.source_ip)
        try:
            answer = visit.answer()
        except Stop as stop:
            visit.error = stop.kind.value
            answer = own(stop.kind, self._stage.shown)
        with self._lock:
            self.lines.append(Line(request.path, answer.status, visit.key.id if visit.key else "", visit.upstream_status, visit.error))
        return answer


def _days(group: Resource) -> int | None:
    days = group.properties.get("RetentionInDays")
    return None if days is None else int(days)


def _parameters(found: list[Resource]) -> dict[str, str]:
    return {each.physical_id: each.properties["Value"] for each in found}
