"""The numbers of the CloudWatch user guide, as requests are packed to them."""

from __future__ import annotations

import pytest

from upwell.otlp import Signal
from upwell.sinks.cloudwatch import limits

MINUTE = 60 * 10**9
DAY = 24 * 60 * MINUTE


def test_items_of_a_request() -> None:
    """1,000 data points, 10,000 spans or records."""
    assert {signal: limits.limits(signal, "us-east-1").items for signal in Signal} == {
        Signal.METRICS: 1_000,
        Signal.TRACES: 10_000,
        Signal.LOGS: 10_000,
    }


def test_bytes_of_a_request() -> None:
    """1 and 5 MB are read as the smaller of two readings, which costs a twentieth at most; logs are documented to the byte."""
    assert limits.limits(Signal.METRICS, "us-east-1").bytes == 1_000_000 >= 0.95 * 2**20
    assert limits.limits(Signal.TRACES, "us-east-1").bytes == 5_000_000 >= 0.95 * 5 * 2**20


@pytest.mark.parametrize("region", ["us-east-1", "us-east-2", "us-west-2", "eu-central-1", "eu-west-1"])
@pytest.mark.parametrize("other", ["us-west-1", "ap-east-1", "us-gov-west-1", "cn-north-1"])
def test_large_log_requests_where_they_are_documented(region: str, other: str) -> None:
    """20 MB in nine Regions, 1 MB in all others."""
    assert limits.limits(Signal.LOGS, region).bytes == 20_971_520
    assert limits.limits(Signal.LOGS, other).bytes == 1_048_576
    assert len(limits.LARGE_LOGS_REGIONS) == 9


def test_time_windows_keep_a_minute_for_clocks() -> None:
    """14 days back for all; 10 minutes ahead for metrics, two hours for the others."""
    for signal, ahead in ((Signal.METRICS, 10), (Signal.TRACES, 120), (Signal.LOGS, 120)):
        found = limits.limits(signal, "us-east-1")
        assert found.past_ns == 14 * DAY - MINUTE
        assert found.future_ns == (ahead - 1) * MINUTE


def test_spread_of_a_request() -> None:
    """A day for records; an hour less for spans, whose starts count as well; none for metrics."""
    spreads = {signal: limits.limits(signal, "us-east-1").spread_ns for signal in Signal}

    assert spreads == {Signal.METRICS: None, Signal.TRACES: DAY - 60 * MINUTE, Signal.LOGS: DAY}
