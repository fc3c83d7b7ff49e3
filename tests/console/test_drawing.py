"""Charts show what answers tell, and what lies between a day and its parts as one band."""

from __future__ import annotations

import json
from typing import Any

from upwell.console.answer import Answer
from upwell.console.drawing import Chart, Mark, Series, agent_color, agent_name, one_line, over_days, part, spark
from upwell.console.panel import Shape, pick, tabulate

DAYS = ["2026-11-01", "2026-11-02"]


def _answer(*rows: dict[str, Any]) -> Answer:
    names = dict.fromkeys(name for row in rows for name in row)
    units = {"prompts": "", "p50_ms": "ms", "p95_ms": "ms"}
    return Answer.of({"report": "overview", "columns": [{"name": name, "unit": units.get(name, "")} for name in names], "rows": list(rows)})


WHOLE = _answer({"day": DAYS[0], "prompts": 10}, {"day": DAYS[1], "prompts": 4})
BY_AGENT = _answer(
    *({"day": DAYS[0], "agent": "codex", "prompts": 3}, {"day": DAYS[0], "agent": "claude-code", "prompts": 5}),
    *({"day": DAYS[1], "agent": "codex", "prompts": None}, {"day": DAYS[1], "agent": "claude-code", "prompts": 4}),
)


def test_bands_add_up_to_the_day() -> None:
    """What no band has is the smaller groups'; a withheld cell is no zero of its agent's day."""
    bands = over_days(BY_AGENT, WHOLE, DAYS, "agent", "prompts")

    assert [(band.name, list(band.data)) for band in bands] == [("Claude Code", [5, 4]), ("Codex", [3, 0]), ("Smaller groups", [2, 0])]
    assert bands[0].color == "agent-claude-code"


def test_only_so_many_bands_are_named() -> None:
    """A seventh model is one of the smaller groups."""
    rows = [{"day": DAYS[0], "model": f"m{number}", "prompts": number} for number in range(1, 9)]
    bands = over_days(_answer(*rows), _answer({"day": DAYS[0], "prompts": 36}), DAYS, "model", "prompts")

    assert [band.name for band in bands] == ["m8", "m7", "m6", "m5", "m4", "m3", "Smaller groups"]
    assert bands[-1].data[0] == 3


def test_a_line_breaks_where_nothing_is_told() -> None:
    """A day without an answer is a gap."""
    assert one_line(_answer({"day": DAYS[1], "prompts": 4}), DAYS, "prompts", "Prompts").data == [None, 4]


def test_a_specification_is_json_for_the_script() -> None:
    """Names of telemetry travel as text."""
    chart = Chart("bars", ["a"], [Series('</div>"', "accent", [None, 2])], marks=[Mark("a", "m")])
    spec = json.loads(chart.spec)

    assert spec["series"][0] == {"name": '</div>"', "color": "accent", "data": [None, 2], "faint": False}
    assert spec["marks"] == [{"x": "a", "label": "m"}]
    assert not chart.empty
    assert Chart("bars", ["a"], [Series("x", "accent", [0, None])]).empty


def test_a_key_is_in_the_order_of_the_stack() -> None:
    """The topmost first; one series needs none."""
    two = [Series("low", "accent", [1]), Series("high", "accent", [1])]

    assert [one.name for one in Chart("area", ["a"], two).key] == ["high", "low"]
    assert [one.name for one in Chart("lines", ["a"], two).key] == ["low", "high"]
    assert Chart("area", ["a"], two[:1]).key == ()


def test_agents_have_one_name_and_one_colour() -> None:
    """Those that nobody knows share the grey one."""
    assert (agent_name("codex"), agent_color("codex")) == ("Codex", "agent-codex")
    assert (agent_name("mine"), agent_color("mine"), agent_name(None)) == ("mine", "series-other", "not known")


def test_small_pictures() -> None:
    """A sparkline leaves gaps out and needs two points; a bar's length is a part of the longest."""
    assert spark([1, None, 2]).count(",") == 2
    assert spark([1]) == spark([None, None]) == spark([0, 0]) == ""
    assert (part(5, 10), part(None, 10), part(5, 0)) == (50.0, 0.0, 0.0)


def test_a_table_leaves_out_what_is_withheld() -> None:
    """The report's note says how many rows that are."""
    answer = _answer({"tool": "a", "people": 9, "prompts": 1}, {"tool": "b", "people": None, "prompts": None})

    assert [[cell.text for cell in row] for row in tabulate(answer).rows] == [["a", "9", "1"]]
    assert pick(answer, lambda row: row["tool"] == "b").rows[0]["tool"] == "b"


def test_a_whisker_has_a_logarithmic_scale() -> None:
    """From the shortest to the longest of all rows."""
    answer = _answer(
        {"tool": "a", "p50_ms": 10, "p95_ms": 100},
        {"tool": "b", "p50_ms": 100, "p95_ms": 1000},
        {"tool": "c", "p50_ms": None, "p95_ms": None},
    )
    cells = [row[1] for row in tabulate(answer, [Shape("tool"), Shape("p50_ms", to="p95_ms")]).rows]

    assert [cell.span for cell in cells] == [(2.0, 50.0), (50.0, 98.0), None]
    assert [cell.text for cell in cells] == ["10 ms – 100 ms", "100 ms – 1.0 s", "–"]
