"""The deployer's policy covers the template, and no more than it has to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.aws.template.test_build import EVERYTHING
from upwell import aws
from upwell.aws.deployer import deployer_policy
from upwell.aws.template import build
from upwell.config import Serverless

CREATED_BY = {
    "AWS::ApiGateway": "apigateway:POST",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::Logs::LogStream": "logs:CreateLogStream",
    "AWS::Logs::ResourcePolicy": "logs:PutResourcePolicy",
    "AWS::SSM::Parameter": "ssm:PutParameter",
    "AWS::SNS::Topic": "sns:CreateTopic",
    "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm",
    "AWS::CloudWatch::Dashboard": "cloudwatch:PutDashboard",
    "AWS::XRay::TransactionSearchConfig": "xray:UpdateTraceSegmentDestination",
}


def _actions(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def test_every_resource_can_be_made() -> None:
    """Each kind that a template may have has the action that makes it."""
    actions = _actions(deployer_policy(EVERYTHING))
    for each in build(EVERYTHING, traces="enable", account_role=True)["Resources"].values():
        needed = CREATED_BY.get(each["Type"]) or CREATED_BY[each["Type"].rpartition("::")[0]]
        assert needed in actions, each["Type"]


def test_every_call_around_it_can_be_made() -> None:
    """What the code calls by name is in the policy; S3 alone is not, since the bucket is the caller's."""
    source = "".join(path.read_text("utf-8") for path in Path(aws.__file__).parent.glob("*.py"))
    calls = set(re.findall(r'\.(?:call|pages)\(\s*"([a-z0-9]+)",\s*"([a-z_]+)"', source)) - {("s3", "put_object")}
    named = {f"{service}:{operation.title().replace('_', '')}" for service, operation in calls if service != "apigateway"}

    assert named <= _actions(deployer_policy(EVERYTHING)) | {"sts:GetCallerIdentity"}
    assert len(named) > 5


def test_what_is_off_is_not_asked_for() -> None:
    """No alarms, no access logs, no Transaction Search: no permission for them."""
    services = {action.partition(":")[0] for action in _actions(deployer_policy(Serverless(transaction_search="off")))}

    assert not services & {"sns", "xray", "application-signals", "cloudtrail"}
    assert "logs:CreateLogDelivery" not in _actions(deployer_policy(Serverless()))


def test_what_has_a_name_is_limited_to_it() -> None:
    """Stack, roles, groups, parameters, topics and alarms; a role only into API Gateway's hands."""
    policy = deployer_policy(Serverless(region="eu-west-1", stack="telemetry"))
    open_to_all = {action for statement in policy["Statement"] if statement["Resource"] == "*" for action in statement["Action"]}

    assert {action for action in open_to_all if action.partition(":")[0] in ("iam", "ssm", "cloudformation", "apigateway")} == {
        "cloudformation:GetTemplateSummary",
        "cloudformation:ListStacks",
        "cloudformation:ValidateTemplate",
        "iam:CreateServiceLinkedRole",
        "ssm:DescribeParameters",
    }
    (passing,) = [statement for statement in policy["Statement"] if "iam:PassRole" in statement["Action"]]
    assert passing["Resource"] == "arn:aws:iam::*:role/telemetry-*"
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "apigateway.amazonaws.com"}}


@pytest.mark.parametrize(
    ("region", "start"), [("cn-north-1", "arn:aws-cn:"), ("us-gov-east-1", "arn:aws-us-gov:"), ("eu-west-1", "arn:aws:")]
)
def test_partitions(region: str, start: str) -> None:
    """Every ARN is in the Region's own."""
    text = json.dumps(deployer_policy(Serverless(region=region)))

    assert text.count("arn:") == text.count(start)


def test_it_fits_into_a_managed_policy() -> None:
    """6,144 characters without white space are IAM's quota."""
    assert len(json.dumps(deployer_policy(EVERYTHING.model_copy(update={"region": "ap-southeast-2"})), separators=(",", ":"))) <= 6144
