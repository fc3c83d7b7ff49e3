"""What IAM's simulator is asked, and how its answers are taken; the simulator itself is stubbed, since moto has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from upwell.aws import rights
from upwell.aws.account import Account, Identity
from upwell.config import Serverless
from upwell.errors import AwsDenied, AwsError

ME = Identity("111122223333", "arn:aws:sts::111122223333:assumed-role/Deployer/ann")


class Simulator:
    """An account of which only the simulator answers."""

    region = "eu-west-1"

    def __init__(self, decide: Mapping[str, Mapping[str, Any]] | None = None, error: AwsError | None = None) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self._decide = decide or {}
        self._error = error

    def call(self, service: str, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """A role as single sign-on makes it: with a path."""
        assert (service, operation) == ("iam", "get_role")
        return {"Role": {"Arn": f"arn:aws:iam::111122223333:role/sso/{parameters['RoleName']}"}}

    def pages(self, service: str, operation: str, items: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        """An allowance for everything that is not decided otherwise."""
        assert (service, operation, items) == ("iam", "simulate_principal_policy", "EvaluationResults")
        if self._error:
            raise self._error
        self.asked.append(parameters)
        for action in parameters["ActionNames"]:
            yield {"EvalActionName": action, "EvalDecision": "allowed", **self._decide.get(action, {})}


def _account(simulator: Simulator) -> Account:
    return cast("Account", simulator)


def test_it_asks_about_the_role_and_about_real_names() -> None:
    """A session's policies are its role's; patterns of the policy become names that they cover, in this account and Region."""
    simulator = Simulator()
    assert rights.denied(_account(simulator), ME, Serverless(region="us-west-2")) == []

    assert {asked["PolicySourceArn"] for asked in simulator.asked} == {"arn:aws:iam::111122223333:role/sso/Deployer"}
    resources = [asked["ResourceArns"][0] for asked in simulator.asked if "ResourceArns" in asked]
    assert "arn:aws:cloudformation:eu-west-1:111122223333:stack/upwell/upwell" in resources
    assert "arn:aws:apigateway:eu-west-1::/restapis" in resources
    assert not any("*" in resource for resource in resources)


def test_passing_the_role_is_asked_with_its_condition() -> None:
    """iam:PassRole is allowed towards API Gateway alone, so that is what is asked."""
    simulator = Simulator()
    rights.denied(_account(simulator), ME, Serverless())
    (asked,) = (asked for asked in simulator.asked if asked["ActionNames"] == ["iam:PassRole"])

    told = {entry["ContextKeyName"]: entry["ContextKeyValues"] for entry in asked["ContextEntries"]}
    assert told == {"aws:RequestedRegion": ["eu-west-1"], "iam:PassedToService": ["apigateway.amazonaws.com"]}


def test_a_denial_that_hangs_on_something_unknown_is_none() -> None:
    """A second factor or an address is not known to the simulator: nobody is stopped for that."""
    decide: dict[str, dict[str, object]] = {
        "iam:CreateRole": {"EvalDecision": "implicitDeny"},
        "ssm:PutParameter": {"EvalDecision": "explicitDeny", "MissingContextValues": ["aws:MultiFactorAuthPresent"]},
    }
    with pytest.raises(AwsDenied, match=r"may not iam:CreateRole$"):
        rights.check(_account(Simulator(decide)), ME, Serverless())


def test_where_iam_cannot_be_asked() -> None:
    """That is a sentence, and no obstacle."""
    assert "IAM cannot be asked" in str(rights.check(_account(Simulator(error=AwsDenied("no"))), ME, Serverless()))


def test_the_root_user_may_everything() -> None:
    """It has no policies to simulate."""
    simulator = Simulator()

    assert rights.check(_account(simulator), Identity("1", "arn:aws:iam::1:root"), Serverless()) is None
    assert simulator.asked == []
