"""What the tests of usage share: recorded batches, and counting over what was read of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from upwell.otlp import Batch, Encoding, Signal, decode
from upwell.usage import CumulativePoint, Kind, Prices, Reading, UsageEvent, read

AGENTS = Path(__file__).parent.parent / "fixtures" / "agents"
RUNS = sorted(path.parent for path in AGENTS.glob("*/*/expected.json"))
NAMES = {
    "claude": "claude-code",
    "codex": "codex",
    "copilot": "copilot-cli",
    "gemini": "gemini-cli",
    "opencode": "opencode",
    "qwen": "qwen-code",
}
RECEIVED_NS = 1_795_300_000 * 10**9
KEY = "k-test"
PRICES = Prices()

Bodies = list[tuple[Batch, Signal]]


def run_name(run: Path) -> str:
    """`claude/basic-json`."""
    return f"{run.parent.name}/{run.name}"


def bodies(run: Path) -> Bodies:
    """The batches of one run, in the order of arrival; nobody may change them."""
    return list(_bodies(run))


@cache
def _bodies(run: Path) -> Bodies:
    found: Bodies = []
    for path in sorted((*run.glob("*.json"), *run.glob("*.pb"))):
        if path.name.count(".") == 2:
            signal, encoding = Signal(path.name.split(".")[1]), Encoding.JSON if path.suffix == ".json" else Encoding.PROTOBUF
            found.append((decode(path.read_bytes(), signal, encoding).batch, signal))
    return found


def expected(run: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((run / "expected.json").read_text())
    return loaded


def read_all(run: Iterable[tuple[Batch, Signal]], key_id: str = KEY) -> list[Reading]:
    return [read(batch, signal, key_id=key_id, received_ns=RECEIVED_NS, prices=PRICES) for batch, signal in run]


def rows(readings: Iterable[Reading]) -> list[UsageEvent]:
    """What a store would report: each event once, differences of points as events, stand-ins only where nothing else counts."""
    readings = list(readings)
    events = {event.id: event for reading in readings for event in reading.events}
    found = [*events.values(), *differences(point for reading in readings for point in reading.points)]
    better = {_place(event) for event in found if not event.stand_in}
    return [event for event in found if not event.stand_in or _place(event) not in better]


def _place(event: UsageEvent) -> tuple[str, str, Kind]:
    return event.key_id, event.agent, event.kind


def differences(points: Iterable[CumulativePoint]) -> list[UsageEvent]:
    """What cumulative points add, in the order of their own times; a first point counts whole, a smaller value is a reset."""
    series: dict[tuple[bytes, int], dict[int, CumulativePoint]] = {}
    for point in points:
        series.setdefault((point.series, point.start_ns), {})[point.time_ns] = point
    found = []
    for line in series.values():
        before = 0.0
        for _, point in sorted(line.items()):
            added = point.value - before if point.value >= before else point.value
            before = point.value
            if added:
                changed: dict[str, Any] = {point.field: added}
                found.append(point.event._replace(**changed))
    return found


def summary(events: Sequence[UsageEvent]) -> dict[str, Any]:
    """The figures of an expected.json."""
    requests = [event for event in events if event.kind is Kind.API_REQUEST]
    calls = [event for event in events if event.kind is Kind.TOOL_CALL]
    worked = [event for event in events if event.kind in {Kind.PROMPT, Kind.API_REQUEST} and event.session and not event.subagent]
    costs = [event.cost_usd for event in requests if event.cost_source == "reported" and event.cost_usd is not None]
    return {
        "prompts": _count(events, Kind.PROMPT),
        "api_requests": _count(events, Kind.API_REQUEST),
        "api_errors": _count(events, Kind.ERROR),
        "tool_calls": _by_tool(calls),
        "tool_failures": _by_tool([call for call in calls if call.success is False]),
        "tool_rejections": _by_tool([call for call in calls if call.decision == "reject"]),
        "input_tokens": sum(event.input_tokens or 0 for event in requests),
        "output_tokens": sum(event.output_tokens or 0 for event in requests),
        "cache_read_tokens": sum(event.cache_read_tokens or 0 for event in requests),
        "cache_creation_tokens": sum(event.cache_creation_tokens or 0 for event in requests),
        "sessions": len({event.session for event in worked}),
        "cost_usd": round(sum(costs), 9) if costs else None,
        "models": sorted({event.model for event in events if event.model and event.kind in {Kind.API_REQUEST, Kind.ERROR}}),
    }


def _count(events: Iterable[UsageEvent], kind: Kind) -> int:
    return sum(event.count for event in events if event.kind is kind)


def _by_tool(calls: Iterable[UsageEvent]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for call in calls:
        found[call.tool or ""] += call.count
    return dict(found)
