"""What `upwell serve` says on a terminal before it is quiet: where it listens, and the block to paste for an agent."""

from __future__ import annotations

from collections.abc import Sequence


def block(endpoint: str, key: str) -> str:
    """Shell lines that point any OpenTelemetry program, and Claude Code, at this gateway."""
    return "\n".join(
        (
            f"export OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}",
            "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
            f"export OTEL_EXPORTER_OTLP_HEADERS=x-api-key={key}",
            "export OTEL_METRICS_EXPORTER=otlp OTEL_LOGS_EXPORTER=otlp  # Claude Code needs these two",
            "export CLAUDE_CODE_ENABLE_TELEMETRY=1",
        )
    )


def greeting(endpoints: Sequence[str], console: str, key: str | None, sinks: Sequence[str], keep_hours: float) -> str:
    """The first screen; with a new key it contains the block, once."""
    lines = [f"Upwell takes OTLP/HTTP at {', '.join(endpoints)}.", f"The console is at {console}"]
    if key:
        lines += ["", "Paste this into the shell that your agent runs in. The key is shown this once:", "", block(endpoints[0], key), ""]
    else:
        lines.append("Keys: `upwell keys list`, `upwell keys add --team NAME`.")
    if sinks:
        lines.append(f"It goes on to: {', '.join(sinks)}.")
    else:
        lines.append(f"There are no [[sinks]]: batches are kept for {keep_hours:g} hours and go nowhere (docs/configuration.md).")
    return "\n".join(lines)
