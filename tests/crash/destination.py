"""The fake CloudWatch of the crash tests: it also remembers which items came together in which request."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable

from tests.crash.batches import ID
from upwell.otlp import Signal
from upwell.testing.cloudwatch import FakeCloudWatch
from upwell.testing.export import Export
from upwell.testing.listener import Request
from upwell.testing.verdict import Verdict


class Destination(FakeCloudWatch):
    """Runs in threads of the test's own process; items are judged by `clock_ns`."""

    def __init__(self, clock_ns: Callable[[], int] = time.time_ns) -> None:
        super().__init__(keep="counts", id_attribute=ID, clock_ns=clock_ns)
        self._noting = threading.Lock()
        self._begun: Counter[Signal] = Counter()
        self._taken: dict[Signal, list[tuple[str, ...]]] = {signal: [] for signal in Signal}

    def admit(self, signal: Signal, request: Request) -> None:
        """Admit, and count."""
        super().admit(signal, request)
        with self._noting:
            self._begun[signal] += 1

    def under_way(self, signal: Signal) -> int:
        """Requests that came and have no answer yet."""
        counts = self.counts(signal)
        with self._noting:
            return self._begun[signal] - counts.requests - counts.refused

    def judge(self, request: Request, export: Export, now_ns: int) -> Verdict:
        """Judge, and note the ids of what will be stored."""
        verdict = super().judge(request, export, now_ns)
        if verdict.refusal is None:
            with self._noting:
                self._taken[export.signal].append(tuple(export.attributes(ID, verdict.rejected)))
        return verdict

    def taken(self, signal: Signal) -> list[tuple[str, ...]]:
        """The ids of each request that was stored, in order of arrival."""
        with self._noting:
            return list(self._taken[signal])

    def arrived(self, signals: Iterable[Signal] = tuple(Signal)) -> Counter[str]:
        """How often each id came."""
        return Counter(name for signal in signals for ids in self.taken(signal) for name in ids)

    def repeated(self, signal: Signal) -> list[tuple[str, ...]]:
        """Requests in which some item came that had come before."""
        seen: set[str] = set()
        repeated = []
        for ids in self.taken(signal):
            if not seen.isdisjoint(ids):
                repeated.append(ids)
            seen.update(ids)
        return repeated
