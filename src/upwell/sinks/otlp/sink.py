"""The sink: one OTLP/HTTP endpoint behind the Protocol that the relay knows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest

from upwell.config import OtlpSink
from upwell.errors import SinkError
from upwell.journal.rows import Row
from upwell.otlp import Encoding, Signal
from upwell.sinks.base import Glance, Hold, Limits, Opened, Outcome, Retry
from upwell.sinks.frames import joined
from upwell.sinks.otlp import answers
from upwell.sinks.otlp.limits import LIMITS
from upwell.sinks.otlp.opened import glance, open_row
from upwell.sinks.transport import USER_AGENT, Transport, ca_bundle, pack


class Otlp:
    """One `[[sinks]]` block of type otlp. Raises SinkError for an endpoint with a password in it, or a header of ours."""

    def __init__(self, config: OtlpSink, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        _check(config)
        self._config = config
        self._clock_ns = clock_ns
        self._encoding = Encoding.JSON if config.encoding == "json" else Encoding.PROTOBUF
        self._urls = {signal: f"{config.endpoint.rstrip('/')}/v1/{signal.value}" for signal in Signal}
        self._transports = {
            signal: Transport(self._urls[signal], timeout=config.timeout, connections=config.in_flight, verify=ca_bundle())
            for signal in self.signals
        }

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def required(self) -> bool:
        return self._config.required

    @property
    def signals(self) -> frozenset[Signal]:
        return frozenset(map(Signal, self._config.signals))

    def limits(self, signal: Signal) -> Limits:  # noqa: ARG002 - the same for all
        return LIMITS

    def glance(self, row: Row) -> Glance | None:
        return glance(row, self._encoding)

    def open(self, row: Row) -> Opened:
        return open_row(row, self._encoding)

    def join(self, signal: Signal, fragments: Sequence[bytes]) -> bytes:
        return joined(fragments, signal, self._encoding)

    def send(self, signal: Signal, body: bytes) -> Outcome:
        request = AWSRequest(method="POST", url=self._urls[signal], data=pack(body), headers=self._headers()).prepare()
        answer = self._transports[signal].send(request)
        return answer if isinstance(answer, Retry) else self._without_secrets(answers.outcome(answer, signal, self._clock_ns()))

    def repair(self, signal: Signal, hold: Hold) -> bool:  # noqa: ARG002 - part of the Protocol
        """Nothing here can be mended from this side."""
        return False

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()

    def _without_secrets(self, outcome: Outcome) -> Outcome:
        """Some servers repeat the token that they refuse."""
        message = outcome.message
        for secret in self._config.headers.values():
            for word in secret.get_secret_value().split():
                message = message.replace(word, "***") if len(word) >= _SECRET_LENGTH else message
        return replace(outcome, message=message)

    def _headers(self) -> dict[str, str]:
        given = {name: secret.get_secret_value() for name, secret in self._config.headers.items()}
        return {"User-Agent": USER_AGENT, **given, "Content-Type": self._encoding.value, "Content-Encoding": "gzip"}


_SECRET_LENGTH = 6  # shorter words of a header, such as its scheme, are no secret
_OURS = frozenset({"content-type", "content-encoding", "content-length", "transfer-encoding", "host"})


def _check(config: OtlpSink) -> None:
    if urlsplit(config.endpoint).username is not None:
        raise SinkError(f"sink {config.name}: the endpoint holds a user name", hint="Put credentials into this sink's headers.")
    for name, secret in config.headers.items():
        if name.lower() in _OURS:
            raise SinkError(f"sink {config.name}: the header {name} is set by Upwell itself")
        value = secret.get_secret_value()
        if not (name.isascii() and value.isascii() and (name + value).isprintable()):
            raise SinkError(f"sink {config.name}: the header {name[:40]!r} cannot be sent", hint="Headers are one line of printable ASCII.")
