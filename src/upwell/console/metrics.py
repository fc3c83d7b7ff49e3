"""The worker's figures as metrics. docs/operations.md describes each; a test holds the two together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from upwell import __version__
from upwell.console.vitals import LaneVitals, Vitals
from upwell.exposition import Family, Sample, exposition, labelled, single
from upwell.store import COUNTED

RESULTS = ("delivered", "rejected", "quarantined", "expired", "lost")
STATES = ("flowing", "retrying", "held", "failed")


def render(vitals: Vitals) -> str:
    """All metrics, as one scrape."""
    return exposition(families(vitals))


def families(vitals: Vitals) -> Iterator[Family]:
    """Each metric with its samples; those of lanes are labelled with sink and signal."""
    lanes = vitals.every
    lags = [vitals.oldest_pending_seconds(lane) for lane in lanes]
    yield labelled("upwell_build_info", "gauge", "1, with the version that runs.", "version", {__version__: 1})
    yield labelled("upwell_accepted_items_total", "counter", "Items acknowledged at the door, before policy.", "signal", vitals.accepted)
    ends = (_sample(lane, lane.ended.get(result, 0), result=result) for lane in lanes for result in RESULTS)
    yield _family("upwell_lane_items_total", "counter", "Items of a lane by how they ended.", ends)
    items = (_sample(lane, lane.status.pending_items) for lane in lanes)
    yield _family("upwell_lane_pending_items", "gauge", "Items of a lane that wait to be delivered.", items)
    batches = (_sample(lane, lane.status.pending_batches) for lane in lanes)
    yield _family("upwell_lane_pending_batches", "gauge", "Batches of a lane that wait to be delivered.", batches)
    lagging = (_sample(lane, lag) for lane, lag in zip(lanes, lags, strict=True))
    yield _family("upwell_lane_lag_seconds", "gauge", "How long a lane's oldest waiting batch has waited.", lagging)
    waited = "How long the oldest waiting batch of all lanes has waited."
    yield single("upwell_oldest_pending_seconds", "gauge", waited, max(lags, default=0.0))
    states = (_sample(lane, int(lane.status.state == state), state=state) for lane in lanes for state in STATES)
    yield _family("upwell_lane_state", "gauge", "1 for the state a lane is in.", states)
    counted = [
        Sample(getattr(counts, what), {"signal": signal, "result": what}) for signal, counts in vitals.counted.items() for what in COUNTED
    ]
    yield _family("upwell_usage_items", "gauge", "Items that the usage store got, by what they were to it.", counted)
    yield single("upwell_usage_store_bytes", "gauge", "Bytes of the usage store on disk.", vitals.store_bytes)
    yield single("upwell_quarantined_batches", "gauge", "Batches in quarantine.", vitals.quarantined_batches)
    yield single("upwell_unaccepted_losses", "gauge", "Losses booked that nobody has accepted.", vitals.losses)
    yield single("upwell_journal_bytes", "gauge", "Bytes of the journal on disk.", vitals.journal_bytes)


def _family(name: str, kind: Literal["counter", "gauge"], meaning: str, samples: Iterable[Sample]) -> Family:
    return Family(name, kind, meaning, tuple(samples))


def _sample(lane: LaneVitals, value: float, **labels: str) -> Sample:
    return Sample(value, {"sink": lane.status.sink, "signal": lane.status.signal, **labels})
