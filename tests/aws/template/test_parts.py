"""Log group, role, keys and options: each with the one property that costs data or access when it is wrong."""

from __future__ import annotations

import pytest

from tests.aws.template.test_build import EVERYTHING, resources
from upwell.aws.template import build
from upwell.aws.template.methods import PATTERNS, RETRYABLE
from upwell.config import Serverless, TeamLimit
from upwell.testing.apigateway import FakeApiGateway
from upwell.testing.cloudwatch import FakeCloudWatch


def test_what_holds_data_is_never_deleted() -> None:
    """Deleting a stream deletes its events; a group and the record of a key's team stay too."""
    template = build(EVERYTHING)
    kept = [each for kind in ("LogGroup", "LogStream") for each in resources(template, f"AWS::Logs::{kind}").values()]
    kept += resources(template, "AWS::SSM::Parameter").values()

    assert len(kept) == 2 + 3 + 3
    assert {(each["DeletionPolicy"], each["UpdateReplacePolicy"]) for each in kept} == {("RetainExceptOnCreate", "Retain")}


def test_the_log_group_can_be_imported_again() -> None:
    """ImportExistingResources wants a literal name."""
    (group,) = resources(build(EVERYTHING, traces="off"), "AWS::Logs::LogGroup").keys() - {"AccessLogGroup"}
    properties = build(EVERYTHING)["Resources"][group]["Properties"]

    assert properties["LogGroupName"] == "/upwell/otlp"
    assert properties["LogGroupClass"] == "STANDARD"
    assert properties["KmsKeyId"] == EVERYTHING.kms_key


def test_a_group_that_is_there_is_used() -> None:
    """It is in no resource, and its name reaches streams, role and stage."""
    template = build(Serverless(log_group="/shared/otlp"), existing_log_group=True)

    assert resources(template, "AWS::Logs::LogGroup") == {}
    assert template["Resources"]["Stage"]["Properties"]["Variables"] == {"logGroup": "/shared/otlp"}
    assert template["Resources"]["PlatformKey1Stream"]["Properties"]["LogGroupName"] == "/shared/otlp"


def test_the_role_can_put_telemetry_and_nothing_else() -> None:
    """Three actions, the logs' one within the group; no condition in the trust, a boundary where one is given."""
    role = build(EVERYTHING)["Resources"]["Role"]["Properties"]
    (policy,) = role["Policies"]
    actions = {statement["Action"]: statement["Resource"] for statement in policy["PolicyDocument"]["Statement"]}

    assert set(actions) == {"cloudwatch:PutMetricData", "xray:PutTraceSegments", "logs:PutLogEvents"}
    assert actions["logs:PutLogEvents"]["Fn::Sub"][0].endswith(":log-group:${Group}:log-stream:*")
    assert all("Condition" not in statement for statement in role["AssumeRolePolicyDocument"]["Statement"])
    assert role["PermissionsBoundary"] == EVERYTHING.permissions_boundary


def test_a_plan_for_each_distinct_limit() -> None:
    """CloudFormation changes one plan in 20 seconds, so teams share; a new figure changes the plan in place."""
    settings = Serverless(
        teams=["a", "b", "c", "d"], limits={"b": TeamLimit(rate=1), "c": TeamLimit(rate=1, burst=100), "d": TeamLimit(rate=50)}
    )
    template = build(settings)

    assert set(resources(template, "AWS::ApiGateway::UsagePlan")) == {"UsagePlan", "BUsagePlan"}
    plans = {name: each["Properties"]["UsagePlanId"]["Ref"] for name, each in resources(template, "AWS::ApiGateway::UsagePlanKey").items()}
    assert plans == {"AKey1Member": "UsagePlan", "BKey1Member": "BUsagePlan", "CKey1Member": "BUsagePlan", "DKey1Member": "UsagePlan"}
    faster = build(settings.model_copy(update={"limits": {"b": TeamLimit(rate=2), "c": TeamLimit(rate=2)}}))
    assert set(resources(faster, "AWS::ApiGateway::UsagePlan")) == {"UsagePlan", "BUsagePlan"}


def test_rotation_overlaps_and_removal_keeps_stream_and_team() -> None:
    """Two keys at once, then the new one alone; what the old one wrote stays in its stream, and whose it was stays known."""
    with FakeCloudWatch() as cloudwatch, FakeApiGateway(build(Serverless()), cloudwatch.url) as gateway:
        old = gateway.keys["PlatformKey1"]
        gateway.update(build(Serverless(keys={"platform": [1, 2]})))
        during = {name: key.id for name, key in gateway.keys.items()}
        records = gateway.parameters()
        gateway.update(build(Serverless(keys={"platform": [2]})))

        assert during["PlatformKey1"] == old.id
        assert records == {f"/upwell/upwell/keys/{key_id}": "platform" for key_id in during.values()}
        assert set(gateway.keys) == {"PlatformKey2"}
        assert cloudwatch.log_groups() == {"/upwell/otlp": sorted(during.values())}
        assert gateway.parameters() == records, "a retained parameter is still there"


def test_access_logs_say_who_and_what_but_not_the_key() -> None:
    """One line of JSON, and the log group for it; the account's role only where it is asked for."""
    template = build(Serverless(access_logs=True))
    setting = template["Resources"]["Stage"]["Properties"]["AccessLogSetting"]

    assert "$context.identity.apiKeyId" in setting["Format"]
    assert '$context.identity.apiKey"' not in setting["Format"]
    assert "\n" not in setting["Format"]
    assert len(setting["Format"]) < 3000
    assert resources(template, "AWS::ApiGateway::Account") == {}
    (account,) = resources(build(Serverless(access_logs=True), account_role=True), "AWS::ApiGateway::Account").values()
    assert account["DeletionPolicy"] == "RetainExceptOnCreate"
    assert resources(build(Serverless(), account_role=True), "AWS::ApiGateway::Account") == {}


def test_alarms_are_metric_math_over_filled_gaps() -> None:
    """A series that is not there must count as 0, or silence would never be heard of."""
    alarms = resources(build(EVERYTHING), "AWS::CloudWatch::Alarm")

    assert set(alarms) == {"UpstreamAlarm", "RefusedAlarm", "SilenceAlarm"}
    for each in alarms.values():
        metrics = each["Properties"]["Metrics"]
        assert [metric["Expression"] for metric in metrics if metric["ReturnData"]] == ["FILL(seen, 0)"]
    silence = alarms["SilenceAlarm"]["Properties"]
    assert (silence["ComparisonOperator"], silence["Threshold"], silence["TreatMissingData"]) == ("LessThanThreshold", 1, "breaching")
    assert silence["EvaluationPeriods"] * 3600 <= 7 * 86400, "CloudWatch evaluates a week at most"


def test_what_may_be_retried_is_what_otlp_says() -> None:
    """429, 502, 503 and 504: a 500 would be dropped by the client."""
    assert RETRYABLE == (429, 502, 503, 504)
    assert set(RETRYABLE) <= set(PATTERNS)


@pytest.mark.parametrize("settings", [Serverless(), EVERYTHING], ids=["plain", "everything"])
def test_nothing_hangs_on_what_aws_leaves_open(settings: Serverless) -> None:
    """No status depends on anchoring or order of patterns; every variable is known, every header declared."""
    assert FakeApiGateway(build(settings, traces="enable", account_role=True), "http://127.0.0.1:1").doubts() == []
