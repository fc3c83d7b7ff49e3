"""The sink: CloudWatch's rules, signatures and answers behind the Protocol that the relay knows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from upwell.config import CloudWatchSink
from upwell.errors import SinkError
from upwell.journal.rows import Row
from upwell.otlp import Encoding, Signal
from upwell.sinks.base import Glance, Hold, Limits, Opened, Outcome, Retry
from upwell.sinks.cloudwatch import answers, limits
from upwell.sinks.cloudwatch.glance import glance
from upwell.sinks.cloudwatch.opened import open_row
from upwell.sinks.cloudwatch.repair import Workshop
from upwell.sinks.cloudwatch.signing import CREDENTIAL_ERRORS, Signer
from upwell.sinks.frames import joined
from upwell.sinks.transport import USER_AGENT, Transport, pack

ENCODINGS = {Signal.METRICS: Encoding.PROTOBUF, Signal.TRACES: Encoding.PROTOBUF, Signal.LOGS: Encoding.JSON}
"""Sizes are counted uncompressed: protobuf is a third of JSON. A log event counts the same in both, and JSON needs no decoding."""

_GROUP = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_STREAM = re.compile(r"[ -)+-9;-~]{1,512}")
"""Names that CloudWatch Logs takes (API reference, CreateLogGroup and CreateLogStream); they travel in headers, so in ASCII."""


class CloudWatch:
    """One `[[sinks]]` block of type cloudwatch. Raises SinkError for a Region, profile or name that cannot be."""

    def __init__(self, config: CloudWatchSink, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        _check(config)
        self._config = config
        self._clock_ns = clock_ns
        self._signer = Signer(config)
        self._workshop = Workshop(config, self._signer, clock_ns)
        self._limits = {signal: limits.limits(signal, config.region) for signal in Signal}
        self._transports = {signal: self._transport(signal) for signal in self.signals}

    @property
    def name(self) -> str:
        return self._config.name

    @property
    def required(self) -> bool:
        return self._config.required

    @property
    def signals(self) -> frozenset[Signal]:
        return frozenset(map(Signal, self._config.signals))

    def limits(self, signal: Signal) -> Limits:
        return self._limits[signal]

    def glance(self, row: Row) -> Glance | None:
        return glance(row) if row.signal is Signal.LOGS else None

    def open(self, row: Row) -> Opened:
        return open_row(row, self._limits[row.signal])

    def join(self, signal: Signal, fragments: Sequence[bytes]) -> bytes:
        return joined(fragments, signal, ENCODINGS[signal])

    def send(self, signal: Signal, body: bytes) -> Outcome:
        packed = pack(body)
        try:
            request = self._signer.sign(signal, self._headers(signal), packed)
        except CREDENTIAL_ERRORS as error:
            return answers.without_credentials(error, signal)
        answer = self._transports[signal].send(request)
        return answer if isinstance(answer, Retry) else answers.outcome(answer, signal, self._config.region, self._clock_ns())

    def repair(self, signal: Signal, hold: Hold) -> bool:
        return self._workshop.mend(signal, hold)

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()

    def _transport(self, signal: Signal) -> Transport:
        return Transport(
            self._signer.urls[signal], timeout=self._config.timeout, connections=self._config.in_flight, verify=self._signer.verify
        )

    def _headers(self, signal: Signal) -> dict[str, str]:
        headers = {"Content-Type": ENCODINGS[signal].value, "Content-Encoding": "gzip", "User-Agent": USER_AGENT}
        if signal is Signal.LOGS:
            headers |= {"x-aws-log-group": self._config.log_group, "x-aws-log-stream": self._config.log_stream}
        return headers


def _check(config: CloudWatchSink) -> None:
    for setting, value, allowed in (("log_group", config.log_group, _GROUP), ("log_stream", config.log_stream, _STREAM)):
        if allowed.fullmatch(value) is None:
            raise SinkError(f"sink {config.name}: CloudWatch Logs takes no {setting} named {value[:60]!r}")
