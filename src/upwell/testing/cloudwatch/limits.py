"""The documented limits of CloudWatch's OTLP endpoints, as one table per signal.

Source: "OTLP Endpoints" in the Amazon CloudWatch user guide
(docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html), read in a copy of 2026.
A MB is 2**20 bytes and a KB 2**10, as that page itself counts for logs (1 MB = 1,048,576).
Give a fake another table (`dataclasses.replace`) to try a stricter reading.
"""

from __future__ import annotations

from dataclasses import dataclass, field

KB = 2**10
MB = 2**20
SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

LARGE_LOG_REGIONS = frozenset(
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
"""The Regions where a JSON logs request may have 20 MB, and one record of it more than 1 MB."""


@dataclass(frozen=True, slots=True)
class MetricLimits:
    """Over `requests_per_second` and `new_names`: 429 (or partial). Labels and label bytes: 400, or 200 partial. Others: 400."""

    request_bytes: int = 1 * MB
    items: int = 1_000
    labels: int = 150
    label_bytes: int = 40 * KB
    future_ns: int = 600 * SECOND
    past_ns: int = 14 * DAY
    requests_per_second: int = 500
    new_names: int = 1_000_000
    new_names_window_ns: int = 600 * SECOND


@dataclass(frozen=True, slots=True)
class TraceLimits:
    """`span_bytes` rejects the span (200 partial); the others reject the call. No rate is documented."""

    request_bytes: int = 5 * MB
    items: int = 10_000
    group_bytes: int = 16 * KB
    span_bytes: int = 200 * KB
    future_ns: int = 2 * HOUR
    past_ns: int = 14 * DAY
    spread_ns: int = DAY


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Age, future and the group's retention reject the record (200 partial); the others reject the call.

    `overhead` is added to each event's bytes. `large_request_bytes` and `large_records` hold for JSON
    in `LARGE_LOG_REGIONS`; everywhere else no event may pass `event_bytes`.
    """

    request_bytes: int = 1 * MB
    large_request_bytes: int = 20 * MB
    large_records: int = 1
    event_bytes: int = 1 * MB
    overhead: int = 26
    items: int = 10_000
    group_bytes: int = 16 * KB
    future_ns: int = 2 * HOUR
    past_ns: int = 14 * DAY
    spread_ns: int = DAY
    requests_per_second: int = 5_000


@dataclass(frozen=True, slots=True)
class Limits:
    """All of them."""

    metrics: MetricLimits = field(default_factory=MetricLimits)
    traces: TraceLimits = field(default_factory=TraceLimits)
    logs: LogLimits = field(default_factory=LogLimits)


DOCUMENTED = Limits()
