"""What a newcomer reads first, and pastes."""

from __future__ import annotations

import shlex

from upwell.cli import welcome


def _exports(text: str) -> dict[str, str]:
    words = [word for line in text.splitlines() if line.startswith("export ") for word in shlex.split(line)[1:]]
    return dict(word.split("=", 1) for word in words)


def test_the_block_is_shell() -> None:
    """Pasted into a shell it sets what any OpenTelemetry program and Claude Code read."""
    assert _exports(welcome.block("http://127.0.0.1:4318", "uw_a_b")) == {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=uw_a_b",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    }


def test_a_first_start_shows_the_key_once() -> None:
    """Where it listens, the block with the key, and what becomes of what arrives."""
    text = welcome.greeting(["http://127.0.0.1:4318"], "http://127.0.0.1:8318", "uw_a_b", [], 24)

    assert text.count("uw_a_b") == 1
    assert "http://127.0.0.1:8318" in text
    assert "kept for 24 hours and go nowhere" in text


def test_later_starts_show_no_block() -> None:
    """Nobody can show a key again; how to make one is said, and where batches go."""
    text = welcome.greeting(["https://[::1]:4318"], "http://127.0.0.1:8318", None, ["cloudwatch", "lake"], 24)

    assert _exports(text) == {}
    assert "upwell keys add" in text
    assert "It goes on to: cloudwatch, lake." in text
