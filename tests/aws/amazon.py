"""An AWS account for tests: moto's server, with what it lacks stubbed, and the shipped fake CloudWatch as the far end.

Moto has CloudFormation, API Gateway's keys, Logs, SSM, IAM and S3. Stubbed here, because moto has none of it:

- resources in templates: ApiKey, UsagePlan, UsagePlanKey, Stage, GatewayResponse, Account, LogStream, Alarm, TransactionSearchConfig;
- outputs of a stack that a change set made; `RetainExceptOnCreate`; retention when an update removes a resource;
  `ImportExistingResources` (an existing group is taken over);
- `xray:GetTraceSegmentDestination`, `iam:SimulatePrincipalPolicy` (allowed unless a test says so), the PromQL API;
- FilterLogEvents, which is answered with what the fake CloudWatch got; API Gateway's data plane is the `door` below.

A green test says that our calls are well formed and in order, not that AWS was asked.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.apigateway.models import apigateway_backends
from moto.cloudformation.models import cloudformation_backends
from moto.logs.models import logs_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from tests.aws import gaps
from upwell.aws.probe import Send
from upwell.otlp.model import Signal
from upwell.sinks.base import Retry
from upwell.sinks.cloudwatch.signing import SERVICES
from upwell.sinks.transport import Answer as HttpAnswer
from upwell.sinks.transport import Transport
from upwell.testing.cloudwatch import FakeCloudWatch
from upwell.testing.listener import Answer, Listener, Request

ACCOUNT = "123456789012"
REGION = "us-west-2"

warnings.filterwarnings("ignore", module="moto.*")
warnings.filterwarnings("ignore", message="Tried to parse|Unable to delete")

gaps.fill()


@dataclass
class Amazon:
    """One account. Calls are noted; what a test scripts wins over moto."""

    fake: FakeCloudWatch
    moto: tuple[str, int]
    spans: str = "XRay"
    """Where spans go: XRay, or CloudWatchLogs with Transaction Search on."""
    refuse: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """By operation: status, code and message of its refusal."""
    denied: set[str] = field(default_factory=set)
    """Actions that IAM's simulation says are not allowed."""
    rollback: tuple[str, str] | None = None
    """The resource that fails when a change set is carried out, and the reason."""
    calls: list[tuple[str, Mapping[str, list[str]]]] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        """One request, to whoever can answer it."""
        operation, parameters = _operation(request)
        self.calls.append((operation, parameters))
        if operation in self.refuse:
            return _refusal(request, *self.refuse[operation])
        if operation == "GetTraceSegmentDestination":
            return _json({"Destination": self.spans, "Status": "ACTIVE"})
        if operation == "SimulatePrincipalPolicy":
            return _simulated(parameters, self.denied)
        if operation in ("FilterLogEvents", "PromQL"):
            return self._far_end(request)
        if operation == "ExecuteChangeSet" and self.rollback:
            return self._roll_back(parameters["StackName"][0])
        return self._forward(request)

    def parameters(self, operation: str) -> list[Mapping[str, list[str]]]:
        """The parameters of every call of an operation."""
        return [parameters for name, parameters in self.calls if name == operation]

    def stacks(self) -> Any:
        """Moto's own CloudFormation."""
        return cloudformation_backends[ACCOUNT][REGION]

    def keys(self) -> dict[str, str]:
        """Text by id of the API keys that there are."""
        return {key.id: key.value for key in apigateway_backends[ACCOUNT][REGION].keys.values()}

    def groups(self) -> dict[str, set[str]]:
        """Streams by log group."""
        return {name: set(group.streams) for name, group in logs_backends[ACCOUNT][REGION].groups.items()}

    def door(self, endpoint: str, secret: str, **_: Any) -> Send:
        """API Gateway's data plane: a key that is there, then CloudWatch with the stack's role; logs into the key's stream."""
        key_id = next((name for name, value in self.keys().items() if value == secret), None)

        def send(signal: Signal, body: bytes) -> HttpAnswer | Retry:
            if key_id is None:
                return HttpAnswer(403, {}, b'{"message":"Forbidden"}')
            return self._put(signal, body, self._group_of(key_id), key_id)

        assert endpoint.startswith("https://")
        return send

    def _group_of(self, stream: str) -> str:
        return next(group for group, streams in self.groups().items() if stream in streams)

    def _put(self, signal: Signal, body: bytes, group: str, stream: str) -> HttpAnswer | Retry:
        if group not in self.fake.log_groups():
            self.fake.create_log_group(group)
        if stream not in self.fake.log_groups()[group]:
            self.fake.create_log_stream(group, stream)
        url = f"{self.fake.url}/v1/{signal.value}"
        headers = {"Content-Type": "application/json", "x-aws-log-group": group, "x-aws-log-stream": stream}
        request = AWSRequest("POST", url, headers, body)
        SigV4Auth(Credentials(self.fake.access_key, self.fake.secret_key), SERVICES[signal], REGION).add_auth(request)
        transport = Transport(url, timeout=10, connections=1, verify=True)
        with contextlib.closing(transport):
            return transport.send(request.prepare())

    def _far_end(self, request: Request) -> Answer:
        """Signed anew: the signature is for this host, and the fake has another."""
        service = "monitoring" if request.path.startswith("/api/") else "logs"
        keep = {name: value for name, value in request.headers if name.lower() in ("content-type", "x-amz-target")}
        signed = AWSRequest(request.method, f"{self.fake.url}{request.target}", keep, request.body)
        SigV4Auth(Credentials(self.fake.access_key, self.fake.secret_key), service, REGION).add_auth(signed)
        return _ask(urlsplit(self.fake.url).netloc, request.method, request.target, dict(signed.headers.items()), request.body)

    def _forward(self, request: Request) -> Answer:
        headers = {name: value for name, value in request.headers if name.lower() != "content-length"}
        here = quote_plus(f"http://{request.header('host')}/").encode()  # moto finds buckets by Amazon's host names
        body = request.body.replace(b"TemplateURL=" + here, b"TemplateURL=" + quote_plus(f"https://s3.{REGION}.amazonaws.com/").encode())
        return _ask(f"{self.moto[0]}:{self.moto[1]}", request.method, request.target, headers, body)

    def _roll_back(self, stack_id: str) -> Answer:
        """What CloudFormation does when a resource cannot be made."""
        logical, reason = self.rollback or ("", "")
        stack = self.stacks().get_stack(stack_id)
        fresh = stack.status == "REVIEW_IN_PROGRESS"
        for state, name, why in (
            ("CREATE_IN_PROGRESS" if fresh else "UPDATE_IN_PROGRESS", stack.name, "User Initiated"),
            ("CREATE_FAILED", "Other", "Resource creation cancelled"),
            ("CREATE_FAILED", logical, reason),
            ("ROLLBACK_IN_PROGRESS" if fresh else "UPDATE_ROLLBACK_IN_PROGRESS", stack.name, "The following resource(s) failed"),
            ("ROLLBACK_COMPLETE" if fresh else "UPDATE_ROLLBACK_COMPLETE", stack.name, None),
        ):
            stack._add_stack_event(state, resource_status_reason=why)
            stack.events[-1].logical_resource_id = name
        stack.status = "ROLLBACK_COMPLETE" if fresh else "UPDATE_ROLLBACK_COMPLETE"
        return Answer(200, b"<ExecuteChangeSetResponse><ExecuteChangeSetResult/></ExecuteChangeSetResponse>", {"Content-Type": "text/xml"})


