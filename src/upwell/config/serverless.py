"""The section of the serverless shape, with what AWS allows in it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from upwell.config.quantities import Network, Section

RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""What CloudWatch Logs takes as the retention of a group (PutRetentionPolicy)."""

TeamName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Cidrs = Annotated[list[Network], Field(max_length=200)]  # a resource policy holds 8,192 characters
KeyNumbers = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]


def _retention(value: int) -> int:
    if value not in RETENTION_DAYS:
        raise ValueError(f"{value} is not one of the days that CloudWatch Logs takes: {', '.join(map(str, RETENTION_DAYS))}")
    return value


def _alphanumerics(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


class TeamLimit(Section):
    """A team's own limit in the serverless shape; what is not given is that of `[serverless]`."""

    rate: float | None = Field(None, gt=0, description="Requests a second that each of its keys may send.")
    burst: int | None = Field(None, ge=1, description="Requests that each of its keys may send at once above that.")


class Serverless(Section):
    """The serverless shape: API Gateway in front of CloudWatch, made by `upwell deploy` or `upwell template`."""

    stack: str = Field("upwell", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,127}$", description="Name of the CloudFormation stack.")
    region: str | None = Field(
        None, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="AWS Region, such as us-west-2; default: the AWS configuration's."
    )
    profile: str | None = Field(None, description="Named profile of the AWS configuration.")
    teams: list[TeamName] = Field(["platform"], min_length=1, description="Teams; each gets an API key and a log stream of its own.")
    keys: dict[str, KeyNumbers] = Field(
        {}, description="Numbers of a team's keys, default [1]; [1, 2] while a rotation overlaps, [2] after it."
    )
    rate: float = Field(50, gt=0, description="Requests a second that one key may send.")
    burst: int = Field(100, ge=1, description="Requests that one key may send at once above its rate.")
    limits: dict[str, TeamLimit] = Field({}, description="Teams with a limit of their own.")
    log_group: str = Field("/upwell/otlp", pattern=r"^[.\-_/#A-Za-z0-9]{1,512}$", description="Log group for the logs signal.")
    retention_days: Annotated[int, AfterValidator(_retention)] = Field(90, description="Days that the log group keeps events.")
    kms_key: str | None = Field(
        None, pattern=r"^arn:[^:]+:kms:", description="ARN of the KMS key for the log groups; its policy must let CloudWatch Logs use it."
    )
    alarm_email: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="Where alarms go: refused requests, failures of CloudWatch, silence."
    )
    allow_cidrs: Cidrs = Field([], description="Networks that may send; none listed means all.")
    access_logs: bool = Field(False, description="Write one line per request, without bodies and keys, to a log group of its own.")
    dashboard: bool = Field(False, description="Make a CloudWatch dashboard: requests, tokens, dollars, sessions.")
    tags: dict[str, str] = Field({}, description="Tags for everything in the stack.")
    permissions_boundary: str | None = Field(
        None, pattern=r"^arn:[^:]+:iam:", description="ARN of the permissions boundary for the stack's roles."
    )
    transaction_search: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Traces need CloudWatch's Transaction Search, which is account-wide: on switches it on, off leaves /v1/traces out, "
        "auto uses it where it is on already and asks otherwise.",
    )

    @model_validator(mode="after")
    def _teams_fit(self) -> Serverless:
        seen: dict[str, str] = {}
        for team in self.teams:
            if other := seen.get(_alphanumerics(team)):
                raise ValueError(f"teams {other!r} and {team!r} would share the names of their resources: letters and digits must differ")
            seen[_alphanumerics(team)] = team
        for section, named in (("keys", self.keys), ("limits", self.limits)):
            if unknown := sorted(set(named) - set(self.teams)):
                raise ValueError(f"{section} names {unknown[0]!r}, which is not in teams")
        if doubled := next((team for team, numbers in self.keys.items() if len(set(numbers)) < len(numbers)), None):
            raise ValueError(f"keys lists a number twice for {doubled!r}")
        return self
