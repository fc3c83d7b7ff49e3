"""The role that API Gateway signs with: it can put telemetry, and nothing else.

Its trust has no condition: API Gateway fills neither aws:SourceAccount nor aws:SourceArn when it assumes an integration's role, and
with either every call would fail on a stack that looks healthy. What scopes it is the permissions policy.
"""

from __future__ import annotations

from upwell.aws.names import ROLE
from upwell.aws.template.intrinsics import Resource, Resources, Value, tags
from upwell.aws.template.plan import Plan


def role(plan: Plan) -> Resources:
    return {ROLE: service_role(plan, "PutTelemetry", _statements(plan))}


def service_role(plan: Plan, policy: str, statements: list[Resource]) -> Resource:
    """A role for API Gateway with one inline policy."""
    properties: Resource = {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        },
        "Policies": [{"PolicyName": policy, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
    }
    if plan.permissions_boundary:
        properties["PermissionsBoundary"] = plan.permissions_boundary
    if plan.tags:
        properties["Tags"] = tags(dict(plan.tags))
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _statements(plan: Plan) -> list[Resource]:
    statements = [_allow("cloudwatch:PutMetricData", "*")]  # OTLP has no namespace that a condition could name
    if "traces" in plan.signals:
        statements.append(_allow("xray:PutTraceSegments", "*"))  # X-Ray knows no resources for it
    streams = {
        "Fn::Sub": ["arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${Group}:log-stream:*", {"Group": plan.group}]
    }
    return [*statements, _allow("logs:PutLogEvents", streams)]


def _allow(action: str, resource: Value) -> Resource:
    return {"Effect": "Allow", "Action": action, "Resource": resource}
