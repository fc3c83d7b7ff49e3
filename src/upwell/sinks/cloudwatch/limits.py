"""What CloudWatch's OTLP endpoints take, each number with its source.

Source, where none is named: "OTLP Endpoints" in the CloudWatch user guide
(docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html), autumn 2026.
The page writes KB and MB; for logs it adds the bytes, 1 MB = 1,048,576. Where it does not, the smaller
reading (decimal) bounds what is packed, and the larger (binary) what condemns an item by itself.
"""

from __future__ import annotations

from upwell.otlp import Signal
from upwell.sinks.base import Limits

_SECOND = 10**9
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR

CLOCK_SKEW_NS = 60 * _SECOND
"""Kept from both ends of the time window: AWS's clock is not ours, and a request takes time to arrive."""

PAST_NS = 14 * _DAY - CLOCK_SKEW_NS
METRICS_FUTURE_NS = 600 * _SECOND - CLOCK_SKEW_NS
FUTURE_NS = 2 * _HOUR - CLOCK_SKEW_NS
"""Logs and traces."""

SPREAD_NS = _DAY
"""Newest minus oldest within one request; logs and traces."""

SPAN_SPREAD_NS = _DAY - _HOUR
"""The spread that spans are packed to, by their ends: starts count as well, and the longest usual span takes an hour."""

POINTS = 1_000
"""Data points of one metrics request."""

RECORDS = 10_000
"""Log records, or spans, of one request."""

METRICS_BYTES = 1_000_000
"""1 MB of uncompressed protobuf."""

TRACES_BYTES = 5_000_000
"""5 MB of uncompressed protobuf."""

LOGS_BYTES = 1_048_576
LARGE_LOGS_BYTES = 20_971_520
"""The stored events of one logs request, each with `EVENT_BYTES`; the larger in `LARGE_LOGS_REGIONS`, for JSON."""

LARGE_LOGS_REGIONS = frozenset(
    {
        "us-east-1",
        "us-east-2",
        "us-west-2",
        "eu-central-1",
        "eu-west-1",
        "ap-south-1",
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
    }
)

EVENT_BYTES = 26
"""Counted beside the text of every log event."""

EVENT_MARGIN = 32
"""Added to every log event, and the only margin for an estimate: the exact text of a stored event is not
documented, only its fields are (see `flat`). 2 to 4 % of what agents send."""

EVENT_TEXT_BYTES = 1_048_576
"""The text of one stored log event: record, scope and resource. Where requests may be large, one event of a
request may pass it: CloudWatch then cuts its largest fields and keeps them aside as large log objects."""

CONTEXT_BYTES = 16 * 1024
"""One resource with one scope, traces and logs; more refuses the whole request. Not said in which
form: the larger of as sent and as stored counts here, since one such item would hold up all others."""

SPAN_BYTES = 200 * 1024
"""One span as it travels."""

LABELS = 150
"""Attributes of a data point, with its scope's and its resource's."""

LABEL_BYTES = 40 * 1024
"""Their names and values as text."""


def limits(signal: Signal, region: str) -> Limits:
    """What one request may hold."""
    if signal is Signal.METRICS:
        return Limits(POINTS, METRICS_BYTES, None, PAST_NS, METRICS_FUTURE_NS)
    if signal is Signal.TRACES:
        return Limits(RECORDS, TRACES_BYTES, SPAN_SPREAD_NS, PAST_NS, FUTURE_NS)
    size = LARGE_LOGS_BYTES if region in LARGE_LOGS_REGIONS else LOGS_BYTES
    return Limits(RECORDS, size, SPREAD_NS, PAST_NS, FUTURE_NS)
