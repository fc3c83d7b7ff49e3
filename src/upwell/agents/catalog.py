"""Every agent, and how it is connected: names of variables, settings and files as each agent's own documents or source have them.

Seen working against a gateway: Claude Code 2.1.330, Codex 0.169.0, Gemini CLI 0.61.0, Qwen Code 0.24.4, Copilot CLI 1.0.102 and
OpenCode 1.18.33. The others follow their vendors' documents of November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from upwell.agents.github import COPILOT_CLI, VSCODE_COPILOT
from upwell.agents.model import Agent, Part, everywhere

_CLAUDE_CODE: Final = {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "{endpoint}",
    "OTEL_EXPORTER_OTLP_HEADERS": "{headers}",
}
_CLAUDE_CODE_TRACES: Final = {"CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1", "OTEL_TRACES_EXPORTER": "otlp"}

_SDK: Final = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "{endpoint}",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_HEADERS": "{headers}",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_TRACES_EXPORTER": "none",
}


def _codex(path: str) -> dict[str, Any]:
    """Codex appends nothing to an endpoint, and names the header's value in the file."""
    return {"otlp-http": {"endpoint": "{endpoint}" + path, "protocol": "binary", "headers": {"x-api-key": "{key}"}}}


_CODEX: Final = {
    "otel": {
        "log_user_prompt": False,
        "exporter": _codex("/v1/logs"),
        "metrics_exporter": _codex("/v1/metrics"),
        "trace_exporter": "none",
    }
}


def _gemini(prefix: str) -> dict[str, str]:
    return {
        f"{prefix}_TELEMETRY_ENABLED": "true",
        f"{prefix}_TELEMETRY_TARGET": "local",
        f"{prefix}_TELEMETRY_OTLP_PROTOCOL": "http",
        f"{prefix}_TELEMETRY_OTLP_ENDPOINT": "{endpoint}",
        f"{prefix}_TELEMETRY_LOG_PROMPTS": "false",
        "OTEL_EXPORTER_OTLP_HEADERS": "{headers}",
    }


