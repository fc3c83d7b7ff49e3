"""The worker's figures in the Prometheus text format. docs/operations.md describes each; a test holds the two together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from upwell import __version__
from upwell.console.vitals import LaneVitals, Vitals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

RESULTS = ("delivered", "rejected", "quarantined", "expired", "lost")
STATES = ("flowing", "retrying", "held", "failed")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, with what it means."""

    name: str
    kind: Literal["counter", "gauge"]
    meaning: str


BUILD = Metric("upwell_build_info", "gauge", "1, with the version that runs.")
ACCEPTED = Metric("upwell_accepted_items_total", "counter", "Items acknowledged at the door, before policy.")
ENDED = Metric("upwell_lane_items_total", "counter", "Items of a lane by how they ended.")
PENDING = Metric("upwell_lane_pending_items", "gauge", "Items of a lane that wait to be delivered.")
PENDING_BATCHES = Metric("upwell_lane_pending_batches", "gauge", "Batches of a lane that wait to be delivered.")
LAG = Metric("upwell_lane_lag_seconds", "gauge", "How long a lane's oldest waiting batch has waited.")
OLDEST = Metric("upwell_oldest_pending_seconds", "gauge", "How long the oldest waiting batch of all lanes has waited.")
STATE = Metric("upwell_lane_state", "gauge", "1 for the state a lane is in.")
QUARANTINE = Metric("upwell_quarantined_batches", "gauge", "Batches in quarantine.")
LOSSES = Metric("upwell_unaccepted_losses", "gauge", "Losses booked that nobody has accepted; above 0, `upwell ledger --check` fails.")
JOURNAL = Metric("upwell_journal_bytes", "gauge", "Bytes that the journal takes on disk.")

METRICS = (BUILD, ACCEPTED, ENDED, PENDING, PENDING_BATCHES, LAG, OLDEST, STATE, QUARANTINE, LOSSES, JOURNAL)


def render(vitals: Vitals) -> str:
    """All metrics, as one scrape."""
    lags = [vitals.oldest_pending_seconds(lane) for lane in vitals.lanes]
    lines = [
        *_family(BUILD, [({"version": __version__}, 1)]),
        *_family(ACCEPTED, [({"signal": signal}, items) for signal, items in vitals.accepted.items()]),
        *_family(ENDED, [({**_lane(lane), "result": result}, lane.ended.get(result, 0)) for lane in vitals.lanes for result in RESULTS]),
        *_family(PENDING, [(_lane(lane), lane.status.pending_items) for lane in vitals.lanes]),
        *_family(PENDING_BATCHES, [(_lane(lane), lane.status.pending_batches) for lane in vitals.lanes]),
        *_family(LAG, [(_lane(lane), lag) for lane, lag in zip(vitals.lanes, lags, strict=True)]),
        *_family(OLDEST, [({}, max(lags, default=0.0))]),
        *_family(STATE, [({**_lane(lane), "state": state}, lane.status.state == state) for lane in vitals.lanes for state in STATES]),
        *_family(QUARANTINE, [({}, vitals.quarantined_batches)]),
        *_family(LOSSES, [({}, vitals.losses)]),
        *_family(JOURNAL, [({}, vitals.journal_bytes)]),
    ]
    return "\n".join(lines) + "\n"


def _lane(lane: LaneVitals) -> dict[str, str]:
    return {"sink": lane.status.sink, "signal": lane.status.signal}


def _family(metric: Metric, samples: Iterable[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.meaning}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for labels, value in samples:
        inside = ",".join(f'{name}="{text}"' for name, text in labels.items())  # signals, states and sink names hold nothing to escape
        yield f"{metric.name}{{{inside}}} {value:.15g}" if inside else f"{metric.name} {value:.15g}"
