"""Vitals made by hand."""

from __future__ import annotations

from collections.abc import Sequence

from upwell.console import LaneVitals, Vitals
from upwell.otlp.model import Signal
from upwell.relay import LaneStatus
from upwell.store import Counts

NOW_NS = 1_790_000_000 * 10**9


def lane(sink: str, *, delivered: int = 0, pending: int = 0, rejected: int = 0, state: str = "flowing", waited: float = 0) -> LaneVitals:
    """A logs lane in some state, its oldest batch waiting for `waited` seconds."""
    message = "" if state == "flowing" else "no luck"
    oldest_ns = NOW_NS - int(waited * 1e9) if pending else 0
    status = LaneStatus(f"{sink}/logs", sink, Signal.LOGS, state, "", message, "", 0, pending, pending, oldest_ns, delivered)
    return LaneVitals(status, {"delivered": delivered, "rejected": rejected})


def vitals(*lanes: LaneVitals, usage: Sequence[LaneVitals] = ()) -> Vitals:
    """A look at these lanes; nine logs were accepted."""
    accepted: dict[str, int] = {**dict.fromkeys(Signal, 0), Signal.LOGS: 9}
    return Vitals(NOW_NS, accepted, lanes, 4096, 2, 1, usage, {Signal.LOGS: Counts(5, 1, 2, 1)} if usage else {}, 512)
