"""How the synthetic team works: hours, days off, models, versions, tools, and what goes wrong when. Figures are invented.

Moments of change are parts of the whole time, so that a story of ten days has them too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

HOURS: Final = (1, 0, 0, 0, 0, 1, 4, 12, 34, 62, 80, 74, 40, 46, 72, 76, 64, 44, 22, 12, 9, 8, 5, 2)
"""How much is done in each hour of a working day, UTC; a person's shift moves it."""

WEEKDAYS: Final = (0.95, 1.1, 1.12, 1.05, 0.8, 0.07, 0.05)
_CLOSED: Final = (0.35, 0.62)
_PUBLIC: Final = {(1, 1), (12, 25), (12, 26)}

OUTAGE: Final = 0.55
"""The day on which the model's provider fails every fifth request."""

BREAKS: Final = 0.73
"""When Claude Code's version comes that cannot fetch from the web any more."""

FALLS_SILENT: Final = 0.8
"""When Codex' version comes that sends no more than that it starts."""


def holidays(first: date, days: int) -> frozenset[date]:
    """Days on which nearly nobody works: two of the company's, on weekdays, and the public ones."""
    found = {day for day in (first + timedelta(number) for number in range(days)) if (day.month, day.day) in _PUBLIC}
    for part in _CLOSED:
        day = first + timedelta(int(days * part))
        found.add(day + timedelta((7 - day.weekday()) % 7 if day.weekday() > 4 else 0))
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Tool:
    """A kind of tool: how often it is used, its usual length, and how often it fails."""

    kind: str
    weight: int
    median_ms: int
    fails: float


TOOLS: Final = (
    Tool("shell", 30, 1800, 0.07),
    Tool("read", 30, 25, 0.01),
    Tool("edit", 15, 60, 0.035),
    Tool("search", 11, 110, 0.01),
    Tool("write", 4, 45, 0.01),
    Tool("fetch", 3, 1700, 0.05),
    Tool("mcp", 5, 850, 0.04),
    Tool("subagent", 1, 24_000, 0.02),
    Tool("skill", 1, 40, 0.0),
)
WEIGHTS: Final = tuple(tool.weight for tool in TOOLS)

FETCH_BROKEN: Final = 0.65

MCP: Final = (
    ("github", ("search_issues", "get_pull_request", "list_commits")),
    ("jira", ("get_issue", "search")),
    ("postgres", ("query",)),
    ("docs", ("lookup", "fetch_page")),
    ("figma", ("get_node",)),
)
_MCP_WEIGHTS: Final = (45, 20, 15, 12, 8)
SKILLS: Final = ("release-notes", "code-review", "incident-report", "api-design")
SUBAGENTS: Final = ("Explore", "general-purpose", "test-runner")

_MODELS: Final = {
    "claude-code": ((0.0, (("claude-sonnet-5", 75), ("claude-opus-4-8", 25))), (0.58, (("claude-opus-5-5", 70), ("claude-sonnet-5", 30)))),
    "codex": ((0.0, (("gpt-5.2-codex", 100),)), (0.66, (("gpt-5.5", 85), ("gpt-5.2-codex", 15)))),
    "copilot-cli": ((0.0, (("gpt-5.2", 60), ("claude-sonnet-4.5", 40))),),
    "gemini-cli": (
        (0.0, (("gemini-2.5-pro", 75), ("gemini-2.5-flash", 25))),
        (0.42, (("gemini-3-pro-preview", 75), ("gemini-2.5-flash", 25))),
    ),
    "opencode": ((0.0, (("kimi-k2", 70), ("qwen3-coder-plus", 30))),),
}
SMALL_MODEL: Final = {"claude-code": "claude-haiku-4-5", "gemini-cli": "gemini-2.5-flash"}
"""What subagents run on, where that differs. `qwen3-coder-plus` has no price anywhere: its cost stays unknown."""

_VERSIONS: Final = {
    "claude-code": ((0.0, "2.1.326"), (0.5, "2.1.330"), (BREAKS, "2.1.331")),
    "codex": ((0.0, "0.166.0"), (0.53, "0.169.0")),
    "copilot-cli": ((0.0, "1.0.99"), (0.45, "1.0.102")),
    "opencode": ((0.0, "1.18.21"), (0.6, "1.18.33")),
    "gemini-cli": ((0.0, "0.61.0"),),
}
SILENT_VERSION: Final = "0.171.0"


def model(agent: str, when: float, rng: Random) -> str:
    """The model that an agent's user picks, `when` being the part of the time that has passed."""
    choices = [listed for since, listed in _MODELS[agent] if since <= when][-1]
    return rng.choices([name for name, _ in choices], [weight for _, weight in choices])[0]


def version(agent: str, when: float) -> str:
    """The version that is current then; who lags asks for an earlier time."""
    return [number for since, number in _VERSIONS[agent] if since <= max(0.0, when)][-1]


def mcp_call(rng: Random) -> tuple[str, str]:
    """A server and one of its tools."""
    server, tools = rng.choices(MCP, _MCP_WEIGHTS)[0]
    return server, rng.choice(tools)
