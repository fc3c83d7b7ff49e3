"""Why AWS refused, whatever status the answer came with."""

from __future__ import annotations

import pytest

from upwell.otlp import Signal
from upwell.sinks.cloudwatch.causes import Cause, cause_of
from upwell.sinks.replies import Problem

STATUSES = [400, 401, 403, 404, 429, 500, 503]


def cause(code: str = "", message: str = "", status: int = 400, rpc: int = 0, signal: Signal = Signal.LOGS) -> Cause:
    return cause_of(Problem(status, code, message, rpc), signal)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", Cause.THROTTLED),
        ("Throttling", Cause.THROTTLED),
        ("ThrottledException", Cause.THROTTLED),
        ("TooManyRequestsException", Cause.THROTTLED),
        ("RequestLimitExceeded", Cause.THROTTLED),
        ("SlowDown", Cause.THROTTLED),
        ("ServiceUnavailableException", Cause.UNAVAILABLE),
        ("ServiceUnavailable", Cause.UNAVAILABLE),
        ("InternalFailure", Cause.UNAVAILABLE),
        ("InternalServerError", Cause.UNAVAILABLE),
        ("InternalServerException", Cause.UNAVAILABLE),
        ("InternalServiceException", Cause.UNAVAILABLE),
        ("RequestTimeout", Cause.UNAVAILABLE),
        ("OperationAbortedException", Cause.UNAVAILABLE),
        ("ExpiredTokenException", Cause.EXPIRED),
        ("ExpiredToken", Cause.EXPIRED),
        ("RequestExpired", Cause.EXPIRED),
        ("UnauthorizedSSOTokenError", Cause.EXPIRED),
        ("UnrecognizedClientException", Cause.CREDENTIALS),
        ("InvalidClientTokenId", Cause.CREDENTIALS),
        ("MissingAuthenticationTokenException", Cause.CREDENTIALS),
        ("InvalidSignatureException", Cause.CREDENTIALS),
        ("SignatureDoesNotMatch", Cause.CREDENTIALS),
        ("IncompleteSignature", Cause.CREDENTIALS),
        ("NoCredentialsError", Cause.CREDENTIALS),
        ("AccessDeniedException", Cause.DENIED),
        ("AccessDenied", Cause.DENIED),
        ("NotAuthorized", Cause.DENIED),
        ("OptInRequired", Cause.DENIED),
        ("KMSAccessDeniedException", Cause.DENIED),
        ("RequestTimeTooSkewed", Cause.CLOCK),
        ("ResourceNotFoundException", Cause.MISSING),
        ("RequestEntityTooLargeException", Cause.OVERSIZE),
        ("PayloadTooLargeError", Cause.OVERSIZE),
        ("UnknownOperationException", Cause.ENDPOINT),
    ],
)
def test_the_code_comes_before_the_status(code: str, expected: Cause, status: int) -> None:
    """The same code means the same as 400, 403, 429 and 500."""
    assert cause(code, status=status) is expected


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("code", ["", "AccessDeniedException", "InvalidRequestException", "InvalidParameterException", "Whatever"])
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination.", Cause.SWITCH),
        ("The security token included in the request is expired", Cause.EXPIRED),
        ("Error when retrieving token from sso: Token has expired and refresh failed", Cause.EXPIRED),
        ("Signature expired: 20261121T100000Z is now earlier than 20261121T101500Z", Cause.CLOCK),
        ("Signature not yet current: 20261121T101500Z is still later than 20261121T100000Z", Cause.CLOCK),
    ],
)
def test_a_telling_sentence_comes_before_the_code(message: str, expected: Cause, code: str, status: int) -> None:
    """What these say is more than AccessDenied or InvalidRequest says."""
    assert cause(code, message, status) is expected


