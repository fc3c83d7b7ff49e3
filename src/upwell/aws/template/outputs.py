"""What a stack tells about itself; `upwell.aws.names` says what each is. No secret is among them."""

from __future__ import annotations

from typing import Any

from upwell.aws.names import API, API_ID, ENDPOINT, LOG_GROUP, SIGNALS, STAGE, TEAMS_PARAMETER
from upwell.aws.template.intrinsics import Value, ref, sub
from upwell.aws.template.plan import Plan


def outputs(plan: Plan) -> dict[str, Any]:
    endpoint = sub(f"https://${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{STAGE}")
    found = {
        ENDPOINT: _output("For OTEL_EXPORTER_OTLP_ENDPOINT; agents add /v1/metrics, /v1/traces, /v1/logs", endpoint),
        SIGNALS: _output("What the endpoint takes", ",".join(plan.signals)),
        LOG_GROUP: _output("Where the logs signal goes, one stream per key", plan.group),
        TEAMS_PARAMETER: _output("SSM parameters below this path say whose each key id is or was", sub("/upwell/${AWS::StackName}/keys")),
        API_ID: _output("The REST API", ref(API)),
    }
    for key in plan.keys:
        found[key.output] = {"Value": ref(key.logical_id)}
    return found


def _output(description: str, value: Value) -> dict[str, Any]:
    return {"Description": description, "Value": value}