AGENTS: Final[Mapping[str, Agent]] = {
    "claude-code": Agent(
        title="Claude Code",
        sends=("logs", "metrics", "traces"),
        rows_from="logs; lines, commits and sessions from metrics",
        encodings="protobuf, JSON",
        cost="its own estimate at list prices",
        retries="four to five times within 8 s on 429, 502 and 503; lost on a cut connection and any other status, in silence",
        parts=(
            Part(
                language="json",
                settings={"env": _CLAUDE_CODE},
                traces={"env": _CLAUDE_CODE_TRACES},
                files=everywhere("~/.claude/settings.json"),
            ),
        ),
        managed=(
            Part(
                language="json",
                settings={"env": _CLAUDE_CODE},
                traces={"env": _CLAUDE_CODE_TRACES},
                files={
                    "linux": "/etc/claude-code/managed-settings.json",
                    "macos": "/Library/Application Support/ClaudeCode/managed-settings.json",
                    "windows": "C:\\Program Files\\ClaudeCode\\managed-settings.json",
                },
            ),
        ),
        notes=(
            "Settings are read at start: begin a new session afterwards.",
            "Versions 2.1.113 to about 2.1.126 came without exporters and send nothing, in silence: update.",
        ),
        managed_notes=(
            (
                "The same JSON goes into the MDM domain com.anthropic.claudecode on macOS, and into the value Settings of"
                " HKLM\\SOFTWARE\\Policies\\ClaudeCode on Windows."
            ),
        ),
    ),
    "claude-cowork": Agent(
        title="Claude Cowork",
        sends=("logs",),
        rows_from="logs",
        encodings="protobuf, JSON",
        cost="its own estimate at list prices",
        parts=(
            Part(
                language="steps",
                place="Admin settings > Cowork, of a Team or Enterprise plan",
                settings={"OTLP endpoint": "{endpoint}", "OTLP protocol": "http/protobuf", "OTLP headers": "{headers}"},
            ),
        ),
        leaks="in older builds the text of prompts and the details of tools are always included",
        notes=(
            (
                "The exporter runs in Cowork's own virtual machine: localhost is not this machine there, and the endpoint's domain must be"
                " allowed where egress is restricted."
            ),
            "It holds for new sessions only.",
        ),
    ),
    "codex": Agent(
        title="OpenAI Codex CLI",
        sends=("logs", "metrics", "traces"),
        rows_from="logs",
        encodings="protobuf, JSON",
        cost="none, so priced here",
        retries="never; what is not yet exported is lost when it is killed",
        parts=(Part(language="toml", settings=_CODEX, files=everywhere("~/.codex/config.toml")),),
        managed=(
            Part(
                language="toml",
                settings=_CODEX,
                files={
                    "linux": "/etc/codex/managed_config.toml",
                    "macos": "/etc/codex/managed_config.toml",
                    "windows": "C:\\ProgramData\\OpenAI\\Codex\\config.toml",
                },
            ),
        ),
        leaks="every tool result carries its arguments and its output: commands, patches, what commands printed",
        notes=(
            "Codex never sends a refused or unanswered batch again, and loses what is not yet exported when it is killed.",
            "Without `metrics_exporter` its metrics go to OpenAI. Its spans are an internal profile of a megabyte a second: they stay off.",
        ),
        managed_notes=(
            "On macOS, MDM takes the same text as base64: the key config_toml_base64 of the domain com.openai.codex.",
            "On Windows they are defaults, which a user may change: managed_config.toml is not read there any more.",
        ),
    ),
    "copilot-cli": COPILOT_CLI,
    "vscode-copilot": VSCODE_COPILOT,
    "gemini-cli": Agent(
        title="Gemini CLI",
        sends=("logs", "metrics", "traces"),
        rows_from="logs",
        encodings="JSON",
        cost="none, so priced here",
        retries="five times within 9 s on 429, 502 and 503, and after a cut connection",
        parts=(Part(language="shell", settings=_gemini("GEMINI")),),
        managed=(
            Part(
                language="json",
                settings={
                    "telemetry": {
                        "enabled": True,
                        "target": "local",
                        "otlpProtocol": "http",
                        "otlpEndpoint": "{endpoint}",
                        "logPrompts": False,
                    }
                },
                files={
                    "linux": "/etc/gemini-cli/settings.json",
                    "macos": "/Library/Application Support/GeminiCli/settings.json",
                    "windows": "C:\\ProgramData\\gemini-cli\\settings.json",
                },
            ),
            Part(language="shell", settings={"OTEL_EXPORTER_OTLP_HEADERS": "{headers}"}),
        ),
        leaks="the prompt given with `-p` stands in the resource of all three signals, as process.command_args; system prompt and tool"
        " definitions come along",
        notes=(
            "It has no setting for a header: the variable is read by its exporter.",
            "Its figures are cumulative and never say its version.",
        ),
    ),
    "qwen-code": Agent(
        title="Qwen Code",
        sends=("logs", "metrics", "traces"),
        rows_from="logs",
        encodings="JSON",
        cost="none, so priced here; some models have no list price",
        retries="five times within 9 s on 429, 502 and 503, and after a cut connection",
        parts=(Part(language="shell", settings=_gemini("QWEN")),),
        leaks="tool calls carry their arguments: commands, and the contents of files written",
    ),
    "cursor": Agent(
        title="Cursor, its own export",
        sends=("logs", "metrics"),
        rows_from="logs; tool calls from metrics",
        encodings="protobuf",
        cost="a metric, as best it can; requests are priced here",
        retries="records come at least once, metrics at most once",
        public=True,
        parts=(
            Part(
                language="steps",
                place="Team Settings > OpenTelemetry Export, of an Enterprise plan",
                settings={"Base URL": "{endpoint}", "Header name": "x-api-key", "Header value": "{key}"},
            ),
        ),
        notes=("One key stands for the whole team: people are what Cursor claims.", "It has no prompts, no durations and no spans."),
    ),
    "cursor-hook": Agent(
        title="Cursor, by cursor-otel-hook",
        sends=("traces",),
        rows_from="traces",
        encodings="JSON, protobuf",
        cost="none, and no tokens either",
        parts=(
            Part(
                language="json",
                settings={
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "{endpoint}/v1/traces",
                    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
                    "OTEL_EXPORTER_OTLP_HEADERS": {"x-api-key": "{key}"},
                    "OTEL_EXPORTER_OTLP_INSECURE": "false",
                    "OTEL_SERVICE_NAME": "cursor-agent",
                    "CURSOR_OTEL_MASK_PROMPTS": "true",
                },
                files=everywhere("~/.cursor/hooks/otel_config.json"),
            ),
        ),
        leaks="each span carries the hook's whole event, with the contents of files read and tools' output; masking covers prompts only",
        notes=(
            "For plans without the export: install the hook of github.com/LangGuard-AI/cursor-otel-hook first.",
            "Hooks carry no tokens and no cost.",
        ),
    ),
    "opencode": Agent(
        title="OpenCode",
        sends=("traces", "logs"),
        rows_from="traces",
        encodings="JSON",
        cost="none, so priced here",
        retries="five times on 429, 502 and 503; after any 4xx its logs stop for the session; the last second of a run is never sent",
        parts=(
            Part(
                language="shell",
                settings={
                    "OTEL_EXPORTER_OTLP_ENDPOINT": "{endpoint}",
                    "OTEL_EXPORTER_OTLP_HEADERS": "{headers}",
                    "OTEL_BSP_SCHEDULE_DELAY": "0",
                },
            ),
            Part(
                language="json",
                settings={"experimental": {"openTelemetry": True}},
                files=everywhere("~/.config/opencode/opencode.json"),
            ),
        ),
        leaks="its spans carry everything: prompts, answers, the contents of files",
        notes=(
            (
                "The tokens stand in spans that the setting in opencode.json turns on. The last model call of a run is never sent;"
                " OTEL_BSP_SCHEDULE_DELAY=0 saves most of the others."
            ),
            "`opencode-plugin` sends the sizes of prompts instead of prompts, and cost: it may be what you want.",
        ),
    ),
    "opencode-plugin": Agent(
        title="OpenCode, by its plugin",
        sends=("logs", "metrics"),
        rows_from="logs; lines from metrics",
        encodings="protobuf, JSON",
        cost="OpenCode's own, where its list has the model",
        parts=(
            Part(
                language="shell",
                settings={
                    "OPENCODE_ENABLE_TELEMETRY": "1",
                    "OPENCODE_OTLP_ENDPOINT": "{endpoint}",
                    "OPENCODE_OTLP_PROTOCOL": "http/protobuf",
                    "OPENCODE_OTLP_HEADERS": "{headers}",
                    "OPENCODE_DISABLE_TRACES": "all",
                },
            ),
            Part(
                language="json",
                settings={"plugin": ["@devtheops/opencode-plugin-otel"]},
                files=everywhere("~/.config/opencode/opencode.json"),
            ),
        ),
        leaks="the text of a tool's error may quote what it worked on",
        notes=("Its spans carry prompts and tools' output, so they are off: its records and metrics say all that is counted.",),
    ),
    "kiro": Agent(
        title="Kiro",
        sends=("logs", "metrics"),
        rows_from="logs",
        encodings="protobuf",
        cost="none: it counts credits",
        retries="for some ten minutes",
        public=True,
        parts=(
            Part(
                language="steps",
                place="Kiro console, of an Enterprise plan: real-time events, and daily metrics where wanted",
                settings={"Endpoint": "{endpoint}", "Header": "{headers}"},
            ),
        ),
        notes=(
            (
                "Endpoint and header stand in a secret of AWS Secrets Manager, encrypted with a customer key, one for each export:"
                " kiro.dev/docs/enterprise/monitor-and-track has its form."
            ),
            "Tool calls may arrive 45 minutes late.",
        ),
    ),
    "sdk": Agent(
        title="Any OpenTelemetry SDK",
        sends=("logs", "metrics", "traces"),
        rows_from="traces by the GenAI conventions",
        encodings="protobuf, JSON",
        cost="none, so priced here",
        retries="as its SDK does: most try five times",
        parts=(Part(language="shell", settings=_SDK, traces={"OTEL_TRACES_EXPORTER": "otlp"}),),
        notes=("Usage is read from spans with gen_ai.operation.name; everything else is passed on and counted as not usage.",),
    ),
}
"""By the name that `upwell connect` takes, which is the one that rows carry in `agent` (the hook says cursor, the plugin opencode)."""
