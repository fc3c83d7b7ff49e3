"""What the role of an integration may do: its trust, and its permissions policy as IAM would read it.

A trust with a condition on aws:SourceAccount or aws:SourceArn never holds, because API Gateway fills neither: the call is answered 500.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from upwell.testing.apigateway.stack import ACCOUNT, Resource, Stack, partition

_ACTIONS = {"monitoring": "cloudwatch:PutMetricData", "xray": "xray:PutTraceSegments", "logs": "logs:PutLogEvents"}


def find(stack: Stack, arn: str) -> Resource | None:
    """The role of this ARN, where the stack has it."""
    return next((role for role in stack.of("AWS::IAM::Role") if arn == _arn(stack, role)), None)


def _arn(stack: Stack, role: Resource) -> str:
    return f"arn:{partition(stack.region)[0]}:iam::{ACCOUNT}:role/{role.physical_id}"


def is_assumable(role: Resource) -> bool:
    """Whether API Gateway can assume it."""
    return any(_trusts(statement) for statement in role.properties["AssumeRolePolicyDocument"]["Statement"])


def refusal(stack: Stack, role: Resource, service: str, headers: Mapping[str, str]) -> str:
    """Why IAM refuses the call; "" where it does not."""
    action = _ACTIONS[service]
    resource = "*"
    if service == "logs":
        group, stream = headers.get("x-aws-log-group", ""), headers.get("x-aws-log-stream", "")
        resource = f"arn:{partition(stack.region)[0]}:logs:{stack.region}:{ACCOUNT}:log-group:{group}:log-stream:{stream}"
    statements = [one for policy in role.properties.get("Policies", []) for one in policy["PolicyDocument"]["Statement"]]
    effects = {one["Effect"] for one in statements if _covers(one, action, resource)}
    return "" if effects == {"Allow"} else f"User: {_arn(stack, role)} is not authorized to perform: {action} on resource: {resource}"


def _trusts(statement: Mapping[str, Any]) -> bool:
    services = statement.get("Principal", {}).get("Service", [])
    named = {key.lower() for test in statement.get("Condition", {}).values() for key in test}
    return (
        statement["Effect"] == "Allow"
        and "sts:AssumeRole" in _listed(statement["Action"])
        and "apigateway.amazonaws.com" in _listed(services)
        and not named & {"aws:sourceaccount", "aws:sourcearn"}
    )


def _covers(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    acts = any(fnmatchcase(action.lower(), one.lower()) for one in _listed(statement["Action"]))
    return acts and any(one == "*" or fnmatchcase(resource, one) for one in _listed(statement["Resource"]))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
