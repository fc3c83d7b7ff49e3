"""A change set in plain words."""

from __future__ import annotations

import pytest

from upwell.aws.changes import Change
from upwell.aws.words import lines


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (Change("Add", "Role", "AWS::IAM::Role"), "+ the role that it signs with (IAM Role)"),
        (Change("Modify", "Api", "AWS::ApiGateway::RestApi"), "~ the REST API (ApiGateway RestApi)"),
        (Change("Modify", "Api", "AWS::ApiGateway::RestApi", replaced=True), "~ the REST API (ApiGateway RestApi), REPLACED"),
        (
            Change("Import", "LogGroup", "AWS::Logs::LogGroup"),
            "> the log group (Logs LogGroup), taken into the stack with all that is in it",
        ),
        (
            Change("Remove", "TransactionSearch", "AWS::XRay::TransactionSearchConfig", kept=True),
            "- Transaction Search (account-wide) (XRay TransactionSearchConfig), leaves the stack and stays in the account",
        ),
        (Change("Remove", "AlarmTopic", "AWS::SNS::Topic"), "- the topic that sends alarms by e-mail (SNS Topic), DELETED"),
        (Change("Add", "Deployment0123456789", "AWS::ApiGateway::Deployment"), "+ a new snapshot of the API, which the stage then serves"),
        (Change("Modify", "WebKey2", "AWS::ApiGateway::ApiKey", replaced=True), "~ API key WebKey2; REPLACED: its text changes"),
        (Change("Modify", "WebKey2Member", "AWS::ApiGateway::UsagePlanKey"), "~ WebKey2Member (ApiGateway UsagePlanKey)"),
    ],
)
def test_each_change_has_its_consequence(change: Change, line: str) -> None:
    """What is deleted, replaced, kept or taken over is said."""
    assert lines([change]) == [line]


def test_a_key_is_one_line() -> None:
    """Its stream, plan member and record go with it."""
    parts = [("WebKey1", "ApiKey"), ("WebKey1Stream", "LogStream"), ("WebKey1Member", "UsagePlanKey"), ("WebKey1Team", "Parameter")]

    assert lines([Change("Add", name, f"AWS::X::{kind}") for name, kind in parts]) == ["+ API key WebKey1, with a log stream of its own"]


def test_many_of_a_kind_are_counted() -> None:
    """Nobody reads twenty resources of the API one by one."""
    found = lines([Change("Add", f"Path{number}", "AWS::ApiGateway::Resource") for number in range(5)])

    assert found == ["+ 5 of ApiGateway Resource"]


def test_an_old_snapshot_goes_without_a_word() -> None:
    """A deployment is replaced whenever the API changes; its removal is no news."""
    assert lines([Change("Remove", "Deployment0123456789", "AWS::ApiGateway::Deployment")]) == []
