"""What one request to an OTLP endpoint may hold: no protocol limit exists, these meet common servers' defaults.

gRPC servers behind an HTTP front take 4 MiB messages; the Collector's HTTP receiver takes 20 MiB, Upwell's own
door 10 MiB and 100,000 items. A server that takes less answers 413, and the lane cuts the request.
"""

from __future__ import annotations

from upwell.otlp import Signal
from upwell.sinks.base import Limits

REQUEST_BYTES = 4 * 2**20
ITEMS = 10_000
ENVELOPE_BYTES = len(b'{"":[]}') + max(len(signal.resource_field) for signal in Signal)
"""What joining adds to JSON fragments."""

LIMITS = Limits(ITEMS, REQUEST_BYTES - ENVELOPE_BYTES)
