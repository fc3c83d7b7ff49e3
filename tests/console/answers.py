"""A worker made by hand: plausible answers in the documented shape, made from the question alone, with nothing behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import product
from typing import Any

from upwell.errors import NoSuchEntry, PersonWithheld
from upwell.store.reports import REPORTS, Report

AGENTS = {"claude-code": 50, "codex": 22, "copilot-cli": 14, "gemini-cli": 8, "cursor": 6}
TEAMS = {"platform": 30, "payments": 25, "web": 20, "data": 15, "mobile": 6, "design": 4}
MODELS = {"claude-sonnet-5": 60, "gpt-5.3-codex": 24, "gemini-3-pro": 10, "claude-haiku-5": 6}
TOOLS = {"Bash": 900, "Read": 700, "Edit": 420, "Grep": 300, "mcp__jira__search": 90, "WebFetch": 60}
GROUPS = {"agent": AGENTS, "team": TEAMS, "model": MODELS, "tool": TOOLS}

Rows = list[dict[str, Any]]


def _overview(weight: float, share: float) -> dict[str, Any]:
    prompts = round(weight * 40 * share)
    requests = prompts * 6
    return {
        "people": max(5, round(60 * min(1.0, share * 1.4))),
        "sessions": prompts // 4,
        "prompts": prompts,
        "api_requests": requests,
        "tool_calls": prompts * 9,
        "tool_failures": prompts // 3,
        "errors": prompts // 50,
        "input_tokens": requests * 900,
        "output_tokens": requests * 450,
        "cache_read_tokens": requests * 21_000,
        "cache_creation_tokens": requests * 2_000,
        "cost_usd": requests * 0.021,
        "cost_unknown_requests": requests // 40,
    }


_UNITS = {"cost_usd": "USD", "p50_ms": "ms", "p95_ms": "ms"}


def _unit(name: str) -> str:
    return _UNITS.get(name, "tokens" if name.endswith("_tokens") else "")


def answer(name: str, since: str, until: str, rows: Rows, notes: list[str] | None = None) -> dict[str, Any]:
    """Rows in the shape of every report."""
    columns = [{"name": column, "unit": _unit(column), "title": column.replace("_", " ")} for column in (rows[0] if rows else {})]
    return {"report": name, "since": since, "until": until, "columns": columns, "rows": rows, "notes": notes or []}


def _days(since: str, until: str) -> list[date]:
    first = date.fromisoformat(since)
    return [first + timedelta(days=number) for number in range((date.fromisoformat(until) - first).days)]


def _busy(day: date) -> float:
    return 0.15 if day.weekday() >= 5 else 1 + (day.toordinal() % 60) / 100


def overview(since: str, until: str, by: str | None, chosen: Mapping[str, str | None]) -> Rows:
    """Use that grows, with quiet weekends; a filter leaves its part of it."""
    share = 1.0
    for name, value in chosen.items():
        if value:
            share *= GROUPS[name].get(value, 0) / 100
    groups = by.split(",") if by else []
    days = _days(since, until)
    whole = sum(_busy(day) for day in days)
    rows = []
    for values in product(*([day.isoformat() for day in days] if group == "day" else list(GROUPS[group]) for group in groups)):
        weight, part = whole, share
        for group, value in zip(groups, values, strict=True):
            if group == "day":
                weight = _busy(date.fromisoformat(value))
            else:
                part *= GROUPS[group][value] / 100
        rows.append({**dict(zip(groups, values, strict=True)), **_overview(weight, part)})
    return rows


KEYS: dict[str, list[Any]] = {
    **{name: list(group) for name, group in GROUPS.items()},
    "size": [0, 10, 30, 100, 300, 1000],
    "weekday": [1, 2, 7],
    "hour": [9, 14],
    "cohort": ["2026-11-02", "2026-11-09"],
    "age": [0, 1],
    "week": ["2026-11-02", "2026-11-09"],
    "month": ["2026-10-01", "2026-11-01"],
    "tenure": ["new", "returning"],
}
VALUES: dict[str, Any] = {"share": 0.25, "text": "some words", "id": "12345", "time": "2026-11-20T09:30:00.000Z", "day": "2026-11-20"}


def any_rows(report: Report, since: str, until: str, by: str | None) -> Rows:
    """Rows of any report: each of its keys' values with the same figures, the first failing tool and the slow one aside."""
    groups = [*(by.split(",") if by else ()), *report.keys]
    values = [[day.isoformat() for day in _days(since, until)] if group == "day" else KEYS.get(group, ["one", "two"]) for group in groups]
    figures = {column.name: VALUES.get(column.unit, 40) for column in report.columns}
    people = {"people": 12} if report.privacy == "aggregate" else {}
    return [{**dict(zip(groups, place, strict=True)), **people, **figures} for place in product(*values)]


class Worker:
    """Performs operations. `performed` is what was asked for; `used` whether anything ever came in."""

    def __init__(self) -> None:
        self.performed: list[tuple[str, dict[str, Any]]] = []
        self.used = True
        self.senders: Rows = []
        self.quarantine: Rows = []
        self.lanes: Rows = []
        self.operations: dict[str, Callable[..., Any]] = {
            "report": self.report,
            "reports": list,
            "ledger": self.ledger,
            "senders": self.who_sends,
            "quarantine_list": lambda: self.quarantine,
            "quarantine_replay": lambda ids: {"batches": len(ids or self.quarantine)},
        }

    def __call__(self, name: str, arguments: Mapping[str, Any]) -> Any:
        self.performed.append((name, dict(arguments)))
        if name not in self.operations:
            raise NoSuchEntry(f"the worker knows no operation {name!r}")
        return self.operations[name](**arguments)

    def report(
        self,
        name: str,
        since: str,
        until: str,
        by: str | None,
        agent: str | None,
        team: str | None,
        model: str | None,
        more: Mapping[str, str],
        reason: str | None = None,
        asker: str | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """The `report` operation; single people are withheld without a reason or a key."""
        if name in REPORTS and REPORTS[name].privacy == "interaction" and not (reason or key):
            raise PersonWithheld(f"{name} tells of single people")
        if not self.used:
            return answer(name, since, until, [])
        if name == "overview":
            return answer(name, since, until, overview(since, until, by, {"agent": agent, "team": team, "model": model}))
        if name not in REPORTS:
            raise NoSuchEntry(f"there is no report {name!r}")
        return answer(name, since, until, any_rows(REPORTS[name], since, until, by))

    def ledger(self) -> dict[str, Any]:
        """The `ledger` operation: nine logs, in whatever lanes a test says."""
        signals = [{"signal": "logs", "accepted": 9, "dropped": {}, "journaled": 9, "missing": 0}]
        return {"holds": True, "problems": [], "signals": signals, "lanes": self.lanes, "usage": [], "losses": [], "kept": {}}

    def who_sends(self, names: bool) -> dict[str, Any]:
        """The `senders` operation."""
        keys = [{**row, "person": "Ada Lovelace"} if names else row for row in self.senders]
        return {"keys": keys, "strangers": {}}


def sender(key: str, *, seen: str | None = None, refusal: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A row of the `senders` operation."""
    who = {"id": key, "state": "live", "of": "person", "team": "web", "created": "2026-11-01T08:00:00Z", "expires": None}
    return {**who, "last_seen": seen, "agents": ["codex"] if seen else [], "refusal": refusal}
