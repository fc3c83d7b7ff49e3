"""What a template is made from: the settings, or the parameters of the one-click file, in one form.

It decides nothing about resources. A value is a text or number, or a function of the stack's parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from upwell.aws.names import LOG_GROUP_RESOURCE, TeamKey, access_log_group, team_keys
from upwell.aws.template.intrinsics import Value, all_of, choose, equals, negate, ref
from upwell.config import RETENTION_DAYS, Serverless

Traces: TypeAlias = Literal["off", "use", "enable"]
"""No /v1/traces; with it, Transaction Search being on already; with it, and the stack switches Transaction Search on."""

NO_TRANSACTION_SEARCH = ("ap-east-2", "ap-southeast-6", "mx-central-1", "cn-north-1", "cn-northwest-1")
"""Regions without AWS::XRay::TransactionSearchConfig in CloudFormation's schemas of October 2026."""

_SEARCH = "EnableTransactionSearch"
_HAS_SEARCH = tuple(negate(equals(ref("AWS::Region"), region)) for region in NO_TRANSACTION_SEARCH)


@dataclass(frozen=True, slots=True)
class Limit:
    """Requests a second, and at once above that, for each key."""

    rate: Value
    burst: Value


@dataclass(frozen=True, slots=True)
class Plan:
    """One template to be. Conditions are names of the template's conditions; None is always."""

    keys: tuple[TeamKey, ...]
    limit: Limit
    limits: Mapping[str, Limit]
    group_name: str | None
    group_condition: str | None
    group: Value
    """The name of the group in use: the stack's own, or one that was there."""
    retention_days: Value
    kms_key: str | None = None
    alarm_email: Value | None = None
    alarm_condition: str | None = None
    allow_cidrs: tuple[str, ...] = ()
    access_logs: bool = False
    access_group: str = ""
    """A literal: a group whose name is a function cannot be imported when the stack is made again."""
    account_role: bool = False
    dashboard: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    permissions_boundary: str | None = None
    traces: Traces = "use"
    search_condition: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)

    @property
    def signals(self) -> tuple[str, ...]:
        return ("metrics", "logs") if self.traces == "off" else ("metrics", "traces", "logs")

    def limit_of(self, team: str) -> Limit:
        return self.limits.get(team, self.limit)


def from_settings(serverless: Serverless, *, traces: Traces, existing_log_group: bool, account_role: bool) -> Plan:
    """Everything is known, so the template has no parameters."""
    common = Limit(_number(serverless.rate), serverless.burst)
    own = {
        team: Limit(_number(limit.rate or serverless.rate), limit.burst or serverless.burst) for team, limit in serverless.limits.items()
    }
    return Plan(
        keys=team_keys(serverless),
        limit=common,
        limits=own,
        group_name=None if existing_log_group else serverless.log_group,
        group_condition=None,
        group=serverless.log_group if existing_log_group else ref(LOG_GROUP_RESOURCE),
        retention_days=serverless.retention_days,
        kms_key=serverless.kms_key,
        alarm_email=serverless.alarm_email,
        allow_cidrs=tuple(serverless.allow_cidrs),
        access_logs=serverless.access_logs,
        access_group=access_log_group(serverless.stack),
        account_role=account_role and serverless.access_logs,
        dashboard=serverless.dashboard,
        tags=serverless.tags,
        permissions_boundary=serverless.permissions_boundary,
        traces=traces,
        search_condition=_SEARCH if traces == "enable" else None,
        conditions={_SEARCH: all_of(*_HAS_SEARCH)} if traces == "enable" else {},
    )


def one_click() -> Plan:
    """The checked-in file: what people change is a parameter, and reaches the methods through the stage's variables, if at all."""
    defaults = Serverless()
    return Plan(
        keys=team_keys(defaults),
        limit=Limit(ref("RatePerSecond"), ref("Burst")),
        limits={},
        group_name=defaults.log_group,
        group_condition="CreateLogGroup",
        group=choose("CreateLogGroup", ref(LOG_GROUP_RESOURCE), ref("ExistingLogGroup")),
        retention_days=ref("RetentionDays"),
        alarm_email=ref("AlarmEmail"),
        alarm_condition="SendAlarms",
        traces="enable",
        search_condition=_SEARCH,
        parameters=_parameters(defaults),
        conditions={
            "CreateLogGroup": equals(ref("ExistingLogGroup"), ""),
            "SendAlarms": negate(equals(ref("AlarmEmail"), "")),
            _SEARCH: all_of(equals(ref("TransactionSearchMode"), "enable"), *_HAS_SEARCH),
        },
    )


def _parameters(defaults: Serverless) -> dict[str, Any]:
    return {
        "RatePerSecond": {
            "Type": "Number",
            "Default": _number(defaults.rate),
            "MinValue": 1,
            "Description": "Requests a second that the key may send.",
        },
        "Burst": {
            "Type": "Number",
            "Default": defaults.burst,
            "MinValue": 1,
            "Description": "Requests that it may send at once above that.",
        },
        "RetentionDays": {
            "Type": "Number",
            "Default": defaults.retention_days,
            "AllowedValues": list(RETENTION_DAYS),
            "Description": "Days that the log group keeps events.",
        },
        "ExistingLogGroup": {
            "Type": "String",
            "Default": "",
            "AllowedPattern": r"[.\-_/#A-Za-z0-9]{0,512}",
            "Description": f"Name of a log group that is there already, to be used instead of a new {defaults.log_group}.",
        },
        "AlarmEmail": {"Type": "String", "Default": "", "Description": "Where alarms go; empty means no alarms."},
        "TransactionSearchMode": {
            "Type": "String",
            "Default": "leave",
            "AllowedValues": ["leave", "enable"],
            "Description": "Traces need CloudWatch's Transaction Search. Enabling it sends all spans of this account and Region to "
            "CloudWatch Logs; it must not be on yet.",
        },
    }


def _number(value: float) -> int | float:
    return int(value) if value == int(value) else value
