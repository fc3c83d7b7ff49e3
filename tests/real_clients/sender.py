"""A program with the OpenTelemetry SDK for Python (protobuf), configured by the usual OTEL_* variables alone.

`sender.py PREFIX` reads orders `FIRST LAST` from stdin. For each number of the range it makes a span, a log record,
a counter point and a histogram point that carry their own `test.id`; it flushes, and says `LAST` on stdout.
"""

from __future__ import annotations

import logging
import sys
import time

from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

_NEVER_MS = 3_600_000.0  # only a flush sends


def main(prefix: str) -> None:
    logging.basicConfig(stream=sys.stderr)
    resource = Resource.create({"service.name": "python-client"})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=_NEVER_MS))
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=_NEVER_MS))
    metrics = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=_NEVER_MS)], resource=resource)
    tracer, logger, meter = tracing.get_tracer("real"), logs.get_logger("real"), metrics.get_meter("real")
    counter, histogram = meter.create_counter("real.count"), meter.create_histogram("real.duration", "ms")

    for order in sys.stdin:
        first, last = map(int, order.split())
        for number in range(first, last):
            with tracer.start_as_current_span("real.span", attributes={"test.id": f"{prefix}-span-{number}"}):
                logger.emit(
                    timestamp=time.time_ns(),  # as handlers of `logging` do; without it, CloudWatch has nothing to date the record by
                    body=f"record {number}",
                    severity_number=SeverityNumber.INFO,
                    attributes={"test.id": f"{prefix}-log-{number}"},
                )
            counter.add(1, {"test.id": f"{prefix}-counter-{number}"})
            histogram.record(number, {"test.id": f"{prefix}-histogram-{number}"})
        tracing.force_flush()
        logs.force_flush()
        metrics.force_flush()
        print(last, flush=True)
    for provider in (tracing, logs, metrics):
        provider.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
