"""A CloudWatch dashboard, where the settings ask for one: is it working, and how many tokens, dollars and sessions.

Metrics only, which cost nothing to look at; no log widgets, which are paid by the gigabyte at every refresh. Nobody is shown by name.
CloudWatch stores points as they are sent: deltas (Claude Code, Codex) are summed over time, cumulative ones (Gemini, Qwen, Copilot) are
increases, in which PromQL counts a session from its second export on. Token kinds that repeat others are left out, as totals are.
"""

from __future__ import annotations

import json
from typing import Any

from upwell.aws.names import STAGE
from upwell.aws.template.intrinsics import Resources, sub
from upwell.aws.template.plan import Plan

_HOUR = 3600
_WIDTH, _HEIGHT = 12, 6

_KINDS = '"type"=~"input|output|thought"'  # cached tokens are among the input

_COPILOT = 'sum by ("gen_ai.response.model")(increase({"gen_ai.client.inference.usage.%s_tokens"}[1h]))'

QUERIES = {
    "Claude Code: tokens by kind": 'sum by (type)(sum_over_time({"claude_code.token.usage"}[1h]))',
    "Claude Code: dollars by team, as claimed": 'sum by ("@resource.team.id")(sum_over_time({"claude_code.cost.usage"}[1h]))',
    "Claude Code: sessions begun": 'sum(sum_over_time({"claude_code.session.count"}[1h]))',
    "Codex: tokens by model": 'sum by (model)(histogram_sum(sum_over_time({"codex.turn.token_usage", "token_type"="total"}[1h])))',
    "Codex: turns": 'sum(sum_over_time({"codex.conversation.turn.count"}[1h]))',
    "Copilot: input tokens by model": _COPILOT % "input",
    "Copilot: output tokens by model": _COPILOT % "output",
    "Gemini CLI: tokens by model": f'sum by (model)(increase({{"gemini_cli.token.usage", {_KINDS}}}[1h]))',
    "Qwen Code: tokens by model": f'sum by (model)(increase({{"qwen-code.token.usage", {_KINDS}}}[1h]))',
}
"""PromQL by widget, each over the hour that is its step."""


def dashboard(plan: Plan) -> Resources:
    """Dashboards of an account share one list over all Regions, so its name has stack and Region."""
    if not plan.dashboard:
        return {}
    widgets = [_requests(), _events(), *(_chart(title, query) for title, query in QUERIES.items())]
    placed = [_placed(number, widget) for number, widget in enumerate(widgets)]
    body = {"Fn::Sub": [json.dumps({"widgets": placed}), {"Group": plan.group}]}
    properties = {"DashboardName": sub("${AWS::StackName}-${AWS::Region}"), "DashboardBody": body}
    return {"Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}


def _placed(number: int, widget: dict[str, Any]) -> dict[str, Any]:
    place = {"x": number % 2 * _WIDTH, "y": number // 2 * _HEIGHT, "width": _WIDTH, "height": _HEIGHT}
    return {"type": widget["type"], **place, "properties": widget["properties"]}


def _requests() -> dict[str, Any]:
    where = ["ApiName", "${AWS::StackName}", "Stage", STAGE]
    labels = {"Count": "requests", "4XXError": "refused: key, rate or data", "5XXError": "failed: CloudWatch or this stack"}
    return _metric("Requests", [["AWS/ApiGateway", name, *where, {"label": label}] for name, label in labels.items()])


def _events() -> dict[str, Any]:
    return _metric("Log events", [["AWS/Logs", "IncomingLogEvents", "LogGroupName", "${Group}", {"label": "events"}]])


def _metric(title: str, metrics: list[list[Any]]) -> dict[str, Any]:
    shown = {"title": title, "region": "${AWS::Region}", "view": "timeSeries", "stat": "Sum", "period": 300, "metrics": metrics}
    return {"type": "metric", "properties": shown}


def _chart(title: str, query: str) -> dict[str, Any]:
    asked = {"id": "q", "type": "cloudwatch-metrics", "language": "PromQL", "step": _HOUR, "query": query}
    legend = {"legend": {"position": "bottom", "show": True}}
    shown = {"view": "line", "title": title, "region": "${AWS::Region}", "data": {"queries": [asked]}, "plotOptions": legend}
    return {"type": "chart", "properties": shown}
