"""One request over HTTP: gzip, connections kept alive, proxies and CA bundles from the environment, no retries.

What goes wrong on the way becomes a `Retry`, TLS included: it says nothing about the data, it
mends without us, and a lane's growing pause is the probe. Only this module knows the HTTP client.
"""

from __future__ import annotations

import os
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ProxyConnectionError, ReadTimeoutError, SSLError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as HTTPTimeout

from upwell import __version__
from upwell.errors import SinkError
from upwell.sinks.base import Retry

USER_AGENT = f"upwell/{__version__}"

MAX_ANSWER = 64 * 2**10
"""Bytes of an answer that are read: export responses and error bodies are a few hundred."""

_AT_ONCE = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
"""botocore leaves Nagle's algorithm on: the body, sent after the headers, then waits 40 ms for the server's delayed acknowledgement."""

_GZIP = 16 + zlib.MAX_WBITS
_FASTEST = 1  # 1 MB of JSON in some 6 ms; higher levels take several times that for a tenth less


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. Header names are lower case; `body` is cut after `MAX_ANSWER` bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def pack(body: bytes) -> bytes:
    """The body as gzip."""
    packer = zlib.compressobj(_FASTEST, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


def ca_bundle() -> bool | str:
    """The file of trusted certificates that the environment names, else True: the usual ones."""
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True


class Transport:
    """Connections to the host of one URL, for one lane; several threads may share it.

    `timeout` is in seconds, for connecting and for every wait for more of an answer. Raises SinkError
    where `verify` names a file that is not there.
    """

    def __init__(self, url: str, *, timeout: float, connections: int, verify: bool | str) -> None:
        if isinstance(verify, str) and not Path(verify).exists():
            raise SinkError(
                f"there is no file of trusted certificates {verify}", hint="Check AWS_CA_BUNDLE, or the variable that names it."
            )
        self._host = urlsplit(url).hostname or "the destination"
        self._session = URLLib3Session(
            verify=verify,
            proxies=get_environ_proxies(url),
            timeout=(timeout, timeout),
            max_pool_connections=connections,
            socket_options=_AT_ONCE,
        )

    def send(self, request: AWSPreparedRequest) -> Answer | Retry:
        """Send once. Never raises for what the network or the server does."""
        request.stream_output = True
        try:
            response = self._session.send(request)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, _read(response.raw))
        except (BotoCoreError, HTTPError, OSError) as error:
            return self._failure(error)

    def _failure(self, error: Exception) -> Retry:
        code, text = _describe(error)
        return Retry(code, f"{self._host}: {text}")

    def close(self) -> None:
        self._session.close()


def _read(raw: Any) -> bytes:
    body: bytes = raw.read(MAX_ANSWER + 1, decode_content=True)
    if len(body) > MAX_ANSWER:
        raw.close()
    else:
        raw.release_conn()
    return body[:MAX_ANSWER]


def _describe(error: Exception) -> tuple[str, str]:
    """A code and a sentence. The error's own text is not used: it may hold a proxy's or a URL's password."""
    chain = list(_chain(error))
    system = next((one for one in chain if isinstance(one, OSError) and not isinstance(one, HTTPError | BotoCoreError)), None)
    reason = (system.strerror if system is not None else None) or type(chain[-1]).__name__
    if isinstance(error, ProxyConnectionError):
        return "proxy", f"the proxy of HTTPS_PROXY or HTTP_PROXY does not connect: {reason}"
    if isinstance(error, SSLError) or isinstance(system, ssl.SSLError):
        verdict = getattr(system, "verify_message", "") or getattr(system, "reason", "") or reason
        return "tls", f"no trusted TLS connection: {verdict}; AWS_CA_BUNDLE names a file of further trusted certificates"
    if isinstance(system, socket.gaierror):
        return "dns", f"the name does not resolve: {reason}"
    if isinstance(error, ConnectTimeoutError):
        return "timeout", "no connection within the timeout"
    if isinstance(error, ReadTimeoutError | HTTPTimeout) or isinstance(system, TimeoutError):
        return "timeout", "no answer within the timeout"
    return "connection", f"the connection failed: {reason}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "kwargs", {}).get("error") or error.__cause__ or error.__context__
