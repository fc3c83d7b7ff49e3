"""Who we are to AWS when a person deploys: one session, clients of one Region, and AWS's refusals in plain words.

Sinks have a signer of their own; this is for commands that end. It changes nothing by itself.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError, NoRegionError, UnknownRegionError

from upwell.errors import AwsCredentials, AwsDenied, AwsError, ConfigError

_TRIES = 5  # CloudFormation and API Gateway throttle what asks often
_SECONDS = 30

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError"})
_UNKNOWN_CALLER = frozenset({
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
    "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken",
    "MissingAuthenticationTokenException", "AuthFailure", "InvalidAccessKeyId",
})  # fmt: skip

logging.getLogger("botocore").setLevel(logging.WARNING)  # at DEBUG it logs session tokens
logging.getLogger("botocore.credentials").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who AWS says we are."""

    account: str
    arn: str


class Account:
    """An AWS account as seen with one profile from one Region. Raises ConfigError where no Region is known."""

    def __init__(self, region: str | None = None, profile: str | None = None) -> None:
        self._session: Any = botocore.session.Session(profile=profile)
        with asking("the AWS configuration"):
            found = region or os.environ.get("AWS_REGION") or self._session.get_config_variable("region")
        if not found:
            raise ConfigError("no AWS Region is given", hint="Give --region, set serverless.region, or AWS_REGION.")
        self.region: str = found
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A botocore client, made once."""
        if service not in self._clients:
            config = Config(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"mode": "standard", "total_max_attempts": _TRIES})
            with asking(service):
                self._clients[service] = self._session.create_client(service, region_name=self.region, config=config)
        return self._clients[service]

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """What an operation answers. Raises AwsError and its kin; see `asking`."""
        with asking(f"{service}:{operation}"):
            return getattr(self.client(service), operation)(**parameters)

    def pages(self, service: str, operation: str, items: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        """Every item of a listing, page after page."""
        with asking(f"{service}:{operation}"):
            for page in self.client(service).get_paginator(operation).paginate(**parameters):
                yield from page.get(items, ())

    def identity(self) -> Identity:
        """Account and ARN of the caller. Raises AwsCredentials."""
        found = self.call("sts", "get_caller_identity")
        return Identity(found["Account"], found["Arn"])

    def credentials(self) -> Any:
        """Frozen credentials, for requests that are not botocore's. Raises AwsCredentials."""
        with asking("the credentials"):
            found = self._session.get_credentials()
            frozen = found.get_frozen_credentials() if found else None
        if frozen is None:
            raise AwsCredentials("there are no AWS credentials")
        return frozen

    def endpoint(self, service: str) -> str:
        """The base URL of a service, with overrides from environment and configuration."""
        return str(self.client(service).meta.endpoint_url).rstrip("/")

    def bucket_url(self, bucket: str) -> str:
        """Where CloudFormation reads a bucket's objects."""
        base = self.endpoint("s3")
        return f"{base}/{bucket}"

    def hosts(self, service: str) -> bool:
        """Whether botocore's data name an endpoint of a service in this Region."""
        try:
            partition = self._session.get_partition_for_region(self.region)
        except UnknownRegionError:
            return False
        return self.region in self._session.get_available_regions(service, partition)


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn what botocore raises into errors with a next step; other errors pass."""
    try:
        yield
    except ClientError as error:
        raise _refusal(what, error) from None
    except NoRegionError:
        raise ConfigError("no AWS Region is given", hint="Give --region, set serverless.region, or AWS_REGION.") from None
    except (EndpointConnectionError, HTTPClientError) as error:
        raise AwsError(f"{what}: AWS cannot be reached ({type(error).__name__})", hint="Check network, proxy and --region.") from None
    except BotoCoreError as error:
        kind = AwsCredentials if "redential" in type(error).__name__ or "Token" in type(error).__name__ else AwsError
        hint = "Check AWS_PROFILE and the profile's entry in the AWS configuration." if "Profile" in type(error).__name__ else None
        raise kind(f"{what}: {error}", hint=hint) from None


def code_of(error: ClientError) -> str:
    """The error code that AWS gave."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _refusal(what: str, error: ClientError) -> AwsError:
    code, message = code_of(error), str(error.response.get("Error", {}).get("Message", "")).strip()
    kind: type[AwsError] = AwsError
    if code in _UNKNOWN_CALLER:
        kind = AwsCredentials
    elif code in _DENIED or "is not authorized to perform" in message:
        kind = AwsDenied
    return kind(f"{what}: {message or code or 'refused without a word'}", aws_code=code)
