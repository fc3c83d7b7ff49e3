"""What a lane does after an answer of CloudWatch."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    UnauthorizedSSOTokenError,
)

from upwell.otlp import Encoding, Signal, status, success
from upwell.sinks.base import Delivered, Hold, Outcome, Oversize, Refused, Retry
from upwell.sinks.cloudwatch.answers import cause_of_hold, outcome, without_credentials
from upwell.sinks.cloudwatch.causes import Cause
from upwell.sinks.transport import Answer

REGION = "us-west-2"


def read(answer: Answer, signal: Signal = Signal.LOGS) -> Outcome:
    return outcome(answer, signal, REGION, 0)


def error(code: str, message: str = "no", http: int = 400, **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(http, {"x-amzn-errortype": code, **given}, status(Encoding.JSON, 3, message))


# -- delivered -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("encoding", Encoding)
def test_full_success(encoding: Encoding, signal: Signal) -> None:
    """200 with nothing to say, in either encoding, or with no body at all."""
    answers = [success(encoding, signal), b""]

    assert [read(Answer(200, {"content-type": encoding.value}, body), signal) for body in answers] == [Delivered(), Delivered()]


@pytest.mark.parametrize("signal", Signal)
@pytest.mark.parametrize("encoding", Encoding)
def test_partial_success_is_delivered_with_what_was_rejected(encoding: Encoding, signal: Signal) -> None:
    """The count and the message; it must not be sent again."""
    body = success(encoding, signal, 5, "too old")

    assert read(Answer(200, {"content-type": encoding.value}, body), signal) == Delivered(5, "too old")


def test_partial_success_as_documented_for_logs() -> None:
    """The message is itself JSON."""
    body = b'{"partialSuccess":{"rejectedLogRecords":5,"errorMessage":"{\\"tooOldLogEventCount\\": 3, \\"tooNewLogEventCount\\": 2}"}}'

    found = read(Answer(200, {}, body))

    assert found == Delivered(5, '{"tooOldLogEventCount": 3, "tooNewLogEventCount": 2}')


def test_success_that_cannot_be_read_is_success() -> None:
    """A 200 is taken at its word."""
    assert read(Answer(200, {"content-type": "text/html"}, b"<p>fine</p>")) == Delivered()


def test_a_negative_count_rejects_nothing() -> None:
    """Nonsense in an answer does not reach the ledger."""
    assert read(Answer(200, {}, b'{"partialSuccess":{"rejectedLogRecords":-5}}')) == Delivered()


# -- later -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("http", [400, 429, 503])
def test_throttling_is_retried_when_the_server_says(http: int) -> None:
    """Whatever the status; Retry-After is handed on, bounded."""
    assert read(error("ThrottlingException", "Rate exceeded", http, retry_after="7")) == Retry("ThrottlingException", "Rate exceeded", 7.0)
    assert read(error("ThrottlingException", "Rate exceeded", http)) == Retry("ThrottlingException", "Rate exceeded", None)


@pytest.mark.parametrize("http", [500, 502, 503, 504])
def test_a_failing_service_is_retried(http: int) -> None:
    """500 as well: the data is safe here, and AWS's 500s pass."""
    found = read(Answer(http, {}, b""))

    assert found == Retry(f"http-{http}", f"HTTP status {http} without a message", None)


# -- the data ----------------------------------------------------------------------------------------------------------------------


def test_too_much_is_to_be_cut() -> None:
    """413, or a 400 that speaks of a maximum."""
    message = "Maximum number of datapoints per request exceeded: 1000."

    assert read(Answer(413, {}, b"")) == Oversize("http-413", "HTTP status 413 without a message")
    assert read(error("ValidationException", message), Signal.METRICS) == Oversize("ValidationException", message)


@pytest.mark.parametrize("http", [400, 415, 422])
def test_other_refusals_are_about_the_data(http: int) -> None:
    """The lane finds the item."""
    found = read(error("SerializationException", "the body is not an OTLP protobuf message", http))

    assert found == Refused("SerializationException", "the body is not an OTLP protobuf message")


# -- until something is mended -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("http", [400, 403])
@pytest.mark.parametrize(
    ("signal", "action"),
    [(Signal.METRICS, "cloudwatch:PutMetricData"), (Signal.TRACES, "xray:PutTraceSegments"), (Signal.LOGS, "logs:PutLogEvents")],
)
def test_a_missing_permission_names_it(signal: Signal, action: str, http: int) -> None:
    """The hint has the IAM action of the signal."""
    found = read(error("AccessDeniedException", "no", http), signal)

    assert isinstance(found, Hold)
    assert action in found.hint


