"""The way from API Gateway to an AWS service: signed by botocore, sent once, never retried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

TIMEOUT = 29.0
"""Seconds: API Gateway's longest integration timeout, and its default."""


@dataclass(frozen=True, slots=True)
class Reached:
    """What the service said; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TimedOut(Exception):
    pass


class Unreachable(Exception):
    pass


class Upstream:
    """One service's host, which every service of AWS is behind here. Thread-safe."""

    def __init__(self, url: str, region: str, access_key: str, secret_key: str, timeout: float = TIMEOUT) -> None:
        self._url = url.rstrip("/")
        self._region = region
        self._credentials = Credentials(access_key, secret_key)
        self._session = URLLib3Session(timeout=timeout, max_pool_connections=32)

    def send(self, service: str, verb: str, path: str, headers: Mapping[str, str], body: bytes) -> Reached:
        """Raises TimedOut or Unreachable."""
        request = AWSRequest(verb, f"{self._url}{path}", dict(headers), body)
        SigV4Auth(self._credentials, service, self._region).add_auth(request)
        try:
            answer = self._session.send(request.prepare())
        except (ConnectTimeoutError, ReadTimeoutError):
            raise TimedOut from None
        except (BotoCoreError, OSError):
            raise Unreachable from None
        return Reached(answer.status_code, {name.lower(): text for name, text in answer.headers.items()}, answer.content)

    def close(self) -> None:
        self._session.close()