@pytest.mark.parametrize("code", ["", "InvalidParameterException", "ValidationException"])
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("The specified log group does not exist.", Cause.MISSING),
        ("The specified log stream does not exist.", Cause.MISSING),
        ("LogStream gateway not found", Cause.MISSING),
        ("The security token included in the request is invalid.", Cause.CREDENTIALS),
        ("Missing Authentication Token", Cause.CREDENTIALS),
        ("Credential should be scoped to correct service: 'monitoring'", Cause.CREDENTIALS),
        ("User: arn:aws:iam::1:user/x is not authorized to perform: xray:PutTraceSegments", Cause.DENIED),
        ("Rate exceeded", Cause.THROTTLED),
        ("Maximum number of datapoints per request exceeded: 1000.", Cause.OVERSIZE),
        ("Maximum number of spans per request exceeded: 10000.", Cause.OVERSIZE),
        ("Maximum request size exceeded: 1048576 bytes.", Cause.OVERSIZE),
        ("Maximum size of resource and scope exceeded: 16384 bytes", Cause.OVERSIZE),
        ("Log event too large: 1048577 bytes exceeds limit of 1048576.", Cause.OVERSIZE),
        ("Upload exceeds 1 MB", Cause.OVERSIZE),
        ("The batch of log events in a single request is larger than the size limit", Cause.OVERSIZE),
        ("Maximum number of attributes exceeded: 150 [ResourceMetrics.1.ScopeMetrics.1.Metrics.1.Datapoint.1].", Cause.DATA),
        ("Maximum time gap in a request exceeded: 86400 seconds.", Cause.DATA),
        ("The timestamp of a span is more than 14 days in the past", Cause.DATA),
        ("the body is not an OTLP protobuf message", Cause.DATA),
    ],
)
def test_a_sentence_counts_where_the_code_says_nothing(message: str, expected: Cause, code: str) -> None:
    """Validation codes mean everything and nothing; their sentences are known."""
    assert cause(code, message) is expected


def test_a_throttle_that_speaks_of_a_maximum_is_a_throttle() -> None:
    """The code comes before the general sentences: slowing down is no reason to cut a request."""
    assert cause("ThrottlingException", "Maximum number of requests exceeded", 429) is Cause.THROTTLED


@pytest.mark.parametrize(
    ("rpc", "expected"),
    [
        (3, Cause.DATA),
        (4, Cause.UNAVAILABLE),
        (5, Cause.ENDPOINT),
        (7, Cause.DENIED),
        (8, Cause.THROTTLED),
        (9, Cause.DATA),
        (12, Cause.ENDPOINT),
        (14, Cause.UNAVAILABLE),
        (16, Cause.CREDENTIALS),
    ],
)
def test_the_rpc_code_comes_before_the_status(rpc: int, expected: Cause) -> None:
    """A google.rpc.Status in a 400 may say more than the 400."""
    assert cause(status=400, rpc=rpc) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, Cause.ENDPOINT),
        (400, Cause.DATA),
        (401, Cause.CREDENTIALS),
        (403, Cause.DENIED),
        (404, Cause.ENDPOINT),
        (405, Cause.ENDPOINT),
        (407, Cause.ENDPOINT),
        (408, Cause.UNAVAILABLE),
        (413, Cause.OVERSIZE),
        (415, Cause.DATA),
        (422, Cause.DATA),
        (429, Cause.THROTTLED),
        (500, Cause.UNAVAILABLE),
        (501, Cause.ENDPOINT),
        (502, Cause.UNAVAILABLE),
        (503, Cause.UNAVAILABLE),
        (504, Cause.UNAVAILABLE),
        (505, Cause.ENDPOINT),
        (599, Cause.UNAVAILABLE),
    ],
)
def test_the_status_counts_last(status: int, expected: Cause) -> None:
    """An answer that says nothing else."""
    assert cause(status=status, signal=Signal.METRICS) is expected


def test_a_bare_404_of_the_logs_endpoint_is_a_missing_group_or_stream() -> None:
    """There is nothing else it could miss; for the other signals it is the wrong address."""
    assert cause(status=404) is Cause.MISSING
    assert cause(status=404, rpc=5) is Cause.MISSING
    assert cause(status=404, signal=Signal.TRACES) is Cause.ENDPOINT
