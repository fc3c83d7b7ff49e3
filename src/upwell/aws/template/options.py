"""What is off unless asked for and is more than a property: access logs, Transaction Search."""

from __future__ import annotations

import json

from upwell.aws.names import ACCESS_LOG_GROUP_RESOURCE, SEARCH_CONFIG, SEARCH_POLICY
from upwell.aws.template.intrinsics import Resource, Resources, arn, get, sub, when
from upwell.aws.template.logs import log_group
from upwell.aws.template.plan import Plan
from upwell.aws.template.role import service_role


def options(plan: Plan) -> Resources:
    return {**_access_logs(plan), **_transaction_search(plan)}


def _access_logs(plan: Plan) -> Resources:
    if not plan.access_logs:
        return {}
    found: Resources = {ACCESS_LOG_GROUP_RESOURCE: log_group(plan, plan.access_group)}
    return {**found, **_account(plan)} if plan.account_role else found


def _account(plan: Plan) -> Resources:
    """The Region's one setting with which every API writes logs: made where there is none, and never taken away again."""
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    writer = service_role(plan, "WriteLogs", [{"Effect": "Allow", "Action": actions, "Resource": arn("logs", "log-group:*")}])
    stays = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    return {
        "LoggingRole": {"Type": writer["Type"], **stays, "Properties": writer["Properties"]},
        "LoggingAccount": {
            "Type": "AWS::ApiGateway::Account",
            **stays,
            "Properties": {"CloudWatchRoleArn": get("LoggingRole", "Arn")},
        },
    }


def _transaction_search(plan: Plan) -> Resources:
    """Account-wide and one of its kind, so it stays when the stack goes; the policy lets X-Ray write spans to its two log groups."""
    if plan.traces != "enable":
        return {}
    policy: Resource = {"Type": "AWS::Logs::ResourcePolicy", "DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    policy["Properties"] = {"PolicyName": "UpwellTransactionSearch", "PolicyDocument": sub(_SPANS)}
    search: Resource = {
        "Type": "AWS::XRay::TransactionSearchConfig",
        "DependsOn": [SEARCH_POLICY],
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"IndexingPercentage": 1},  # what is free
    }
    return {SEARCH_POLICY: when(plan.search_condition, policy), SEARCH_CONFIG: when(plan.search_condition, search)}


_LOGS = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group"
_SPANS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TransactionSearchXRayAccess",
                "Effect": "Allow",
                "Principal": {"Service": "xray.amazonaws.com"},
                "Action": "logs:PutLogEvents",
                "Resource": [f"{_LOGS}:aws/spans:*", f"{_LOGS}:/aws/application-signals/data:*"],
                "Condition": {
                    "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:xray:${AWS::Region}:${AWS::AccountId}:*"},
                    "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
                },
            }
        ],
    },
    indent=2,
)
