"""The dashboard: every query is PromQL, and asks for metrics, labels and temporality that agents really send."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import promql_parser
import pytest

from tests.aws.template.test_build import EVERYTHING
from tests.end_to_end.recorded import recordings
from upwell.aws.template import build
from upwell.aws.template.dashboard import QUERIES
from upwell.config import Serverless
from upwell.otlp.model import Signal
from upwell.testing.apigateway.stack import Ids, make
from upwell.testing.reading import read

DELTA, CUMULATIVE = 1, 2
ALL = list(QUERIES.values())


@dataclass(slots=True)
class Metric:
    """What the recordings have of one metric. Label names are spelt as CloudWatch's PromQL spells them."""

    kinds: set[tuple[str, int]] = field(default_factory=set)
    values: dict[str, set[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def recorded() -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for recording in recordings():
        if recording.signal is Signal.METRICS:
            for item in read(recording.body(), recording.signal, recording.encoding).items():
                metric = item["metric"]
                known = found.setdefault(metric["name"], Metric())
                known.kinds.add(
                    (metric.get("type") or metric.get("kind"), metric.get("aggregationTemporality") or metric.get("temporality"))
                )
                resource = {f"@resource.{name}": value for name, value in item["resource"]["attributes"].items()}
                for name, value in {**item["attributes"], **resource}.items():
                    known.values.setdefault(name, set()).add(str(value))
    return found


def _inside(expression: Any) -> Iterator[Any]:
    """The expression and those in it, outermost first."""
    yield expression
    for inner in [*getattr(expression, "args", []), *([expression.expr] if hasattr(expression, "expr") else [])]:
        yield from _inside(inner)


@pytest.mark.parametrize("query", ALL, ids=QUERIES)
def test_a_query_asks_for_what_agents_send(recorded: dict[str, Metric], query: str) -> None:
    """Its metric was recorded, its labels were on it, its values are among those seen; deltas are summed, cumulative ones increase."""
    parts = list(_inside(promql_parser.parse(query)))
    functions = [part.func.name for part in parts if hasattr(part, "func")]
    selector = parts[-1].vector_selector
    matchers = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
    metric = recorded[matchers.pop("__name__")]
    ((kind, temporality),) = metric.kinds

    assert functions[-1] == {DELTA: "sum_over_time", CUMULATIVE: "increase"}[temporality]
    assert ("histogram_sum" in functions) is (kind == "histogram")
    for name, pattern in matchers.items():
        assert any(re.fullmatch(pattern, value) for value in metric.values[name]), name
    grouped = getattr(parts[0].modifier, "labels", []) or []
    assert set(grouped) <= set(metric.values)
    assert parts[-1].range.total_seconds() == 3600, "the step of the widget"


def test_no_token_is_counted_twice(recorded: dict[str, Metric]) -> None:
    """A query takes totals alone, or kinds that do not contain each other: cached tokens are input already, but for Claude Code."""
    assert recorded["claude_code.token.usage"].values["type"] == {"input", "output", "cacheRead", "cacheCreation"}
    assert "total" in recorded["codex.turn.token_usage"].values["token_type"]
    for name in ("gemini_cli.token.usage", "qwen-code.token.usage"):
        assert "cache" in recorded[name].values["type"]
        (query,) = [query for query in ALL if name in query]
        assert '"type"=~"input|output|thought"' in query


def test_it_is_one_page_that_cloudwatch_reads() -> None:
    """Each widget has a place of its own, its Region, and a kind and view from the documents."""
    stack = make(build(EVERYTHING), name="telemetry", region="eu-west-1", parameters={}, ids=Ids())
    dashboard = stack.resources["Dashboard"].properties
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]

    assert dashboard["DashboardName"] == "telemetry-eu-west-1"
    assert len({(widget["x"], widget["y"]) for widget in widgets}) == len(widgets) == 2 + len(QUERIES)
    assert {widget["type"] for widget in widgets} == {"metric", "chart"}
    assert {widget["properties"]["region"] for widget in widgets} == {"eu-west-1"}
    assert {widget["properties"]["view"] for widget in widgets} == {"timeSeries", "line"}
    assert ["AWS/Logs", "IncomingLogEvents", "LogGroupName", "/upwell/otlp", {"label": "events"}] in widgets[1]["properties"]["metrics"]


def test_there_is_none_unless_asked_for() -> None:
    """Three dashboards are free, more are not."""
    assert "Dashboard" not in build(Serverless())["Resources"]


def test_nobody_is_shown_by_name() -> None:
    """Nor by anything that stands for a person."""
    assert not any(word in query for query in ALL for word in ("user.", "email", "session.id"))