@pytest.mark.parametrize("http", [400, 401, 403, 404])
@pytest.mark.parametrize(
    ("code", "message", "words"),
    [
        ("ExpiredTokenException", "The security token included in the request is expired", "Renew the AWS credentials"),
        ("UnrecognizedClientException", "The security token included in the request is invalid.", "aws sts get-caller-identity"),
        ("InvalidSignatureException", "Signature expired: 1 is now earlier than 2", "clock"),
        ("ResourceNotFoundException", "The specified log stream does not exist.", "logs:CreateLogStream"),
        (
            "InvalidRequestException",
            "The OTLP API is supported with CloudWatch Logs as a Trace Segment Destination.",
            "aws xray update-trace-segment-destination --destination CloudWatchLogs --region us-west-2",
        ),
    ],
)
def test_a_hold_says_what_to_do(code: str, message: str, words: str, http: int) -> None:
    """The same code holds as 400 and as 403, with the next step."""
    found = read(error(code, message, http))

    assert isinstance(found, Hold)
    assert (found.code, found.message) == (code, message)
    assert words in found.hint


@pytest.mark.parametrize("http", [301, 401, 403, 404, 405, 501])
def test_a_status_without_a_word_holds(http: int) -> None:
    """Refused at the door without a reason: a person has to look, and nothing is thrown away meanwhile."""
    found = read(Answer(http, {}, b""), Signal.METRICS)

    assert isinstance(found, Hold)
    assert found.code == f"http-{http}"
    assert found.hint


def test_every_hold_has_a_hint() -> None:
    """No cause is without a next step, for any signal."""
    codes = ["ExpiredToken", "AccessDenied", "NoCredentials", "RequestTimeTooSkewed", "ResourceNotFound", "UnknownOperation"]
    for signal in Signal:
        for code in codes:
            found = read(error(code), signal)
            assert isinstance(found, Hold)
            assert found.hint
            assert "{" not in found.hint


# -- credentials that cannot be had ------------------------------------------------------------------------------------------------


def client_error(code: str, http: int) -> ClientError:
    about = {"RequestId": "1", "HostId": "1", "HTTPStatusCode": http, "HTTPHeaders": {}, "RetryAttempts": 0}
    return ClientError({"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": about}, "AssumeRole")  # type: ignore[typeddict-item,unused-ignore]


def test_no_credentials_hold() -> None:
    """With the way to find out why."""
    found = without_credentials(NoCredentialsError(), Signal.METRICS)

    assert found == Hold(
        "NoCredentialsError",
        "Unable to locate credentials",
        "Run `aws sts get-caller-identity` with this process's profile and environment, and mend what it says.",
    )


@pytest.mark.parametrize("http", [400, 403])
def test_a_role_that_may_not_be_assumed_holds(http: int) -> None:
    """The hint speaks of the role, not of sending."""
    found = without_credentials(client_error("AccessDenied", http), Signal.METRICS)

    assert isinstance(found, Hold)
    assert "sts:AssumeRole" in found.hint
    assert "external_id" in found.hint


def test_an_expired_login_holds() -> None:
    """SSO sessions end; somebody has to sign in again."""
    found = without_credentials(UnauthorizedSSOTokenError(), Signal.METRICS)

    assert isinstance(found, Hold)
    assert found.hint.startswith("Renew the AWS credentials")


@pytest.mark.parametrize(
    "unreachable",
    [
        EndpointConnectionError(endpoint_url="https://sts.us-west-2.amazonaws.com"),
        ReadTimeoutError(endpoint_url="https://sts.us-west-2.amazonaws.com", error="slow"),
        client_error("Throttling", 400),
        client_error("InternalFailure", 500),
    ],
    ids=["connection", "timeout", "throttled", "failing"],
)
def test_an_sts_that_cannot_be_asked_is_asked_again(unreachable: BotoCoreError | ClientError) -> None:
    """That says nothing of the credentials."""
    assert isinstance(without_credentials(unreachable, Signal.METRICS), Retry)


@pytest.mark.parametrize(
    "error",
    [
        CredentialRetrievalError(provider="process", error_msg="exit 1"),
        RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
        ValueError("secret"),
        OSError(13, "Permission denied"),
        client_error("ValidationError", 400),
    ],
    ids=["process", "still expired", "value", "file", "bad role"],
)
def test_any_other_trouble_with_credentials_holds(error: Exception) -> None:
    """Nothing that a provider raises escapes, and words that may hold a secret are not repeated."""
    found = without_credentials(error, Signal.METRICS)

    assert isinstance(found, Hold)
    assert "secret" not in found.message


# -- causes of holds ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hold", "cause"),
    [
        (Hold("ResourceNotFoundException", "The specified log group does not exist.", ""), Cause.MISSING),
        (Hold("http-404", "HTTP status 404 without a message", ""), Cause.MISSING),
        (Hold("http-403", "HTTP status 403 without a message", ""), Cause.DENIED),
        (Hold("NoCredentialsError", "Unable to locate credentials", ""), Cause.CREDENTIALS),
        (Hold("InvalidRequestException", "... as a Trace Segment Destination.", ""), Cause.SWITCH),
    ],
)
def test_the_cause_of_a_hold_is_told_from_its_code_and_message(hold: Hold, cause: Cause) -> None:
    """Repair needs no memory of the answer."""
    assert cause_of_hold(hold, Signal.LOGS) is cause
