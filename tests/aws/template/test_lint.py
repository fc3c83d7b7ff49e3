"""cfn-lint finds nothing in any template, for any Region, with CloudFormation's own schemas of each."""

from __future__ import annotations

from itertools import product

import pytest
from cfnlint import api
from cfnlint.config import ManualArgs

from tests.aws.template.test_build import EVERYTHING
from upwell.aws.template import Traces, build, build_one_click, to_yaml
from upwell.config import Serverless

METRICS = [
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1", "af-south-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-east-1", "ap-east-2"),
    *(f"ap-southeast-{number}" for number in range(1, 8)),
]
"""The Regions whose CloudWatch takes OTLP metrics."""
OTHERS = ["cn-north-1", "cn-northwest-1", "us-gov-west-1", "us-gov-east-1"]
"""Other partitions, where at least the names must hold."""

PLAIN = Serverless()
ONE_BY_ONE = [
    PLAIN.model_copy(update={name: getattr(EVERYTHING, name)})
    for name in ("keys", "kms_key", "alarm_email", "allow_cidrs", "access_logs", "dashboard", "tags", "permissions_boundary")
]


def _findings(text: str) -> list[str]:
    found = api.lint(text, config=ManualArgs(regions=METRICS + OTHERS, include_checks=["I", "W", "E"]))
    return [f"{match.rule.id} {match.message} {match.path}" for match in found]


def test_there_are_as_many_regions_as_the_tables_say() -> None:
    """31 with OTLP metrics."""
    assert len(set(METRICS)) == 31


def test_the_one_click_file() -> None:
    """With its Region condition on Transaction Search."""
    assert _findings(to_yaml(build_one_click())) == []


@pytest.mark.parametrize(("traces", "existing"), list(product(("off", "use", "enable"), (False, True))), ids=lambda value: str(value))
def test_everything_at_once(traces: Traces, existing: bool) -> None:
    """All options, with all that an account may have."""
    made = build(EVERYTHING, traces=traces, existing_log_group=existing, account_role=not existing)

    assert _findings(to_yaml(made)) == []


@pytest.mark.parametrize(
    "settings", [PLAIN, *ONE_BY_ONE], ids=["plain", *["keys", "kms", "alarms", "cidrs", "access", "dashboard", "tags", "boundary"]]
)
def test_each_option_alone(settings: Serverless) -> None:
    """None needs another."""
    assert _findings(to_yaml(build(settings, traces="enable"))) == []
