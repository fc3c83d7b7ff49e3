"""Sends one marked event per signal until it is taken, then looks for it at the far end until it is there.

A signal that fails does not end the others. Waiting is bounded per signal, and what is given up says what the last
answer was. Nothing here knows who answers: a judge says what an answer means, a far end shows what arrived.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from botocore.awsrequest import AWSRequest

from upwell.aws.farend import FarEnd
from upwell.aws.mark import Mark
from upwell.errors import AwsError
from upwell.otlp.model import Encoding, Signal
from upwell.sinks.base import Retry
from upwell.sinks.transport import USER_AGENT, Answer, Transport, ca_bundle

FIND_SECONDS: Mapping[Signal, float] = {Signal.LOGS: 180, Signal.METRICS: 300, Signal.TRACES: 660}
"""How long to look. Spans are searchable up to ten minutes after Transaction Search is on (Enable-TransactionSearch); others are quick."""

_PAUSE = 3.0
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer to the sender means. `patience` is how many seconds to go on trying; 0 gives up now, None is: taken."""

    patience: float | None
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one signal's event; times are seconds since the probe began, None where it did not come so far."""

    signal: Signal
    mark: str
    taken_after: float | None
    arrived_after: float | None
    problem: str = ""
    hint: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was seen at the far end."""
        return self.arrived_after is not None


Send: TypeAlias = Callable[[Signal, bytes], Answer | Retry]
Judge: TypeAlias = Callable[[Answer | Retry, Signal], Verdict]


@dataclass(slots=True)
class _Case:
    """One signal under way."""

    signal: Signal
    mark: Mark = field(default_factory=Mark)
    taken: float | None = None
    closed: Arrival | None = None
    said: str = ""


class Probe:
    """One run. `far_end` None ends at the answer; `say` hears what is worth telling while it waits."""

    def __init__(
        self,
        send: Send,
        judge: Judge,
        far_end: FarEnd | None,
        *,
        say: Callable[[str], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        find_seconds: Mapping[Signal, float] = FIND_SECONDS,
    ) -> None:
        self._send = send
        self._judge = judge
        self._far_end = far_end
        self._say = say
        self._monotonic = monotonic
        self._sleep = sleep
        self._find_seconds = find_seconds

    def run(self, signals: Sequence[Signal]) -> list[Arrival]:
        """Probe the signals side by side; one arrival each, in their order."""
        self._began, self._began_ms = self._monotonic(), time.time_ns() // 1_000_000
        cases = [_Case(signal) for signal in signals]
        while open_cases := [case for case in cases if case.closed is None]:
            for case in open_cases:
                self._step(case)
            if any(case.closed is None for case in cases):
                self._sleep(_PAUSE)
        return [case.closed for case in cases if case.closed is not None]

    def _step(self, case: _Case) -> None:
        if case.taken is None:
            self._try(case)
        if case.taken is not None and case.closed is None:
            self._look(case, case.taken)

    def _try(self, case: _Case) -> None:
        answer = self._send(case.signal, case.mark.body(case.signal, time.time_ns()))
        verdict = self._judge(answer, case.signal)
        if verdict.patience is None:
            case.taken = self._elapsed()
        elif self._elapsed() >= verdict.patience:
            self._close(case, verdict.problem, verdict.hint)
        elif verdict.problem != case.said:
            case.said = verdict.problem
            self._say(f"{case.signal}: {verdict.problem}; trying for up to {verdict.patience:.0f} s")

    def _look(self, case: _Case, taken: float) -> None:
        if self._far_end is None:
            self._close(case)
            return
        try:
            found = self._far_end.shows(case.signal, case.mark, self._began_ms)
        except AwsError as error:
            self._close(case, f"it was taken, but cannot be looked for: {error.message}", error.hint)
            return
        waited = self._elapsed() - taken
        if found:
            self._close(case)
        elif waited >= self._find_seconds[case.signal]:
            self._close(case, f"it was taken with 200 but is not to be found after {waited:.0f} s", _LOST[case.signal])

    def _close(self, case: _Case, problem: str = "", hint: str = "") -> None:
        arrived = None if problem else self._elapsed()
        case.closed = Arrival(case.signal, case.mark.id, case.taken, arrived, problem, hint)

    def _elapsed(self) -> float:
        return self._monotonic() - self._began


_LOST = {
    Signal.LOGS: "Look into the log group yourself: the stream has the key's id as its name.",
    Signal.METRICS: "Look for the metric upwell.probe in CloudWatch's Query Studio; OTLP metrics are not in the classic metrics list.",
    Signal.TRACES: "Run `aws xray get-trace-segment-destination`: it must say CloudWatchLogs and ACTIVE; spans come within ten minutes.",
}


def over_http(endpoint: str, key: str) -> Send:
    """Sends to an OTLP/HTTP base URL with a key, as an agent does."""

    def send(signal: Signal, body: bytes) -> Answer | Retry:
        url = f"{endpoint.rstrip('/')}/v1/{signal.value}"
        headers = {"Content-Type": Encoding.JSON.value, "x-api-key": key, "User-Agent": USER_AGENT}
        transport = Transport(url, timeout=_TIMEOUT, connections=1, verify=ca_bundle())
        try:
            return transport.send(AWSRequest(method="POST", url=url, data=body, headers=headers).prepare())
        finally:
            transport.close()

    return send
