// A program with the OpenTelemetry SDK for JavaScript, configured by the usual OTEL_* variables alone.
//
// `sender.mjs PREFIX` reads orders `FIRST LAST` from stdin. For each number of the range it makes a span, a log record,
// a counter point and a histogram point that carry their own `test.id`; it flushes, and says `LAST` on stdout.
// The SDK picks no protocol by itself, so OTEL_EXPORTER_OTLP_PROTOCOL picks the packages here, as a distribution does.

import { createInterface } from "node:readline";
import { DiagConsoleLogger, DiagLogLevel, context, diag, trace } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const NEVER_MS = 3_600_000; // only a flush sends
const prefix = process.argv[2];
const flavour = { "http/json": "http", "http/protobuf": "proto" }[process.env.OTEL_EXPORTER_OTLP_PROTOCOL];
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${flavour}`);
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${flavour}`);
const { OTLPMetricExporter } = await import(`@opentelemetry/exporter-metrics-otlp-${flavour}`);

diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
const resource = resourceFromAttributes({ "service.name": "javascript-client" });
const tracing = new BasicTracerProvider({
  resource,
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(), { scheduledDelayMillis: NEVER_MS })],
});
const logs = new LoggerProvider({
  resource,
  processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter(), scheduledDelayMillis: NEVER_MS })],
});
const metrics = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(), exportIntervalMillis: NEVER_MS })],
});
const tracer = tracing.getTracer("real");
const logger = logs.getLogger("real");
const meter = metrics.getMeter("real");
const counter = meter.createCounter("real.count");
const histogram = meter.createHistogram("real.duration", { unit: "ms" });

for await (const order of createInterface({ input: process.stdin })) {
  const [first, last] = order.split(" ").map(Number);
  for (let number = first; number < last; number++) {
    const span = tracer.startSpan("real.span", { attributes: { "test.id": `${prefix}-span-${number}` } });
    logger.emit({
      body: `record ${number}`,
      severityNumber: 9,
      attributes: { "test.id": `${prefix}-log-${number}` },
      context: trace.setSpan(context.active(), span),
    });
    span.end();
    counter.add(1, { "test.id": `${prefix}-counter-${number}` });
    histogram.record(number, { "test.id": `${prefix}-histogram-${number}` });
  }
  await Promise.all([tracing.forceFlush(), logs.forceFlush(), metrics.forceFlush()]);
  console.log(last);
}
await Promise.all([tracing.shutdown(), logs.shutdown(), metrics.shutdown()]);
