"""The IAM policy of whoever runs `upwell deploy`, `status`, `doctor` and `destroy`: as narrow as names allow.

CloudFormation acts with the deployer's own permissions, so these are those of every resource in the template, and of the calls around it.
What API Gateway and X-Ray name is not known beforehand; there the Region is the border. The bucket of a large template is not in it.
"""

from __future__ import annotations

from typing import Any

from upwell.aws.names import teams_path
from upwell.config import Serverless

_ANY = "*"


def deployer_policy(serverless: Serverless) -> dict[str, Any]:
    """The policy document. Without a Region in the settings it holds for every Region of the `aws` partition."""
    region = serverless.region or _ANY
    partition = next((name for start, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")) if region.startswith(start)), "aws")
    scope = _Scope(f"arn:{partition}", region, serverless)
    parts = [*_stack(scope), *_api(scope), *_role(scope), *_logs(scope), *_keys(scope), *_far_end(scope)]
    if serverless.alarm_email:
        parts += _alarms(scope)
    if serverless.dashboard:
        names = scope.arn("cloudwatch", f"dashboard/{serverless.stack}-*", region="")
        parts.append(_allow("Dashboard", "cloudwatch:PutDashboard cloudwatch:GetDashboard cloudwatch:DeleteDashboards", names))
    if serverless.access_logs:
        parts += _access_logs()
    if serverless.transaction_search != "off":
        parts += _transaction_search(scope)
    return {"Version": "2012-10-17", "Statement": parts}


class _Scope:
    def __init__(self, start: str, region: str, serverless: Serverless) -> None:
        self._start, self._region = start, region
        self.settings = serverless

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str = _ANY) -> str:
        where = "" if service == "iam" else self._region if region is None else region
        return f"{self._start}:{service}:{where}:{account}:{resource}"

    def group(self, name: str) -> list[str]:
        return [self.arn("logs", f"log-group:{name}"), self.arn("logs", f"log-group:{name}:*")]


def _allow(sid: str, actions: str, resources: list[str] | str, **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions.split()), "Resource": resources, **more}


def _stack(scope: _Scope) -> list[dict[str, Any]]:
    stack = scope.arn("cloudformation", f"stack/{scope.settings.stack}/*")
    changes = (
        "cloudformation:CreateChangeSet cloudformation:DescribeChangeSet cloudformation:ExecuteChangeSet cloudformation:DeleteChangeSet "
        "cloudformation:DescribeStacks cloudformation:DescribeStackEvents cloudformation:DescribeStackResources "
        "cloudformation:ListStackResources cloudformation:GetTemplate cloudformation:CreateStack cloudformation:UpdateStack "
        "cloudformation:DeleteStack cloudformation:TagResource cloudformation:UntagResource"
    )
    reading = "cloudformation:ValidateTemplate cloudformation:GetTemplateSummary cloudformation:ListStacks sts:GetCallerIdentity"
    return [_allow("Stack", changes, stack), _allow("StackReading", reading, _ANY)]


def _api(scope: _Scope) -> list[dict[str, Any]]:
    paths = ["/restapis", "/restapis/*", "/apikeys", "/apikeys/*", "/usageplans", "/usageplans/*", "/tags/*", "/account"]
    verbs = "apigateway:GET apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE apigateway:UpdateRestApiPolicy"
    return [_allow("Api", verbs, [scope.arn("apigateway", path, account="") for path in paths])]


def _role(scope: _Scope) -> list[dict[str, Any]]:
    role = scope.arn("iam", f"role/{scope.settings.stack}-*")
    actions = (
        "iam:CreateRole iam:DeleteRole iam:GetRole iam:UpdateAssumeRolePolicy iam:PutRolePolicy iam:GetRolePolicy iam:DeleteRolePolicy "
        "iam:ListRolePolicies iam:ListAttachedRolePolicies iam:PutRolePermissionsBoundary iam:DeleteRolePermissionsBoundary iam:TagRole "
        "iam:UntagRole"
    )
    handed_on = {"StringEquals": {"iam:PassedToService": "apigateway.amazonaws.com"}}
    return [
        _allow("Role", actions, role),
        _allow("RoleForApiGateway", "iam:PassRole", role, Condition=handed_on),
        _allow("OwnRights", "iam:SimulatePrincipalPolicy", [scope.arn("iam", "role/*"), scope.arn("iam", "user/*")]),
    ]


