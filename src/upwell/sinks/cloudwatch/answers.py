"""What an answer of CloudWatch means for the lane: the outcome, and for a hold the next step. Nothing here acts."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotocoreConnectionError

from upwell.otlp import Encoding, Signal, read_success
from upwell.sinks.base import Delivered, Hold, Outcome, Oversize, Refused, Retry
from upwell.sinks.cloudwatch.causes import Cause, cause_of
from upwell.sinks.replies import Problem, clean, problem, retry_after
from upwell.sinks.transport import Answer

_ACTIONS = {Signal.METRICS: "cloudwatch:PutMetricData", Signal.TRACES: "xray:PutTraceSegments", Signal.LOGS: "logs:PutLogEvents"}
"""IAM actions that the three endpoints ask for."""

_LATER = frozenset({Cause.THROTTLED, Cause.UNAVAILABLE})

_HINTS = {
    Cause.EXPIRED: "Renew the AWS credentials: sign in again, or see why the role's are not renewed. They are looked for by themselves.",
    Cause.CREDENTIALS: "Run `aws sts get-caller-identity` with this process's profile and environment, and mend what it says.",
    Cause.DENIED: "Allow {action} to the identity that sends ({region}).",
    Cause.CLOCK: "Set this machine's clock: AWS takes signatures within five minutes of its own.",
    Cause.MISSING: "Create the log group and stream of this sink, or allow logs:CreateLogGroup and logs:CreateLogStream.",
    Cause.SWITCH: "Turn on Transaction Search: `aws xray update-trace-segment-destination --destination CloudWatchLogs --region {region}`.",
    Cause.ENDPOINT: "Check region, endpoint_url, endpoints and use_fips of this sink: nothing takes {signal} there.",
}
_ASSUME = "Allow sts:AssumeRole on role_arn to the credentials found, and check the role's trust policy and external_id."


def outcome(answer: Answer, signal: Signal, region: str, now_ns: int) -> Outcome:
    """What to do after an answer."""
    if 200 <= answer.status < 300:
        return _delivered(answer, signal)
    found = problem(answer)
    made = _outcome(found, signal, region)
    if isinstance(made, Retry):
        return Retry(made.code, made.message, retry_after(answer.headers, now_ns))
    return made


def without_credentials(error: Exception, signal: Signal) -> Retry | Hold:
    """What to do when a request could not even be signed."""
    found = _read(error)
    cause = cause_of(found, signal)
    out_of_reach = isinstance(error, HTTPClientError | BotocoreConnectionError)  # of STS, or of the instance's metadata
    if out_of_reach or cause in _LATER:
        return Retry(found.code, found.message)
    if isinstance(error, ClientError) and cause is Cause.DENIED:
        return Hold(found.code, found.message, _ASSUME)
    return Hold(found.code, found.message, _HINTS[cause if cause is Cause.EXPIRED else Cause.CREDENTIALS])


def cause_of_hold(hold: Hold, signal: Signal) -> Cause:
    """The cause that an earlier hold was made for, as far as its code and message tell."""
    _, _, status = hold.code.partition("http-")
    return cause_of(Problem(int(status or 0), "" if status else hold.code, hold.message), signal)


def _delivered(answer: Answer, signal: Signal) -> Delivered:
    media_type = Encoding.JSON.value if answer.body[:1] == b"{" else answer.headers.get("content-type")
    rejected, message = read_success(answer.body, media_type, signal)
    return Delivered(max(0, rejected), clean(message))


def _outcome(found: Problem, signal: Signal, region: str) -> Outcome:
    code, cause = found.code or f"http-{found.status}", cause_of(found, signal)
    message = found.message or f"HTTP status {found.status} without a message"
    if cause in _LATER:
        return Retry(code, message)
    if cause is Cause.OVERSIZE:
        return Oversize(code, message)
    if cause is Cause.DATA:
        return Refused(code, message)
    return Hold(code, message, _HINTS[cause].format(action=_ACTIONS[signal], region=region, signal=signal.value))


def _read(error: Exception) -> Problem:
    if isinstance(error, ClientError):
        given, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        return Problem(int(about.get("HTTPStatusCode") or 403), str(given.get("Code", "")), clean(str(given.get("Message", ""))))
    message = clean(str(error)) if isinstance(error, BotoCoreError) else "the credentials could not be read"
    return Problem(401, type(error).__name__, message)
