"""Why AWS did not take a request: error codes, sentences and statuses, as tables.

AWS sends the same error as 400 and as 403, and the same code with two meanings, so the order is:
telling sentences, the code, other sentences, the google.rpc code, and the HTTP status last.
"""

from __future__ import annotations

import re
from enum import Enum

from upwell.otlp import Signal
from upwell.sinks.replies import Problem


class Cause(Enum):
    """Why a request was not taken."""

    THROTTLED = "too many requests"
    UNAVAILABLE = "the service is not up to it"
    EXPIRED = "the credentials have expired"
    CREDENTIALS = "there are no valid credentials"
    DENIED = "the identity may not do this"
    CLOCK = "this machine's clock is wrong"
    MISSING = "the log group or stream is missing"
    SWITCH = "Transaction Search is off"
    ENDPOINT = "nothing answers OTLP there"
    OVERSIZE = "too much for one request"
    DATA = "the data"


_CODES = {
    Cause.THROTTLED: (
        "Throttling Throttled ThrottledRequest RequestThrottled TooManyRequests RequestLimitExceeded BandwidthLimitExceeded SlowDown "
        "PriorRequestNotComplete ProvisionedThroughputExceeded ServiceQuotaExceeded"
    ),
    Cause.UNAVAILABLE: (
        "ServiceUnavailable Unavailable ServiceFailure InternalFailure InternalServer InternalServerError InternalError InternalService "
        "DependencyTimeout RequestTimeout Timeout OperationAborted"
    ),
    Cause.EXPIRED: "ExpiredToken TokenRefreshRequired RequestExpired UnauthorizedSSOToken SSOTokenLoad TokenRetrieval",
    Cause.CREDENTIALS: (
        "UnrecognizedClient InvalidClientTokenId InvalidAccessKeyId InvalidToken InvalidSecurityToken MissingAuthenticationToken "
        "AuthFailure InvalidSignature SignatureDoesNotMatch IncompleteSignature Unauthenticated NotAuthenticated NoCredentials "
        "PartialCredentials CredentialRetrieval"
    ),
    Cause.DENIED: (
        "AccessDenied Unauthorized UnauthorizedOperation NotAuthorized Forbidden PermissionDenied OptInRequired SubscriptionRequired "
        "KMSAccessDenied KMSDisabled KMSNotFound KMSInvalidState AccountSuspended"
    ),
    Cause.CLOCK: "RequestTimeTooSkewed RequestInTheFuture",
    Cause.MISSING: "ResourceNotFound",
    Cause.ENDPOINT: "UnknownOperation InvalidAction PermanentRedirect TemporaryRedirect UnknownEndpoint",
    Cause.OVERSIZE: "RequestEntityTooLarge RequestTooLarge PayloadTooLarge ContentTooLarge EntityTooLarge",
}

_SUFFIX = re.compile(r"(exception|error|fault)+$")


def _plain(code: str) -> str:
    return _SUFFIX.sub("", code.lower()) or code.lower()


_CAUSE_OF_CODE = {_plain(code): cause for cause, codes in _CODES.items() for code in codes.split()}


def _patterns(*rows: tuple[str, Cause]) -> tuple[tuple[re.Pattern[str], Cause], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), cause) for pattern, cause in rows)


_TELLING = _patterns(
    (r"trace segment destination", Cause.SWITCH),  # comes as AccessDenied or InvalidRequest
    (r"signature expired|signature not yet current|request time .{0,80}too skewed", Cause.CLOCK),
    (r"\b(token|credentials?)\b.{0,60}\bexpired", Cause.EXPIRED),
)
_OTHER = _patterns(
    (r"\blog ?(group|stream)\b.{0,600}\b(does not exist|doesn't exist|not found)", Cause.MISSING),
    (r"security token included in the request is invalid|missing authentication token", Cause.CREDENTIALS),
    (r"credential should be scoped|signature we calculated does not match", Cause.CREDENTIALS),
    (r"\bis not authorized to perform\b", Cause.DENIED),
    (r"\brate exceeded|too many requests|throttl", Cause.THROTTLED),
    (r"maximum number of (attributes|labels|dimensions)", Cause.DATA),  # of one item, not of the request
    (r"maximum (number|size)|too large", Cause.OVERSIZE),
    (r"\b(size|length|bytes)\b.{0,80}\b(exceed|over|larger|greater|limit)", Cause.OVERSIZE),
    (r"\bexceed\w*\b.{0,80}\b(size|length|bytes|[kmg]i?b)\b", Cause.OVERSIZE),
)

_RPC = {
    4: Cause.UNAVAILABLE,
    5: Cause.ENDPOINT,
    7: Cause.DENIED,
    8: Cause.THROTTLED,
    10: Cause.UNAVAILABLE,
    12: Cause.ENDPOINT,
    14: Cause.UNAVAILABLE,
    16: Cause.CREDENTIALS,
}
"""google.rpc codes that say more than a 400 does; 3, 9 and 11 are about the data, and so is a 400."""

_STATUS = {
    401: Cause.CREDENTIALS,
    403: Cause.DENIED,
    404: Cause.ENDPOINT,
    405: Cause.ENDPOINT,
    407: Cause.ENDPOINT,
    408: Cause.UNAVAILABLE,
    413: Cause.OVERSIZE,
    425: Cause.UNAVAILABLE,
    429: Cause.THROTTLED,
    501: Cause.ENDPOINT,
    505: Cause.ENDPOINT,
}


def cause_of(found: Problem, signal: Signal) -> Cause:
    """What is behind an error answer."""
    cause = _by_sentence(found.message, _TELLING) or _CAUSE_OF_CODE.get(_plain(found.code)) or _by_sentence(found.message, _OTHER)
    if cause is not None:
        return cause
    if found.status == 404 and signal is Signal.LOGS:
        return Cause.MISSING  # all that a logs request can miss at an endpoint that answers
    return _RPC.get(found.rpc) or _by_status(found.status)


def _by_sentence(message: str, rows: tuple[tuple[re.Pattern[str], Cause], ...]) -> Cause | None:
    return next((cause for pattern, cause in rows if pattern.search(message)), None)


def _by_status(status: int) -> Cause:
    if status in _STATUS:
        return _STATUS[status]
    if status >= 500:
        return Cause.UNAVAILABLE
    return Cause.DATA if status >= 400 else Cause.ENDPOINT
