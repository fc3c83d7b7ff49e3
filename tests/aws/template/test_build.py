"""The template as a whole: what is always in it, and what only where it was asked for."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from upwell.aws.names import is_deployment
from upwell.aws.template import MAX_RESOURCES, Traces, body, build, build_one_click
from upwell.config import Serverless
from upwell.errors import ConfigError

EVERYTHING = Serverless(
    teams=["platform", "data-eu.1"],
    keys={"platform": [1, 2]},
    kms_key="arn:aws:kms:us-west-2:123456789012:key/one",
    alarm_email="ops@example.com",
    allow_cidrs=["10.0.0.0/8"],
    access_logs=True,
    dashboard=True,
    tags={"owner": "platform", "cost": "7"},
    permissions_boundary="arn:aws:iam::123456789012:policy/edge",
)


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def deployment(template: dict[str, Any]) -> str:
    (name,) = resources(template, "AWS::ApiGateway::Deployment")
    return name


def test_it_is_always_the_same() -> None:
    """Two runs differ in no byte."""
    assert body(build(EVERYTHING, traces="enable")) == body(build(EVERYTHING, traces="enable"))


def test_options_are_off_unless_said() -> None:
    """A plain stack has API, role, log group, keys, and nothing that costs or opens more."""
    kinds = {each["Type"] for each in build(Serverless())["Resources"].values()}

    assert kinds == {
        *(
            f"AWS::ApiGateway::{kind}"
            for kind in ["RestApi", "Resource", "Method", "GatewayResponse", "Deployment", "Stage", "UsagePlan", "UsagePlanKey", "ApiKey"]
        ),
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
        "AWS::Logs::LogStream",
        "AWS::SSM::Parameter",
    }


def test_everything_that_takes_tags_has_them() -> None:
    """Also what options add; keys carry their team besides."""
    template = build(EVERYTHING, account_role=True)
    taggable = [f"AWS::{kind}" for kind in ("IAM::Role", "Logs::LogGroup", "ApiGateway::Stage", "SNS::Topic", "CloudWatch::Alarm")]
    taggable += ["AWS::ApiGateway::UsagePlan", "AWS::ApiGateway::ApiKey", "AWS::ApiGateway::RestApi"]

    for kind in taggable:
        for name, each in resources(template, kind).items():
            assert {"Key": "owner", "Value": "platform"} in each["Properties"]["Tags"], name
    for each in resources(template, "AWS::SSM::Parameter").values():
        assert each["Properties"]["Tags"] == {"cost": "7", "owner": "platform"}


def test_no_partition_account_or_region_is_written_out() -> None:
    """One template serves aws, aws-cn and aws-us-gov."""
    for template in (build(Serverless(access_logs=True), traces="enable", account_role=True), build_one_click()):
        text = body(template)
        assert "arn:aws" not in text
        assert "amazonaws.com/" not in text
        assert not re.search(r"\d{12}", text)


def test_the_deployment_is_named_by_what_it_shows() -> None:
    """A new network changes it; a new key, limit, retention or group does not."""
    plain = deployment(build(Serverless()))

    assert is_deployment(plain)
    assert deployment(build(Serverless(allow_cidrs=["10.0.0.0/8"]))) != plain
    assert deployment(build(Serverless(), traces="off")) != plain
    same = Serverless(teams=["a", "b"], rate=1, retention_days=7, log_group="/other", alarm_email="a@b", access_logs=True)
    assert deployment(build(same)) == plain


def test_it_waits_for_all_that_it_shows() -> None:
    """A deployment made before its methods would be empty."""
    template = build(Serverless())
    shown = {*resources(template, "AWS::ApiGateway::Method"), *resources(template, "AWS::ApiGateway::GatewayResponse")}

    assert set(template["Resources"][deployment(template)]["DependsOn"]) == shown


@pytest.mark.parametrize(
    ("traces", "signals"), [("off", "metrics,logs"), ("use", "metrics,traces,logs"), ("enable", "metrics,traces,logs")]
)
def test_traces_are_there_or_not(traces: Traces, signals: str) -> None:
    """Declined: no /v1/traces, no permission for it, and the output says so."""
    template = build(Serverless(), traces=traces)

    assert template["Outputs"]["Signals"]["Value"] == signals
    assert ("TracesMethod" in template["Resources"]) is (traces != "off")
    assert ("xray:PutTraceSegments" in body(template)) is (traces != "off")
    assert ("TransactionSearch" in template["Resources"]) is (traces == "enable")


def test_forty_teams_fit_into_one_request() -> None:
    """CloudFormation takes 51,200 bytes with the request; more goes by way of a bucket."""
    template = build(Serverless(teams=[f"team-{number}" for number in range(40)]))

    assert len(body(template).encode()) <= 51_200


def test_more_than_a_stack_holds_is_said() -> None:
    """500 resources are CloudFormation's quota."""
    build(Serverless(teams=[f"t{number}" for number in range(115)]))
    with pytest.raises(ConfigError, match=f"a CloudFormation stack holds {MAX_RESOURCES}"):
        build(Serverless(teams=[f"t{number}" for number in range(130)]))


def test_no_secret_is_an_output() -> None:
    """Outputs are read by whoever may describe stacks: key ids, not values."""
    template = build(Serverless())

    assert template["Outputs"]["PlatformKey1Id"]["Value"] == {"Ref": "PlatformKey1"}
    assert "Value" not in template["Resources"]["PlatformKey1"]["Properties"]
    assert json.loads(body(template)) == template
