"""What a page draws, as specifications that the browser reads from the page, and the small pictures that need no script.

A specification says what is shown; colours are names of CSS custom properties, so light and dark and the theme are one place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from upwell.console import numbers
from upwell.console.answer import Answer

AGENTS: Final[Mapping[str, str]] = {
    "claude-code": "Claude Code",
    "claude-cowork": "Claude Cowork",
    "codex": "Codex",
    "copilot-cli": "Copilot CLI",
    "vscode-copilot": "VS Code Copilot",
    "gemini-cli": "Gemini CLI",
    "qwen-code": "Qwen Code",
    "cursor": "Cursor",
    "opencode": "OpenCode",
    "kiro": "Kiro",
}
"""The agents that have a colour of their own, the same on every page, and how they are written."""

OTHER: Final = "other"
_SERIES: Final = 6  # lines or bands that can still be told apart


@dataclass(frozen=True, slots=True)
class Series:
    """One line, band or row of bars. `faint` is what another one is compared with."""

    name: str
    color: str
    data: Sequence[float | None]
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled line across a chart, at one of its places."""

    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A specification for `web/src/charts.js`. `axis` is day where `x` holds dates."""

    kind: Literal["area", "lines", "bars", "histogram"]
    x: Sequence[str]
    series: Sequence[Series]
    unit: str = "count"
    axis: Literal["day", "name"] = "day"
    marks: Sequence[Mark] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(value for one in self.series for value in one.data)

    @property
    def key(self) -> Sequence[Series]:
        """What the colours mean, in the order in which they are stacked, the topmost first; empty where the title says it."""
        if len(self.series) < 2:
            return ()
        return tuple(reversed(self.series)) if self.kind in ("area", "bars") else tuple(self.series)

    @property
    def spec(self) -> str:
        """As JSON."""
        series = [{"name": one.name, "color": one.color, "data": list(one.data), "faint": one.faint} for one in self.series]
        marks = [{"x": mark.x, "label": mark.label} for mark in self.marks]
        found: dict[str, Any] = {
            "kind": self.kind,
            "axis": self.axis,
            "unit": self.unit,
            "x": list(self.x),
            "series": series,
            "marks": marks,
        }
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def agent_name(agent: str | None) -> str:
    """How an agent is written."""
    return AGENTS.get(agent or "", agent or "not known")


def agent_color(agent: str | None) -> str:
    """The name of an agent's colour."""
    return f"agent-{agent}" if agent in AGENTS else "series-other"


def over_days(answer: Answer, whole: Answer, days: Sequence[str], group: str, value: str, *, least: float = 0.5) -> list[Series]:
    """A band per group of an answer by day and group, the largest ones, and the rest of each day as one. Agents keep their colours.

    The rest is what the whole has beyond the named bands: small groups, and those under the floor. The report engine lets days and
    groups be told together only where what is between them rests on enough people.
    """
    found: dict[str, dict[str, float]] = {}
    for row in answer.rows:
        if row.get(value) is not None and row.get(group) not in (None, "", OTHER):
            found.setdefault(str(row[group]), {})[str(row["day"])] = row[value]
    named = sorted(found, key=lambda name: (-sum(found[name].values()), name))[:_SERIES]
    bands = [
        Series(agent_name(name) if group == "agent" else name, _color(group, name, place), [found[name].get(day, 0) for day in days])
        for place, name in enumerate(named, start=1)
    ]
    totals = whole.series("day", value)
    rest = [max(0, (totals.get(day) or 0) - sum(band.data[place] or 0 for band in bands)) for place, day in enumerate(days)]
    return [*bands, Series("Smaller groups", "series-other", rest)] if any(one >= least for one in rest) else bands


def one_line(answer: Answer, days: Sequence[str], value: str, name: str, color: str = "accent") -> Series:
    """A column of an answer by day."""
    found = answer.series("day", value)
    return Series(name, color, [found.get(day) for day in days])


def _color(group: str, name: str, place: int) -> str:
    return agent_color(name) if group == "agent" else f"series-{place}"


def spark(values: Sequence[float | None], width: int = 120, height: int = 28) -> str:
    """The points of a sparkline, for an SVG polyline; "" where there is nothing to draw."""
    known = [value for value in values if value is not None]
    if len(known) < 2 or not any(known):
        return ""
    top, step = max(known) or 1, width / (len(values) - 1)
    points = [(number * step, height - 1 - (value / top) * (height - 3)) for number, value in enumerate(values) if value is not None]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def part(value: float | None, whole: float) -> float:
    """A bar's length in per cent of the longest one."""
    return round(100 * value / whole, 2) if value and whole else 0.0


def title(text: str, value: Any, unit: str = "") -> str:
    """A tooltip of a small picture."""
    return f"{text}: {numbers.written(value, unit)}"
