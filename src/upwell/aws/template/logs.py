"""The log group, and a stream for each key, because CloudWatch takes logs only for streams that exist.

Deleting a stream deletes its events: so group and streams outlive their keys and the stack.
The group's name is a literal, so that a change set can import the retained one when the stack is made again.
"""

from __future__ import annotations

from upwell.aws.names import LOG_GROUP_RESOURCE
from upwell.aws.template.intrinsics import Resource, Resources, ref, tags, when
from upwell.aws.template.plan import Plan

KEPT = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def logs(plan: Plan) -> Resources:
    group = {} if plan.group_name is None else {LOG_GROUP_RESOURCE: when(plan.group_condition, log_group(plan, plan.group_name))}
    return {**group, **{key.stream: _stream(plan, key.logical_id) for key in plan.keys}}


def log_group(plan: Plan, name: object) -> Resource:
    """A group that stays. Its class is STANDARD: the cheaper one can be neither filtered nor read event by event."""
    properties: Resource = {"LogGroupName": name, "LogGroupClass": "STANDARD", "RetentionInDays": plan.retention_days}
    if plan.kms_key:
        properties["KmsKeyId"] = plan.kms_key
    if plan.tags:
        properties["Tags"] = tags(dict(plan.tags))
    return {"Type": "AWS::Logs::LogGroup", **KEPT, "Properties": properties}


def _stream(plan: Plan, key: str) -> Resource:
    return {"Type": "AWS::Logs::LogStream", **KEPT, "Properties": {"LogGroupName": plan.group, "LogStreamName": ref(key)}}
