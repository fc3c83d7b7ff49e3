"""What `upwell serve` says on a terminal before it is quiet: where it listens, and the block to paste for an agent."""

from __future__ import annotations

from collections.abc import Sequence

from upwell.agents import exports


def block(endpoint: str, key: str) -> str:
    """Shell lines that point Claude Code, and any OpenTelemetry program, at this gateway."""
    return exports("claude-code", endpoint=endpoint, key=key, traces=False) or ""


def greeting(endpoints: Sequence[str], console: str, key: str | None, sinks: Sequence[str], keep_hours: float) -> str:
    """The first screen; with a new key it contains the block, once."""
    lines = [f"Upwell takes OTLP/HTTP at {', '.join(endpoints)}.", f"The console is at {console}"]
    if key:
        lines += [
            "",
            "Paste this into the shell that Claude Code runs in. The key is shown this once:",
            "",
            block(endpoints[0], key),
            "",
            "Other agents: `upwell connect`.",
            "",
        ]
    else:
        lines.append("Keys: `upwell keys list`, `upwell keys add --team NAME`.")
    if sinks:
        lines.append(f"It goes on to: {', '.join(sinks)}.")
    else:
        lines.append(f"There are no [[sinks]]: batches are kept for {keep_hours:g} hours and go nowhere (docs/configuration.md).")
        lines.append("Their usage is counted all the same.")
    return "\n".join(lines)
