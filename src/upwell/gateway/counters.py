"""What the door counts, in plain numbers, and how /metrics names them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from upwell.exposition import Family, Sample, labelled, single
from upwell.otlp import Encoding, Signal

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counters:
    """Counts since the start of the process. All are written by the event loop's thread alone."""

    def __init__(self) -> None:
        self.batches: Counter[tuple[Signal, Encoding]] = Counter()
        self.items: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.duplicates = 0
        self.unknown_fields = 0
        self._buckets = [0] * (len(_SECONDS) + 1)
        self._seconds = 0.0

    def took(self, seconds: float) -> None:
        """Count how long an accepted request took, from its head to its answer."""
        self._buckets[bisect_left(_SECONDS, seconds)] += 1
        self._seconds += seconds

    def families(self) -> Iterator[Family]:
        batches = tuple(
            Sample(value, {"signal": signal.value, "encoding": encoding.name.lower()}) for (signal, encoding), value in self.batches.items()
        )
        yield Family("upwell_received_batches_total", "counter", "Batches accepted.", batches)
        yield labelled("upwell_received_items_total", "counter", "Items accepted, before policy.", "signal", self.items)
        yield labelled("upwell_received_bytes_total", "counter", "Bytes of accepted bodies, inflated.", "signal", self.bytes)
        yield labelled("upwell_dropped_items_total", "counter", "Items that a policy rule removed.", "rule", self.dropped)
        yield labelled("upwell_refused_requests_total", "counter", "Requests refused, by the code of the refusal.", "code", self.refusals)
        yield single("upwell_duplicate_batches_total", "counter", "Retries of batches that were already there.", self.duplicates)
        yield single("upwell_unknown_fields_total", "counter", "Fields of accepted bodies that OTLP does not have.", self.unknown_fields)
        yield self._duration()

    def _duration(self) -> Family:
        name, help_text = "upwell_request_duration_seconds", "From the head of an accepted request to its answer."
        edges = [*(str(edge) for edge in _SECONDS), "+Inf"]
        counts = list(accumulate(self._buckets))
        buckets = [Sample(count, {"le": edge}, "_bucket") for edge, count in zip(edges, counts, strict=True)]
        return Family(name, "histogram", help_text, (*buckets, Sample(self._seconds, {}, "_sum"), Sample(counts[-1], {}, "_count")))
