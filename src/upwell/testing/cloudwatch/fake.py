"""The fake CloudWatch: OTLP endpoints, CloudWatch Logs API and STS on one port, all signed.

What the documents leave open is chosen here and in `judge`:

- A refused signature is the front door's answer, which knows nothing of OTLP: 403, `{"message": ...}`, the code in the
  header `x-amzn-ErrorType`. The Logs API says the same as 400 with `__type` in the body, STS as 403 in XML.
- A refusal by an endpoint itself is a google.rpc.Status in the request's encoding, with `x-amzn-ErrorType` beside it.
- A wrong Content-Type or Content-Encoding is 415, a body that is no OTLP message 400 SerializationException.
- A logs body may inflate to 32 MiB, the fake's own bound, because its documented limit counts events and not the body.
- A missing log group or stream is 400 ResourceNotFoundException; a missing header 400 InvalidParameterException.
- Over a rate: 429 ThrottlingException, with Retry-After (1) for logs only, where it is documented.
- Bearer tokens and `x-aws-truncatable-fields` are not known here: a request without SigV4 counts as unsigned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from upwell.otlp.model import Encoding, Signal
from upwell.testing.answers import Refused, Spelling
from upwell.testing.archive import Keep
from upwell.testing.clock import Clock
from upwell.testing.cloudwatch import control, promql
from upwell.testing.cloudwatch.credentials import Credential, Credentials
from upwell.testing.cloudwatch.judge import INVALID, INVALID_LOGS, judge_logs, judge_metrics, judge_traces
from upwell.testing.cloudwatch.limits import DOCUMENTED, Limits
from upwell.testing.cloudwatch.loggroups import LogGroups
from upwell.testing.cloudwatch.logsapi import TARGET_PREFIX, LogsApi
from upwell.testing.cloudwatch.signature import BadSignature, verify
from upwell.testing.cloudwatch.sts import Sts, form
from upwell.testing.cloudwatch.throttle import NewNames, Rate
from upwell.testing.export import Export, Point
from upwell.testing.listener import MAX_BODY, Answer, Request
from upwell.testing.receiver import Receiver
from upwell.testing.script import API, STS
from upwell.testing.verdict import Verdict

SERVICES = {Signal.METRICS: "monitoring", Signal.TRACES: "xray", Signal.LOGS: "logs"}
"""The SigV4 service name that each endpoint asks for."""

DEFAULT_REGION = "us-west-2"
DEFAULT_ACCESS_KEY = "UPWELLFAKEACCESSKEY"
DEFAULT_SECRET_KEY = "upwell-fake-secret-key"  # noqa: S105 - opens nothing but this fake

_STS_CODES = {
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
}


class FakeCloudWatch(Receiver):
    """A CloudWatch of one Region that knows one access key. See `Receiver` for what to ask and to order.

    Items are judged by `clock`; signatures, temporary credentials and requests per second by `wall`, which a test
    that simulates days leaves alone, because clients sign with the real time. `limits` may be a stricter table.
    `roles` are the role ARNs that may be assumed, each with its external id or None; by default any.
    """

    def __init__(
        self,
        *,
        region: str = DEFAULT_REGION,
        access_key: str = DEFAULT_ACCESS_KEY,
        secret_key: str = DEFAULT_SECRET_KEY,
        host: str = "127.0.0.1",
        port: int = 0,
        keep: Keep | str = Keep.ALL,
        id_attribute: str = "test.id",
        clock_ns: Callable[[], int] = time.time_ns,
        wall_ns: Callable[[], int] = time.time_ns,
        limits: Limits = DOCUMENTED,
        roles: Mapping[str, str | None] | None = None,
    ) -> None:
        super().__init__(host=host, port=port, keep=keep, id_attribute=id_attribute, clock_ns=clock_ns)
        self.region = region
        self.access_key = access_key
        self.secret_key = secret_key
        self.wall = Clock(wall_ns)
        self._limits = limits
        self._credentials = Credentials(Credential(access_key, secret_key), self.wall.now_ns)
        self._sts = Sts(self._credentials, roles)
        self._forget()

    # -- orders ------------------------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Forget everything: items, log groups, temporary credentials, failures, rates and both clocks' advance."""
        super().reset()
        self.wall.reset()
        self._credentials.reset()
        self._forget()

    def create_log_group(self, group: str, stream: str | None = None, *, retention_days: int | None = None) -> None:
        """Make a log group, with a stream in it where one is named."""
        self._groups.create_group(group, self.clock.now_ns())
        if retention_days is not None:
            self._groups.retain(group, retention_days)
        if stream is not None:
            self.create_log_stream(group, stream)

    def create_log_stream(self, group: str, stream: str) -> None:
        self._groups.create_stream(group, stream, self.clock.now_ns())

    def delete_log_group(self, group: str) -> None:
        self._groups.delete_group(group)

    def delete_log_stream(self, group: str, stream: str) -> None:
        self._groups.delete_stream(group, stream)

    def log_groups(self) -> dict[str, list[str]]:
        """The names of all log groups and of the streams in each."""
        return {group.name: sorted(group.streams) for group in self._groups.groups()}

    def log_events(self, group: str, stream: str) -> list[dict[str, Any]]:
        """The events of a stream as FilterLogEvents gives them, in order of arrival. Raises NotKept."""
        return list(self._api.events(group, [stream]))

    def add_access_key(self, access_key: str, secret_key: str) -> None:
        """Accept another fixed access key."""
        self._credentials.add(Credential(access_key, secret_key))

    def expire_credentials(self, *, temporary_only: bool = False) -> None:
        """Every credential known now is refused as expired, until `restore_credentials`; roles assumed later work."""
        self._credentials.expire(temporary_only=temporary_only)

    def restore_credentials(self) -> None:
        self._credentials.restore()

    # -- the way of a request ----------------------------------------------------------------------------------------------------

    def admit(self, signal: Signal, request: Request) -> None:
        try:
            self._verify(request, SERVICES[signal])
        except BadSignature as error:
            raise Refused(403, error.code, str(error), spelling=Spelling.HEADER) from None
        rate = self._rates.get(signal)
        if rate is not None and not rate.take(self.wall.now_ns()):
            raise Refused(429, "ThrottlingException", "Rate exceeded", headers={"Retry-After": "1"} if signal is Signal.LOGS else {})

    def judge(self, request: Request, export: Export, now_ns: int) -> Verdict:
        if export.signal is Signal.LOGS:
            return self._judge_logs(request, export, now_ns)
        if export.signal is Signal.TRACES:
            return judge_traces(export, self._limits.traces, now_ns)
        verdict = judge_metrics(export, self._limits.metrics, now_ns)
        return verdict if verdict.refusal else self._throttle_names(export, verdict, now_ns)

    def stream_of(self, signal: Signal, request: Request) -> tuple[str, str] | None:
        return (request.header("x-aws-log-group"), request.header("x-aws-log-stream")) if signal is Signal.LOGS else None

    def largest(self, signal: Signal) -> int:
        """Metrics and traces may inflate to their documented size; logs are counted by their events, so to the fake's own bound."""
        sizes = {Signal.METRICS: self._limits.metrics.request_bytes, Signal.TRACES: self._limits.traces.request_bytes}
        return sizes.get(signal, MAX_BODY)

    def too_large(self, signal: Signal) -> Refused:
        code = INVALID_LOGS if signal is Signal.LOGS else INVALID
        return Refused(400, code, f"Maximum request size exceeded: {self.largest(signal)} bytes.")

    def other(self, request: Request) -> Answer:
        """The Logs API, PromQL, STS and the fake's own `/_fake/` pages."""
        if request.path.startswith(control.PREFIX):
            return control.answer(self, request)
        try:
            if request.path == promql.PATH and request.method == "GET":
                return self._query(request)
            if request.header("x-amz-target").startswith(TARGET_PREFIX):
                return self._call_api(request)
            if request.method == "POST" and "Action" in form(request):
                return self._call_sts(request)
        except Refused as refusal:
            return refusal.answer(Encoding.JSON)
        return super().other(request)

    def _query(self, request: Request) -> Answer:
        try:
            self._verify(request, "monitoring")
        except BadSignature as error:
            raise Refused(403, error.code, str(error), spelling=Spelling.HEADER) from None
        return promql.answer(request.query.get("query", ""), self.items(Signal.METRICS), self.clock.now_ns())

    def _call_api(self, request: Request) -> Answer:
        try:
            self._verify(request, "logs")
        except BadSignature as error:
            raise Refused(400, error.code, str(error), spelling=Spelling.JSON) from None
        return self._unless_scripted(API, request.header("x-amz-target").removeprefix(TARGET_PREFIX), lambda: self._api.answer(request))

    def _call_sts(self, request: Request) -> Answer:
        try:
            caller = self._verify(request, "sts")
        except BadSignature as error:
            raise Refused(403, _STS_CODES[error.code], str(error), spelling=Spelling.XML) from None
        return self._unless_scripted(STS, form(request)["Action"], lambda: self._sts.answer(request, caller))

    def _unless_scripted(self, at: str, operation: str, answer: Callable[[], Answer]) -> Answer:
        failure = self._script.take(at, operation=operation)
        self._listener.pause(failure.delay)
        right = answer() if failure.after else None
        if failure.cut:
            return Answer(cut=True)
        if refusal := failure.refusal():
            raise refusal
        return right or answer()

    def _verify(self, request: Request, service: str) -> Credential:
        regions = {self.region, "us-east-1"} if service == "sts" else {self.region}  # the global STS endpoint signs for us-east-1
        return verify(request, self._credentials, service, regions, self.wall.now_ns())

    def _judge_logs(self, request: Request, export: Export, now_ns: int) -> Verdict:
        names = {name: request.header(name) for name in ("x-aws-log-group", "x-aws-log-stream")}
        for name, value in names.items():
            if not value:
                raise Refused(400, INVALID_LOGS, f"The header {name} is required.")
        try:
            group = self._groups.group(names["x-aws-log-group"])
            self._groups.stream(group.name, names["x-aws-log-stream"])
        except Refused as missing:
            raise Refused(missing.status, missing.code, missing.message) from None
        return judge_logs(export, self._limits.logs, now_ns, self.region, group.retention_ns)

    def _throttle_names(self, export: Export, verdict: Verdict, now_ns: int) -> Verdict:
        names = [point.metric["name"] for _, point in export.entries() if isinstance(point, Point)]
        refused = self._names.refused(names, now_ns)
        if not refused:
            return verdict
        throttled = frozenset(index for index, name in enumerate(names) if name in refused)
        message = "Maximum new series creation rate exceeded."
        if len(throttled) == len(names):
            return Verdict(verdict.usage, Refused(429, "ThrottlingException", message))
        return Verdict(verdict.usage, rejected=verdict.rejected | throttled, message=message)

    def _forget(self) -> None:
        self._groups = LogGroups()
        self._api = LogsApi(self._groups, self._archive, self.region, self.clock.now_ns)
        metrics = self._limits.metrics
        self._names = NewNames(metrics.new_names, metrics.new_names_window_ns)
        self._rates = {Signal.METRICS: Rate(metrics.requests_per_second), Signal.LOGS: Rate(self._limits.logs.requests_per_second)}