def _logs(scope: _Scope) -> list[dict[str, Any]]:
    groups = [*scope.group(scope.settings.log_group), *scope.group(f"/upwell/{scope.settings.stack}/*")]
    actions = (
        "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy logs:DeleteRetentionPolicy logs:CreateLogStream "
        "logs:DeleteLogStream logs:DescribeLogStreams logs:FilterLogEvents logs:TagResource logs:UntagResource logs:ListTagsForResource"
    )
    if scope.settings.kms_key:
        actions += " logs:AssociateKmsKey logs:DisassociateKmsKey"
    return [_allow("Logs", actions, groups), _allow("LogGroups", "logs:DescribeLogGroups logs:DescribeResourcePolicies", _ANY)]


def _keys(scope: _Scope) -> list[dict[str, Any]]:
    path = teams_path(scope.settings.stack).removeprefix("/")
    actions = (
        "ssm:PutParameter ssm:DeleteParameter ssm:GetParameter ssm:GetParameters ssm:GetParametersByPath ssm:AddTagsToResource "
        "ssm:RemoveTagsFromResource ssm:ListTagsForResource"
    )
    resources = [scope.arn("ssm", f"parameter/{path}"), scope.arn("ssm", f"parameter/{path}/*")]
    return [_allow("KeysTeams", actions, resources), _allow("Parameters", "ssm:DescribeParameters", _ANY)]


def _far_end(scope: _Scope) -> list[dict[str, Any]]:
    """Finding the marked events again."""
    return [
        _allow("FarEnd", "cloudwatch:GetMetricData cloudwatch:ListMetrics", _ANY),
        _allow("FarEndSpans", "logs:FilterLogEvents", scope.group("aws/spans")),
    ]


def _alarms(scope: _Scope) -> list[dict[str, Any]]:
    topics = (
        "sns:CreateTopic sns:DeleteTopic sns:GetTopicAttributes sns:SetTopicAttributes sns:Subscribe sns:ListSubscriptionsByTopic "
        "sns:TagResource sns:UntagResource sns:ListTagsForResource sns:GetDataProtectionPolicy"
    )
    alarms = (
        "cloudwatch:PutMetricAlarm cloudwatch:DeleteAlarms cloudwatch:TagResource cloudwatch:UntagResource cloudwatch:ListTagsForResource"
    )
    return [
        _allow("AlarmTopic", topics, scope.arn("sns", f"{scope.settings.stack}-*")),
        _allow("AlarmSubscription", "sns:Unsubscribe", _ANY),
        _allow("Alarms", alarms, scope.arn("cloudwatch", f"alarm:{scope.settings.stack}-*")),
        _allow("AlarmReading", "cloudwatch:DescribeAlarms", _ANY),
    ]


def _access_logs() -> list[dict[str, Any]]:
    """What API Gateway asks of whoever points a stage at a log group."""
    kinds = ("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries", "PutResourcePolicy")
    actions = " ".join(f"logs:{kind}" for kind in kinds)
    return [_allow("AccessLogs", actions, _ANY)]


def _transaction_search(scope: _Scope) -> list[dict[str, Any]]:
    """Asking about it; and, only where it may be on, the account-wide switch."""
    reading = "xray:GetTraceSegmentDestination xray:GetIndexingRules"
    found = [_allow("TransactionSearchReading", reading, _ANY)]
    switch = (
        "xray:UpdateTraceSegmentDestination xray:UpdateIndexingRule logs:PutResourcePolicy logs:DeleteResourcePolicy "
        "application-signals:StartDiscovery iam:CreateServiceLinkedRole cloudtrail:CreateServiceLinkedChannel"
    )
    groups = [*scope.group("aws/spans"), *scope.group("/aws/application-signals/data")]
    made = "logs:CreateLogGroup logs:CreateLogStream logs:PutRetentionPolicy"
    return [*found, _allow("TransactionSearch", switch, _ANY), _allow("TransactionSearchLogs", made, groups)]
