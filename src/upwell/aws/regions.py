"""Which Region takes what. AWS gives a list for OTLP metrics; for traces and logs only the services' endpoints say so."""

from __future__ import annotations

from upwell.aws.account import Account
from upwell.aws.template import NO_TRANSACTION_SEARCH
from upwell.errors import AccountUnfit

METRICS = frozenset({
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2",
    "eu-north-1", "eu-south-1", "eu-south-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
    "ap-east-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
    "ap-southeast-7", "sa-east-1", "ca-central-1", "ca-west-1", "af-south-1", "mx-central-1", "ap-east-2",
})  # fmt: skip
"""Regions with OTLP metrics and PromQL (CloudWatch-PromQL, autumn 2026)."""

_NEEDED = ("cloudformation", "apigateway", "logs", "ssm", "sts")


def check(account: Account, *, traces: bool, unlisted: bool) -> None:
    """Raise AccountUnfit where a signal has no home in the Region. `unlisted`: go on where AWS's list does not name it for metrics."""
    region = account.region
    for service in (*_NEEDED, *(("xray",) if traces else ())):
        if not account.hosts(service):
            raise AccountUnfit(f"no endpoint of {service} is known in {region}", hint="Check the Region's name, or choose another.")
    if region not in METRICS and not unlisted:
        hint = "Choose another Region; or, if AWS has added this one since, give --unlisted-region: the marked event at the end proves it."
        raise AccountUnfit(f"AWS's list of Regions with OTLP metrics does not name {region}: metrics would be refused", hint=hint)


def can_enable_search(region: str) -> bool:
    """Whether a stack can switch Transaction Search on there."""
    return region not in NO_TRANSACTION_SEARCH
