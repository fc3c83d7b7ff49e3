"""What real agents sent, over and over: recorded batches with new times, ids and sessions, so that each copy tells of other use.

The recordings are those of the tests; a copy has the sizes and the mix of the original, and no item of it is a duplicate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.backlog import Body
from upwell.otlp import Batch, Encoding, Signal, count, decode, encode

_AGENTS = Path(__file__).parent.parent / "tests" / "fixtures" / "agents"
_TIMES = frozenset({"timeUnixNano", "startTimeUnixNano", "endTimeUnixNano", "observedTimeUnixNano"})
_IDS = frozenset({"traceId", "spanId", "parentSpanId"})
_SESSION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_STEP_NS = 1_000_003


def recorded(*agents: str) -> list[tuple[Batch, Signal]]:
    """The recorded batches of some agents, or of all."""
    found = []
    for path in sorted(_AGENTS.glob("*/basic-json/*.json")):
        if path.name.count(".") == 2 and (not agents or path.parent.parent.name in agents):
            signal = Signal(path.name.split(".")[1])
            found.append((decode(path.read_bytes(), signal, Encoding.JSON).batch, signal))
    return found


def bodies(batches: list[tuple[Batch, Signal]], items: int, *, start: int = 0) -> Iterator[Body]:
    """Copies of these batches, one after another, until they hold so many items."""
    made, number = 0, start
    while made < items:
        number += 1
        for content, signal in batches:
            yield Body(signal, Encoding.JSON, encode(_copy(content, number), signal, Encoding.JSON))
            made += count(content, signal)


def _copy(value: Any, number: int, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _copy(inner, number, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_copy(inner, number, key) for inner in value]
    if key in _TIMES and value not in (0, "0"):
        return str(int(value) + number * _STEP_NS)
    if not isinstance(value, str):
        return value
    if key in _IDS:
        return f"{number:08x}{value[8:]}" if value else value
    return _SESSION.sub(lambda found: f"{number:08x}{found[0][8:]}", value) if len(value) == 36 else value
