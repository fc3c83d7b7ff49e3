"""What tombstones take out of a reading: rows of somebody who was forgotten become items that are no usage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from upwell.identity import Forgotten
from upwell.store.rows import ReadBatch
from upwell.usage import UsageEvent


def without(batches: Sequence[ReadBatch], forgotten: Forgotten) -> Sequence[ReadBatch]:
    """The batches without rows of who was forgotten; mostly the very same."""
    return [_without(batch, forgotten) for batch in batches] if forgotten else batches


def _without(batch: ReadBatch, forgotten: Forgotten) -> ReadBatch:
    def covered(event: UsageEvent, since_ns: int) -> bool:
        return forgotten.covers(event.key_id, event.person, min(since_ns, batch.received_ns))

    reading = batch.reading
    events = tuple(event for event in reading.events if not covered(event, event.time_ns))
    # A series that began before it was forgotten stays away: without its earlier points, the next one would count whole.
    points = tuple(point for point in reading.points if not covered(point.event, min(point.start_ns, point.time_ns)))
    left = {event.id for event in events}
    gone = sum(event.id not in left and event.id not in reading.further for event in reading.events)
    gone += len(reading.points) - len(points)
    if not gone:
        return batch
    kept = replace(reading, events=events, points=points, usage_items=reading.usage_items - gone, not_usage=reading.not_usage + gone)
    return replace(batch, reading=kept)
