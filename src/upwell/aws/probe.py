"""Sends one marked event per signal until it is taken, then looks for it at the far end until it is there.

A signal that fails does not end the others. Waiting is bounded per signal, and what is given up says what the last
answer was. Nothing here knows who answers: a judge says what an answer means, a far end shows what arrived.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from botocore.awsrequest import AWSRequest

from upwell.aws.farend import FarEnd
from upwell.aws.mark import Mark
from upwell.errors import UpwellError
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
class End:
    """A far end under its name, and how long to look there for a signal, in seconds; signals it does not get are left out."""

    name: str
    where: FarEnd
    seconds: Mapping[Signal, float] = field(default_factory=lambda: FIND_SECONDS)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one signal's event at one far end (`end` is "" for the door itself).

    Times are seconds since the probe began, None where it did not come so far.
    """

    signal: Signal
    end: str
    mark: str
    taken_after: float | None
    arrived_after: float | None
    problem: str = ""
    hint: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was seen there."""
        return self.arrived_after is not None


Send: TypeAlias = Callable[[Signal, bytes], Answer | Retry]
Judge: TypeAlias = Callable[[Answer | Retry, Signal], Verdict]


@dataclass(slots=True)
class _Case:
    """One signal under way; `open` are the far ends where it was not seen yet. `taken_ms` is Unix time."""

    signal: Signal
    open: list[End]
    mark: Mark = field(default_factory=Mark)
    taken: float | None = None
    taken_ms: int = 0
    said: str = ""
    done: bool = False


class Probe:
    """One run. With no far ends it ends at the answer; `say` hears what is worth telling while it waits."""

    def __init__(
        self,
        send: Send,
        judge: Judge,
        ends: Sequence[End],
        *,
        say: Callable[[str], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        pause: float = _PAUSE,
    ) -> None:
        self._send = send
        self._judge = judge
        self._ends = ends
        self._say = say
        self._monotonic = monotonic
        self._sleep = sleep
        self._pause = pause

    def run(self, signals: Sequence[Signal]) -> Iterator[Arrival]:
        """Probe the signals side by side; an arrival for each far end that gets the signal, as they come."""
        self._began = self._monotonic()
        cases = [_Case(signal, [end for end in self._ends if signal in end.seconds]) for signal in signals]
        while True:
            for case in cases:
                if not case.done:
                    yield from self._step(case)
            if all(case.done for case in cases):
                return
            self._sleep(self._pause)

    def _step(self, case: _Case) -> Iterator[Arrival]:
        if case.taken is None:
            yield from self._try(case)
        if case.taken is not None:
            yield from self._look(case, case.taken)

    def _try(self, case: _Case) -> Iterator[Arrival]:
        answer = self._send(case.signal, case.mark.body(case.signal, time.time_ns()))
        verdict = self._judge(answer, case.signal)
        if verdict.patience is None:
            case.taken, case.taken_ms = self._elapsed(), time.time_ns() // 1_000_000
            case.done = not case.open
            if case.done:
                yield self._arrival(case, "")
        elif self._elapsed() >= verdict.patience:
            case.done = True
            yield self._arrival(case, "", verdict.problem, verdict.hint)
        elif verdict.problem != case.said:
            case.said = verdict.problem
            self._say(f"{case.signal}: {verdict.problem}; trying for up to {verdict.patience:.0f} s")

    def _look(self, case: _Case, taken: float) -> Iterator[Arrival]:
        for end in list(case.open):
            arrival = self._look_at(case, end, self._elapsed() - taken)
            if arrival is not None:
                case.open.remove(end)
                yield arrival
        case.done = not case.open

    def _look_at(self, case: _Case, end: End, waited: float) -> Arrival | None:
        try:
            found = end.where.shows(case.signal, case.mark, case.taken_ms)
        except UpwellError as error:
            return self._arrival(case, end.name, error.message, error.hint)
        if found:
            return self._arrival(case, end.name)
        if waited < end.seconds[case.signal]:
            return None
        return self._arrival(case, end.name, f"it was taken, and is not to be found after {waited:.0f} s", end.where.hint(case.signal))

    def _arrival(self, case: _Case, end: str, problem: str = "", hint: str = "") -> Arrival:
        arrived = None if problem else self._elapsed()
        return Arrival(case.signal, end, case.mark.id, case.taken, arrived, problem, hint)

    def _elapsed(self) -> float:
        return self._monotonic() - self._began


def over_http(endpoint: str, key: str, *, verify: bool | str | None = None) -> Send:
    """Sends to an OTLP/HTTP base URL with a key, as an agent does. `verify` None takes the usual certificates."""
    trusted = ca_bundle() if verify is None else verify

    def send(signal: Signal, body: bytes) -> Answer | Retry:
        url = f"{endpoint.rstrip('/')}/v1/{signal.value}"
        headers = {"Content-Type": Encoding.JSON.value, "x-api-key": key, "User-Agent": USER_AGENT}
        transport = Transport(url, timeout=_TIMEOUT, connections=1, verify=trusted)
        try:
            return transport.send(AWSRequest(method="POST", url=url, data=body, headers=headers).prepare())
        finally:
            transport.close()

    return send
