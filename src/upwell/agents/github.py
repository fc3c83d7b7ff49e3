"""GitHub's two agents, which share an administrator's file, but not the way that a key gets into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from upwell.agents.model import Agent, Part, Platform

_FILES: Final[Mapping[Platform, str]] = {
    "linux": "/etc/github-copilot/managed-settings.json",
    "macos": "/Library/Application Support/GitHubCopilot/managed-settings.json",
    "windows": "%ProgramFiles%\\GitHubCopilot\\managed-settings.json",
}
_MANAGED: Final = {
    "telemetry": {
        "enabled": True,
        "endpoint": "{endpoint}",
        "protocol": "otlp-http",
        "captureContent": False,
        "lockCaptureContent": True,
    }
}
_WITH_KEY: Final = {"telemetry": {**_MANAGED["telemetry"], "headers": {"x-api-key": "{key}"}}}
_NOTES: Final = (
    "Copilot CLI, VS Code and JetBrains read this file. On Linux it must belong to root and be writable by root alone.",
    (
        "`telemetry.headers` reach VS Code's extension only (GitHub's changelog of 2026-07-08), and stopped Copilot CLI 1.0.82 from"
        " exporting at all (github/copilot-cli issue 4669): the CLI gets its key by the variable."
    ),
)

COPILOT_CLI: Final = Agent(
    title="GitHub Copilot CLI",
    sends=("traces", "metrics"),
    rows_from="traces; lines from metrics",
    encodings="JSON, protobuf",
    cost="none (its `cost` is no money), so priced here",
    retries="four times within a second on 429, 502 and 503, and after a cut connection",
    parts=(
        Part(
            language="shell",
            settings={
                "COPILOT_OTEL_ENABLED": "true",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "{endpoint}",
                "OTEL_EXPORTER_OTLP_HEADERS": "{headers}",
            },
        ),
    ),
    managed=(
        Part(language="json", files=_FILES, settings=_MANAGED),
        Part(language="shell", settings={"OTEL_EXPORTER_OTLP_HEADERS": "{headers}"}),
    ),
    notes=(
        (
            "Some versions about 1.0.89 ignore an http:// endpoint in silence (github/copilot-cli issue 4567); 1.0.102 takes it."
            " https works in all."
        ),
    ),
    managed_notes=_NOTES,
)

VSCODE_COPILOT: Final = Agent(
    title="GitHub Copilot in VS Code",
    sends=("traces", "metrics", "logs"),
    rows_from="traces; sessions and edits from logs",
    encodings="protobuf, JSON",
    cost="none, so priced here",
    parts=(
        Part(
            language="json",
            settings={
                "github.copilot.chat.otel.enabled": True,
                "github.copilot.chat.otel.exporterType": "otlp-http",
                "github.copilot.chat.otel.protocol": "http/protobuf",
                "github.copilot.chat.otel.otlpEndpoint": "{endpoint}",
                "github.copilot.chat.otel.headers": {"x-api-key": "{key}"},
                "github.copilot.chat.otel.captureContent": False,
                "settingsSync.ignoredSettings": ["github.copilot.chat.otel.headers"],
            },
            files={
                "linux": "~/.config/Code/User/settings.json",
                "macos": "~/Library/Application Support/Code/User/settings.json",
                "windows": "%APPDATA%\\Code\\User\\settings.json",
            },
        ),
    ),
    managed=(Part(language="json", files=_FILES, settings=_WITH_KEY),),
    notes=(
        "The headers need VS Code 1.131; they are kept out of Settings Sync, which would carry the key to other machines.",
        (
            "Sessions of the Agent Host, and versions before, take the key from OTEL_EXPORTER_OTLP_HEADERS=x-api-key=KEY in the"
            " environment of VS Code itself."
        ),
        "The JetBrains extension reads variables only: COPILOT_OTEL_ENABLED=true, COPILOT_OTEL_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS.",
    ),
    managed_notes=_NOTES,
)
