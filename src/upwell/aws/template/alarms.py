"""Three alarms by e-mail: upstream fails, clients are refused, nothing comes.

All are metric math that fills gaps with 0. Silence is watched on CloudWatch Logs' own count: an alarm on an absent
series of the telemetry itself would never fire.
"""

from __future__ import annotations

from typing import Any

from upwell.aws.names import ALARM_TOPIC, STAGE
from upwell.aws.template.intrinsics import Resource, Resources, Value, ref, tags, when
from upwell.aws.template.plan import Plan

_FIVE_MINUTES, _HOUR = 300, 3600
SILENT_HOURS = 72
"""A weekend is no silence; Friday evening to Monday morning is under 72 hours."""


def alarms(plan: Plan) -> Resources:
    if plan.alarm_email is None:
        return {}
    found: Resources = {
        ALARM_TOPIC: _topic(plan),
        "UpstreamAlarm": _alarm(
            "Upwell: CloudWatch fails or refuses the role of this stack. Agents retry for seconds only, so telemetry is being lost.",
            _sum("AWS/ApiGateway", "5XXError", _stage(), _FIVE_MINUTES),
            {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 5, "EvaluationPeriods": 3, "DatapointsToAlarm": 2},
        ),
        "RefusedAlarm": _alarm(
            "Upwell: clients are refused: over their key's rate (429), with a wrong or removed key (403), or with data that CloudWatch "
            "does not take (400). API Gateway counts them together; access logs tell them apart.",
            _sum("AWS/ApiGateway", "4XXError", _stage(), _FIVE_MINUTES),
            {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 20, "EvaluationPeriods": 3, "DatapointsToAlarm": 2},
        ),
        "SilenceAlarm": _alarm(
            f"Upwell: no log event of any agent for {SILENT_HOURS} hours.",
            _sum("AWS/Logs", "IncomingLogEvents", [{"Name": "LogGroupName", "Value": plan.group}], _HOUR),
            {"ComparisonOperator": "LessThanThreshold", "Threshold": 1, "EvaluationPeriods": SILENT_HOURS, "TreatMissingData": "breaching"},
        ),
    }
    return {name: when(plan.alarm_condition, _tagged(plan, resource)) for name, resource in found.items()}


def _topic(plan: Plan) -> Resource:
    return {"Type": "AWS::SNS::Topic", "Properties": {"Subscription": [{"Protocol": "email", "Endpoint": plan.alarm_email}]}}


def _alarm(why: str, metric: Resource, when_to: dict[str, Any]) -> Resource:
    filled = {"Id": "filled", "Expression": "FILL(seen, 0)", "Label": "filled with 0", "ReturnData": True}
    properties = {
        "AlarmDescription": why,
        "Metrics": [filled, metric],
        "TreatMissingData": "notBreaching",
        **when_to,
        "AlarmActions": [ref(ALARM_TOPIC)],
        "OKActions": [ref(ALARM_TOPIC)],
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _sum(namespace: str, name: str, dimensions: list[Value], seconds: int) -> Resource:
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
    return {"Id": "seen", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": seconds, "Stat": "Sum"}}


def _stage() -> list[Value]:
    return [{"Name": "ApiName", "Value": ref("AWS::StackName")}, {"Name": "Stage", "Value": STAGE}]


def _tagged(plan: Plan, resource: Resource) -> Resource:
    if not plan.tags:
        return resource
    return {**resource, "Properties": {**resource["Properties"], "Tags": tags(dict(plan.tags))}}
