"""Signature Version 4, checked with botocore's own canonical request and string to sign.

It refuses a missing, foreign, outdated or wrongly scoped signature, and one that leaves out a header which has to be
signed. It speaks of what was wrong as AWS does; how the refusal is spelled is the caller's business.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials as BotoCredentials

from upwell.testing.cloudwatch.credentials import Credential, Credentials
from upwell.testing.listener import Request

MAX_SKEW = timedelta(minutes=5)
"""AWS: "a request must be received within five minutes of the timestamp"."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(rf"{_ALGORITHM}\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{{64}})\s*")
_TIMESTAMP = "%Y%m%dT%H%M%SZ"


class BadSignature(Exception):
    """`code` is the name that AWS's JSON and REST services give the error; str() its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Claim:
    access_key: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str


def verify(request: Request, credentials: Credentials, service: str, regions: Collection[str], now_ns: int) -> Credential:
    """The credential that signed the request for this service and one of these Regions. Raises BadSignature."""
    claim = _claim(request)
    timestamp = request.header("x-amz-date")
    _check_signed_headers(request, claim)
    _check_scope(claim, service, regions, timestamp)
    _check_date(timestamp, now_ns)
    credential = _check_credential(request, claim, credentials)
    _check_content_hash(request)
    if not hmac.compare_digest(_signature(request, claim, credential, timestamp), claim.signature):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
        )
    return credential


def _claim(request: Request) -> _Claim:
    text = request.header("authorization")
    if not text.startswith(_ALGORITHM):
        raise BadSignature("MissingAuthenticationTokenException", "Missing Authentication Token")
    match = _AUTHORIZATION.fullmatch(text)
    scope = match[1].rsplit("/", 4) if match else []
    if match is None or len(scope) != 5 or scope[4] != "aws4_request":
        raise BadSignature("IncompleteSignatureException", "Authorization header requires Credential, SignedHeaders and Signature.")
    access_key, date, region, service, _ = scope
    return _Claim(access_key, date, region, service, tuple(match[2].split(";")), match[3])


def _check_signed_headers(request: Request, claim: _Claim) -> None:
    if "host" not in claim.signed:
        raise _mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    if "x-amz-date" not in claim.signed or not request.header("x-amz-date"):
        raise BadSignature("IncompleteSignatureException", "Authorization header requires existence of a signed 'X-Amz-Date' header.")
    for name in sorted({key.lower() for key, _ in request.headers}):
        if name.startswith(("x-amz-", "x-aws-log-", "content-type")) and name not in claim.signed:
            raise _mismatch(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")


def _check_scope(claim: _Claim, service: str, regions: Collection[str], timestamp: str) -> None:
    if claim.service != service:
        raise _mismatch(f"Credential should be scoped to correct service: '{service}'. ")
    if claim.region not in regions:
        raise _mismatch(f"Credential should be scoped to a valid region, not '{claim.region}'. ")
    if claim.date != timestamp[:8]:
        raise _mismatch(f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{claim.date}'.")


def _check_date(timestamp: str, now_ns: int) -> None:
    try:
        signed = datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise BadSignature("IncompleteSignatureException", "Date must be in ISO-8601 'basic format'.") from None
    now = datetime.fromtimestamp(now_ns / 1e9, UTC)
    if signed < now - MAX_SKEW:
        edge = (now - MAX_SKEW).strftime(_TIMESTAMP)
        raise _mismatch(f"Signature expired: {timestamp} is now earlier than {edge} ({now.strftime(_TIMESTAMP)} - 5 min.)")
    if signed > now + MAX_SKEW:
        edge = (now + MAX_SKEW).strftime(_TIMESTAMP)
        raise _mismatch(f"Signature not yet current: {timestamp} is still later than {edge} ({now.strftime(_TIMESTAMP)} + 5 min.)")


def _check_credential(request: Request, claim: _Claim, credentials: Credentials) -> Credential:
    credential = credentials.get(claim.access_key)
    if credential is None or not hmac.compare_digest(request.header("x-amz-security-token"), credential.token or ""):
        raise BadSignature("UnrecognizedClientException", "The security token included in the request is invalid.")
    if credentials.is_expired(credential):
        raise BadSignature("ExpiredTokenException", "The security token included in the request is expired")
    return credential


def _check_content_hash(request: Request) -> None:
    """botocore would take the header's word for the body's hash; these services don't."""
    stated = request.header("x-amz-content-sha256")
    if stated and stated != hashlib.sha256(request.body).hexdigest():
        raise _mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.")


class _Checker(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """botocore's signer, over the headers that the client says it signed and no others."""

    def __init__(self, credential: Credential, claim: _Claim) -> None:
        super().__init__(BotoCredentials(credential.access_key, credential.secret_key, credential.token), claim.service, claim.region)
        self._signed = claim.signed

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            if name.lower() in self._signed:
                headers[name.lower()] = value
        return headers


def _signature(request: Request, claim: _Claim, credential: Credential, timestamp: str) -> str:
    rebuilt = AWSRequest(method=request.method, url=f"http://{request.header('host')}{request.target}", data=request.body)
    for name, value in request.headers:
        rebuilt.headers[name] = value
    rebuilt.context["timestamp"] = timestamp
    checker = _Checker(credential, claim)
    signature: str = checker.signature(checker.string_to_sign(rebuilt, checker.canonical_request(rebuilt)), rebuilt)
    return signature


def _mismatch(message: str) -> BadSignature:
    return BadSignature("InvalidSignatureException", message)
