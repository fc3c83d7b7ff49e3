"""API keys, the usage plans that limit them, and the record of whose they are.

One plan for each distinct limit, since CloudFormation may change one plan in 20 seconds; it is named by the first team that has the limit,
so that a new figure changes it in place. A key cannot be in two plans of one stage, and CloudFormation would put it into the new one first:
a team that gets a limit of its own, or loses it, needs a new key with it. A key's value is made by API Gateway and stands in no template.
Its record, an SSM parameter, stays when the key goes: the events in its stream still need a team.
"""

from __future__ import annotations

from upwell.aws.names import API, STAGE_RESOURCE, TeamKey, joined
from upwell.aws.template.intrinsics import Resource, Resources, ref, sub, tags
from upwell.aws.template.logs import KEPT
from upwell.aws.template.plan import Limit, Plan


def keys(plan: Plan) -> Resources:
    found: Resources = {name: _usage_plan(plan, limit) for name, limit in _plans(plan).items()}
    for key in plan.keys:
        found |= {key.logical_id: _key(plan, key), key.member: _member(plan, key), key.record: _record(plan, key)}
    return found


def _plans(plan: Plan) -> dict[str, Limit]:
    return {_plan_id(plan, limit): limit for limit in (plan.limit_of(key.team) for key in plan.keys)}


def _plan_id(plan: Plan, limit: Limit) -> str:
    first = next(key.team for key in plan.keys if plan.limit_of(key.team) == limit)
    return "UsagePlan" if limit == plan.limit else f"{joined(first)}UsagePlan"


def _usage_plan(plan: Plan, limit: Limit) -> Resource:
    properties: Resource = {
        "Description": "How fast each key may send",
        "ApiStages": [{"ApiId": ref(API), "Stage": ref(STAGE_RESOURCE)}],
        "Throttle": {"RateLimit": limit.rate, "BurstLimit": limit.burst},
    }
    if plan.tags:
        properties["Tags"] = tags(dict(plan.tags))
    return {"Type": "AWS::ApiGateway::UsagePlan", "Properties": properties}


def _key(plan: Plan, key: TeamKey) -> Resource:
    return {
        "Type": "AWS::ApiGateway::ApiKey",
        "Properties": {
            "Name": sub(f"${{AWS::StackName}}-{key.team}-{key.number}"),
            "Enabled": True,
            "Tags": tags({**plan.tags, "upwell:team": key.team}),
        },
    }


def _member(plan: Plan, key: TeamKey) -> Resource:
    return {
        "Type": "AWS::ApiGateway::UsagePlanKey",
        "Properties": {"KeyId": ref(key.logical_id), "KeyType": "API_KEY", "UsagePlanId": ref(_plan_id(plan, plan.limit_of(key.team)))},
    }


def _record(plan: Plan, key: TeamKey) -> Resource:
    properties: Resource = {
        "Name": sub(f"/upwell/${{AWS::StackName}}/keys/${{{key.logical_id}}}"),
        "Type": "String",
        "Value": key.team,
    }
    if plan.tags:
        properties["Tags"] = dict(sorted(plan.tags.items()))  # this resource alone takes them as a map
    return {"Type": "AWS::SSM::Parameter", **KEPT, "Properties": properties}
