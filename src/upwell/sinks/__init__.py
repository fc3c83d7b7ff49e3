"""Destinations. Each kind is a folder of the same shape (sink, limits, opened, answers) behind the Protocol of `base`."""

from __future__ import annotations

import time
from collections.abc import Callable

from upwell.config import AnySink, CloudWatchSink
from upwell.sinks.base import Sink

__all__ = ["build"]


def build(config_sink: AnySink, *, clock_ns: Callable[[], int] = time.time_ns) -> Sink:
    """The sink of one [[sinks]] block. Opens no connection. Raises SinkError for settings that cannot work."""
    # Imported where asked for: botocore takes a tenth of a second, and the gateway process has no sinks.
    if isinstance(config_sink, CloudWatchSink):
        from upwell.sinks.cloudwatch.sink import CloudWatch

        return CloudWatch(config_sink, clock_ns=clock_ns)
    from upwell.sinks.otlp.sink import Otlp

    return Otlp(config_sink, clock_ns=clock_ns)