@contextlib.contextmanager
def amazon() -> Iterator[tuple[Amazon, str]]:
    """An account, and the URL that stands for every AWS endpoint."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    with FakeCloudWatch(region=REGION) as fake:
        account = Amazon(fake, server.get_host_and_port())
        front = Listener(account.answer)
        front.start()
        try:
            yield account, front.url
        finally:
            faults = front.stop()
            moto_api_backend.reset()
            server.stop()
    for fault in faults:
        raise fault


def _operation(request: Request) -> tuple[str, Mapping[str, list[str]]]:
    target = request.header("x-amz-target")
    if target:
        return target.rpartition(".")[2], {}
    if request.path == "/api/v1/query":
        return "PromQL", {}
    if request.header("content-type").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(request.body.decode())
        return form.get("Action", [""])[0], form
    if request.path == "/GetTraceSegmentDestination":
        return "GetTraceSegmentDestination", {}
    return f"{request.method} {request.path}", {}


def _ask(netloc: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
    connection = http.client.HTTPConnection(netloc, timeout=60)
    try:
        connection.request(method, target, body, dict(headers))
        found = connection.getresponse()
        kept = {
            name: value for name, value in found.getheaders() if name.lower() in ("content-type", "x-amzn-errortype", "x-amzn-requestid")
        }
        return Answer(found.status, found.read(), kept)
    finally:
        connection.close()


def _json(document: Any) -> Answer:
    return Answer(200, json.dumps(document).encode(), {"Content-Type": "application/json"})


def _simulated(parameters: Mapping[str, list[str]], denied: set[str]) -> Answer:
    actions = [values[0] for name, values in parameters.items() if name.startswith("ActionNames.member.")]
    decisions = {action: "implicitDeny" if action in denied else "allowed" for action in actions}
    members = "".join(
        f"<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision></member>"
        for action, decision in decisions.items()
    )
    result = f"<EvaluationResults>{members}</EvaluationResults><IsTruncated>false</IsTruncated>"
    name = "SimulatePrincipalPolicy"
    return Answer(200, f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>".encode(), {"Content-Type": "text/xml"})


def _refusal(request: Request, status: int, code: str, message: str) -> Answer:
    if request.header("x-amz-target") or request.path.startswith("/GetTrace"):
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
        return Answer(status, json.dumps({"__type": code, "message": message}).encode(), headers)
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    return Answer(status, body.encode(), {"Content-Type": "text/xml"})


def clear(monkeypatch: Any, url: str, fake: FakeCloudWatch) -> None:
    """Point every AWS client of this process at the account, with the fake's keys and nothing of this machine."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (
        ("AWS_ENDPOINT_URL", url),
        ("AWS_ACCESS_KEY_ID", fake.access_key),
        ("AWS_SECRET_ACCESS_KEY", fake.secret_key),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
