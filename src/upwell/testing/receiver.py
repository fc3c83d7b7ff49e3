"""What both fakes are: a port that takes OTLP/HTTP, reads it, fails when told to, and keeps what it took.

A subclass says who may come in (`admit`), what is too much (`judge`), and what else it answers (`other`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from upwell.otlp.model import Encoding, Signal
from upwell.testing.answers import Refused, success
from upwell.testing.archive import Archive, Counts, Keep
from upwell.testing.clock import Clock
from upwell.testing.export import Export
from upwell.testing.listener import MAX_BODY, Answer, Listener, Request
from upwell.testing.plain import Plain, Unreadable
from upwell.testing.reading import Inflated, inflate, read
from upwell.testing.script import Failure, Script
from upwell.testing.verdict import Received, Usage, Verdict

_PATHS = {f"/v1/{signal.value}": signal for signal in Signal}
_MEDIA_TYPES = {encoding.value: encoding for encoding in Encoding}


@dataclass(slots=True)
class _Visit:
    """One export request while it is handled; `received` is made from it at the end."""

    signal: Signal
    request: Request
    time_ns: int
    encoding: Encoding | None = None
    usage: Usage = field(default_factory=Usage)
    rejected: int = 0
    stored: bool = False

    @property
    def gzip(self) -> bool:
        return self.request.header("content-encoding").strip().lower() == "gzip"


class Receiver:
    """A context manager: it listens from `start` to `stop` in threads of its own, at `url`; what it knows outlasts a stop.

    `port` 0 lets the system choose. `keep` says how much stays in memory; `id_attribute` is the item attribute that `ids` lists.
    `clock` tells the time by which items are judged, and can be moved. Errors inside the fake are raised when it stops.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keep: Keep | str = Keep.ALL,
        id_attribute: str = "test.id",
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.clock = Clock(clock_ns)
        self._keep = Keep(keep)
        self._archive = Archive(self._keep, id_attribute)
        self._script = Script()
        self._listener = Listener(self._handle, host, port)

    # -- life --------------------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://host:port`, without a slash at the end; known once started."""
        return self._listener.url

    def start(self) -> Self:
        self._listener.start()
        return self

    def stop(self) -> None:
        """Close every connection. Raises the first error that happened inside the fake."""
        for error in self._listener.stop():
            raise error

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        faults = self._listener.stop()
        if faults and error is None:  # a test's own failure is the better story
            raise faults[0]

    # -- questions ---------------------------------------------------------------------------------------------------------------

    def items(self, signal: Signal | str) -> list[Plain]:
        """Everything accepted, flattened (`upwell.testing.flat`), in order of arrival. Raises NotKept."""
        return self._archive.items(Signal(signal))

    def ids(self, signal: Signal | str) -> list[str]:
        """The id attribute of every accepted item that has one, repeated where it came twice. Raises NotKept."""
        return self._archive.ids(Signal(signal))

    def counts(self, signal: Signal | str) -> Counts:
        return self._archive.counts(Signal(signal))

    def requests(self, signal: Signal | str) -> list[Received]:
        """Figures of the newest 100,000 export requests, refused ones too, in the order they were answered."""
        return self._archive.requests(Signal(signal))

    def wait(self, signal: Signal | str, items: int, seconds: float = 10) -> bool:
        """Wait until so many items were accepted; False when they were not in time."""
        return self._archive.wait(Signal(signal), items, seconds)

    # -- orders ------------------------------------------------------------------------------------------------------------------

    def script(self, failures: Iterable[Failure]) -> None:
        """What is to go wrong from now on; replaces what was left of the script before."""
        self._script.play(failures)

    def reset(self) -> None:
        """Forget all requests, items, failures, and turn the clock back."""
        self._archive.reset()
        self._script.play(())
        self.clock.reset()

    # -- for subclasses ----------------------------------------------------------------------------------------------------------

    def admit(self, signal: Signal, request: Request) -> None:
        """Raise Refused for a request that may not come in."""

    def judge(self, request: Request, export: Export, now_ns: int) -> Verdict:  # noqa: ARG002 - what a subclass may need
        """What becomes of a request. Raises Unreadable: JSON items are first looked at here."""
        export.check()
        return Verdict(Usage(export.count, export.bytes))

    def stream_of(self, signal: Signal, request: Request) -> tuple[str, str] | None:  # noqa: ARG002
        """The log group and stream that the items go to, where there is such a thing."""
        return None

    def other(self, request: Request) -> Answer:
        """The answer for any path but OTLP's."""
        return Refused(404, "NotFound", f"there is nothing at {request.path}").answer(Encoding.JSON)

    def largest(self, signal: Signal) -> int:  # noqa: ARG002
        """Bytes that a body may inflate to."""
        return MAX_BODY

    def too_large(self, signal: Signal) -> Refused:
        """The refusal of a body that inflates to more."""
        return Refused(413, "RequestTooLarge", f"the body is larger than {self.largest(signal)} bytes uncompressed")

    # -- the way of a request ----------------------------------------------------------------------------------------------------

    def _handle(self, request: Request) -> Answer:
        signal = _PATHS.get(request.path)
        if signal is None:
            return self.other(request)
        visit = _Visit(signal, request, self.clock.now_ns())
        refused = None
        try:
            answer = self._export(visit)
        except Refused as refusal:
            refused = refusal
        except Unreadable as error:
            refused = Refused(400, "SerializationException", str(error))
        if refused is not None:
            answer = refused.answer(visit.encoding or Encoding.JSON)
        self._archive.note(self._received(visit, answer, refused))
        return answer

    def _export(self, visit: _Visit) -> Answer:
        signal, request = visit.signal, visit.request
        visit.encoding = _MEDIA_TYPES.get(request.header("content-type").split(";")[0].strip().lower())
        if request.method != "POST":
            raise Refused(405, "MethodNotAllowed", "OTLP is sent with POST")
        self.admit(signal, request)
        export = self._read(visit)
        visit.usage = Usage(export.count, export.bytes)
        failure = self._script.take(signal.value, export)
        self._listener.pause(failure.delay)
        if not failure.after and (lost := _lost(failure)):
            return lost
        answer = self._settle(visit, export, failure.reject)
        return (_lost(failure) if failure.after else None) or answer

    def _read(self, visit: _Visit) -> Export:
        if visit.encoding is None:
            raise Refused(415, "UnsupportedMediaType", "the Content-Type is neither application/json nor application/x-protobuf")
        if not visit.gzip and visit.request.header("content-encoding").strip().lower() not in ("", "identity"):
            raise Refused(415, "UnsupportedMediaType", "the Content-Encoding is neither gzip nor absent")
        try:
            body = inflate(visit.request.body, self.largest(visit.signal)) if visit.gzip else visit.request.body
            return read(body, visit.signal, visit.encoding)
        except Inflated:
            raise self.too_large(visit.signal) from None

    def _settle(self, visit: _Visit, export: Export, reject: int) -> Answer:
        """Judge, store what is left, and answer. Raises Refused, and Unreadable for an item that is none."""
        verdict = self.judge(visit.request, export, visit.time_ns)
        visit.usage = verdict.usage
        if verdict.refusal is not None:
            raise verdict.refusal
        good = [index for index in range(export.count) if index not in verdict.rejected]
        rejected = verdict.rejected | frozenset(good[:reject])
        stream = self.stream_of(visit.signal, visit.request)
        self._archive.store(export, visit.request.body, gzip=visit.gzip, rejected=rejected, time_ns=visit.time_ns, stream=stream)
        visit.rejected, visit.stored = len(rejected), True
        return success(visit.signal, export.encoding, len(rejected), verdict.message or ("rejected by script" if rejected else ""))

    def _received(self, visit: _Visit, answer: Answer, refused: Refused | None) -> Received:
        usage = visit.usage
        return Received(
            signal=visit.signal,
            time_ns=visit.time_ns,
            status=0 if answer.cut else answer.status,
            code=refused.code if refused else "",
            message=refused.message if refused else "",
            encoding=visit.encoding,
            gzip=visit.gzip,
            wire_bytes=len(visit.request.body),
            items=usage.items,
            rejected=visit.rejected,
            stored=visit.stored,
            bytes=usage.bytes,
            limit_bytes=usage.limit_bytes,
            spread_ns=usage.spread_ns,
            binding=usage.binding,
            used=usage.used,
            headers={name.lower(): value for name, value in visit.request.headers} if self._keep is Keep.ALL else {},
        )


def _lost(failure: Failure) -> Answer | None:
    """The answer that a failure gives instead of the right one."""
    if failure.cut:
        return Answer(cut=True)
    if refusal := failure.refusal():
        raise refusal
    return None
