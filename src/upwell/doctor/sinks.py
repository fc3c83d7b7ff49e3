"""Whether the destinations can be reached from here, and whether AWS credentials are found in this shell.

The running worker may have another environment; what its lanes say comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest

from upwell.config import AnySink, CloudWatchSink, Settings
from upwell.doctor.finding import Finding, fail, failed, ok, warn
from upwell.errors import UpwellError
from upwell.otlp.model import Signal
from upwell.sinks.base import Retry
from upwell.sinks.cloudwatch.signing import CREDENTIAL_ERRORS, Signer
from upwell.sinks.transport import USER_AGENT, Transport, ca_bundle

_SECONDS = 10.0


def sinks(settings: Settings) -> Iterator[Finding]:
    """Every destination's host, and the credentials for CloudWatch."""
    if not settings.sinks:
        yield warn(
            "sinks",
            "there are none: batches are kept for journal.keep and go nowhere; their usage is counted all the same",
            "Write a [[sinks]] block into upwell.toml.",
        )
    for sink in settings.sinks:
        try:
            yield from _sink(sink)
        except UpwellError as error:
            yield failed(f"sink {sink.name}", error)


def _sink(sink: AnySink) -> Iterator[Finding]:
    link = f"sink {sink.name}"
    if not isinstance(sink, CloudWatchSink):
        yield reachable(link, sink.endpoint, ca_bundle())
        return
    signer = Signer(sink)
    try:
        signer.credentials()
        yield ok(link, "AWS credentials are found in this shell")
    except CREDENTIAL_ERRORS as error:
        said = f"no AWS credentials in this shell ({type(error).__name__})"
        yield warn(link, said, "The worker may have others; its lanes say. Else check profile, role_arn and environment.")
    for host in sorted({signer.urls[Signal(signal)].removesuffix(f"/v1/{signal}") for signal in sink.signals}):
        yield reachable(link, host, signer.verify)


def reachable(link: str, url: str, verify: bool | str) -> Finding:
    """Whether a host answers HTTP at all; what it answers an unsigned look says nothing more."""
    transport = Transport(url, timeout=_SECONDS, connections=1, verify=verify)
    try:
        answer = transport.send(AWSRequest(method="GET", url=url, headers={"User-Agent": USER_AGENT}).prepare())
    finally:
        transport.close()
    if isinstance(answer, Retry):
        return fail(link, answer.message, "Check the address, and DNS, proxy and firewall between this machine and it.", answer.code)
    return ok(link, f"{urlsplit(url).netloc} answers")
