"""The names that the template gives and that deploy, status and doctor look for: logical ids, outputs, paths.

Nothing here reads settings files or calls AWS.

The map from key ids to teams is a folder of SSM parameters, one per key: `{teams_path(stack)}/{key id}` holds the team's name. Each is
made with its key and retained when the key, or the whole stack, goes; so it knows removed keys without anybody carrying it over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from upwell.config import Serverless

STAGE = "otlp"
"""The stage's name, and so the path under which the endpoint stands."""

# Logical ids.
API = "Api"
ROLE = "Role"
LOG_GROUP_RESOURCE = "LogGroup"
ACCESS_LOG_GROUP_RESOURCE = "AccessLogGroup"
STAGE_RESOURCE = "Stage"
ALARM_TOPIC = "AlarmTopic"
SEARCH_POLICY = "TransactionSearchPolicy"
SEARCH_CONFIG = "TransactionSearch"
DEPLOYMENT_PREFIX = "Deployment"
"""Followed by a hash of all that a deployment is a snapshot of."""

# Outputs of the stack.
ENDPOINT = "Endpoint"
"""Base URL for OTEL_EXPORTER_OTLP_ENDPOINT; /v1/{signal} is added."""
LOG_GROUP = "LogGroup"
"""Name of the log group, also where it is not the stack's own."""
TEAMS_PARAMETER = "TeamsParameter"
"""The SSM path under which each key id has a parameter with its team's name (GetParametersByPath)."""
API_ID = "ApiId"
SIGNALS = "Signals"
"""What the endpoint takes, joined by commas: "metrics,traces,logs", or "metrics,logs" without Transaction Search."""

LOG_GROUP_VARIABLE = "logGroup"
"""The stage variable from which the logs method takes the group's name, so that changing it needs no new deployment."""


def joined(team: str) -> str:
    """`data-platform` → `DataPlatform`, since CloudFormation's logical ids are alphanumeric."""
    return "".join(word[0].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", team))


@dataclass(frozen=True, slots=True)
class TeamKey:
    """One API key of a team. `number` counts a team's keys over all rotations."""

    team: str
    number: int

    @property
    def logical_id(self) -> str:
        """Of the AWS::ApiGateway::ApiKey: `PlatformKey1`."""
        return f"{joined(self.team)}Key{self.number}"

    @property
    def stream(self) -> str:
        """Of its AWS::Logs::LogStream, which is named by the key's id."""
        return f"{self.logical_id}Stream"

    @property
    def member(self) -> str:
        """Of the AWS::ApiGateway::UsagePlanKey that puts it into its usage plan."""
        return f"{self.logical_id}Member"

    @property
    def record(self) -> str:
        """Of the AWS::SSM::Parameter that says whose it is."""
        return f"{self.logical_id}Team"

    @property
    def output(self) -> str:
        """The stack's output with its key id."""
        return f"{self.logical_id}Id"


def team_keys(serverless: Serverless) -> tuple[TeamKey, ...]:
    """Every key that the settings ask for, team by team, the newest of each team last."""
    return tuple(TeamKey(team, number) for team in serverless.teams for number in sorted(serverless.keys.get(team, [1])))


def teams_path(stack: str) -> str:
    """Where the stack keeps whose its keys are and were."""
    return f"/upwell/{stack}/keys"


def access_log_group(stack: str) -> str:
    return f"/upwell/{stack}/access"


def is_deployment(logical_id: str) -> bool:
    return re.fullmatch(rf"{DEPLOYMENT_PREFIX}[0-9a-f]{{10}}", logical_id) is not None
