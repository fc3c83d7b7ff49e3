"""The whole template, section by section. It calls nothing and reads nothing but what it is given."""

from __future__ import annotations

from typing import Any

from upwell.aws.template.alarms import alarms
from upwell.aws.template.api import api
from upwell.aws.template.dashboard import dashboard
from upwell.aws.template.intrinsics import Resources
from upwell.aws.template.keys import keys
from upwell.aws.template.logs import logs
from upwell.aws.template.options import options
from upwell.aws.template.outputs import outputs
from upwell.aws.template.plan import Plan, Traces, from_settings, one_click
from upwell.aws.template.role import role
from upwell.config import Serverless
from upwell.errors import ConfigError

MAX_RESOURCES = 500
"""CloudFormation's quota for one template."""

_DESCRIPTION = "OTLP telemetry of coding agents to Amazon CloudWatch: API Gateway signs and passes it on, with no code in between (Upwell)"


def build(
    serverless: Serverless, *, traces: Traces = "use", existing_log_group: bool = False, account_role: bool = False
) -> dict[str, Any]:
    """The template that the settings ask for. Raises ConfigError for more keys than a stack can hold.

    `traces` says what is known of Transaction Search, which the settings alone cannot know. `existing_log_group`: the group is there and
    stays somebody else's. `account_role`: with access logs, also give the Region the role with which API Gateway writes logs.
    """
    template = _assembled(from_settings(serverless, traces=traces, existing_log_group=existing_log_group, account_role=account_role))
    if (count := len(template["Resources"])) > MAX_RESOURCES:
        raise ConfigError(
            f"serverless.teams: {count} resources, and a CloudFormation stack holds {MAX_RESOURCES}",
            hint="Divide the teams among two stacks.",
        )
    return template


def build_one_click() -> dict[str, Any]:
    """The checked-in `template.yaml`: one team, its choices as parameters."""
    return _assembled(one_click())


def _assembled(plan: Plan) -> dict[str, Any]:
    resources: Resources = {**api(plan), **role(plan), **logs(plan), **keys(plan), **options(plan), **alarms(plan), **dashboard(plan)}
    head: dict[str, Any] = {"AWSTemplateFormatVersion": "2010-09-09", "Description": _DESCRIPTION}
    if plan.parameters:
        head["Parameters"] = dict(plan.parameters)
    if plan.conditions:
        head["Conditions"] = dict(plan.conditions)
    return {**head, "Resources": resources, "Outputs": outputs(plan)}
