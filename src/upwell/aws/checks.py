"""What is looked at before anything is changed: who we are, the Region, Transaction Search, quotas, the log group.

It only reads. What it may not look at is no obstacle by itself, except where a guess would change the account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from upwell.aws import names, regions
from upwell.aws import stack as stacks
from upwell.aws.account import Account, Identity
from upwell.aws.stack import Stack
from upwell.aws.template import Traces
from upwell.config import Serverless
from upwell.errors import AccountUnfit, AwsDenied, AwsError

RESOURCE_POLICIES = 10
"""CloudWatch Logs takes so many resource policies in an account and Region (CloudFormation, AWS::Logs::ResourcePolicy)."""

_POLICY = "UpwellTransactionSearch"


@dataclass(frozen=True, slots=True)
class Footing:
    """What a deployment starts from."""

    identity: Identity
    stack: Stack | None
    owned: frozenset[str]
    """Logical ids that the stack has already."""
    existing_group: bool
    """Whether the log group is there and stays somebody else's."""
    notes: tuple[str, ...]


def footing(account: Account, serverless: Serverless, *, unlisted_region: bool, existing_group: bool) -> Footing:
    """Look at account, Region, stack and log group. Raises AwsCredentials, AccountUnfit, and what AWS refuses."""
    identity = account.identity()
    regions.check(account, traces=serverless.transaction_search != "off", unlisted=unlisted_region)
    stack = stacks.find(account, serverless.stack)
    if stack is not None and (stack.busy or stack.state == stacks.STUCK):
        raise AccountUnfit(
            f"the stack {stack.name} is {stack.state}", hint="Wait until CloudFormation has ended, or end it in the AWS console."
        )
    stands = stack is not None and stack.state not in stacks.EMPTY | stacks.DEAD
    owned = frozenset(one.logical_id for one in stacks.resources(account, stack)) if stack and stands else frozenset()
    theirs = existing_group or (stands and names.LOG_GROUP_RESOURCE not in owned)
    group = _group(account, serverless.log_group)
    if names.LOG_GROUP_RESOURCE not in owned:
        _check_group(account, serverless, group, existing=theirs)
    return Footing(identity, stack, owned, theirs, () if theirs else tuple(_shorter(serverless, group)))


def _shorter(serverless: Serverless, group: Mapping[str, Any] | None) -> Iterator[str]:
    """Retention deletes: a group that is taken over, or kept for less time from now on, loses what is older."""
    if group is None:
        return
    kept, wanted = group.get("retentionInDays"), serverless.retention_days
    if kept is None or kept > wanted:
        now = "for ever" if kept is None else f"for {kept} days"
        yield f"{serverless.log_group} keeps events {now}; from now on those older than {wanted} days (retention_days) are deleted"


def traces(account: Account, serverless: Serverless, owned: frozenset[str], ask: Callable[[str], bool]) -> Traces:
    """Whether there is /v1/traces, and who switches Transaction Search on. Raises AccountUnfit, AwsDenied."""
    wanted = serverless.transaction_search
    if wanted == "off":
        return "off"
    if names.SEARCH_CONFIG in owned:
        return "enable"  # it is this stack's, and would leave it if it were not asked for again
    if _search_is_on(account):
        return "use"
    if not regions.can_enable_search(account.region):
        if wanted == "on":
            raise AccountUnfit(f"CloudFormation cannot switch Transaction Search on in {account.region}", hint=_BY_HAND)
        return "off"
    if wanted == "auto" and not ask(QUESTION):
        return "off"
    _check_policies(account)
    return "enable"


QUESTION = (
    "Traces need CloudWatch's Transaction Search, which is off. Switching it on is account-wide: all X-Ray spans of this account "
    "and Region then go to CloudWatch Logs, and are paid for there. Switch it on"
)

_BY_HAND = 'Switch it on by hand (docs/aws.md), or set serverless.transaction_search = "off".'


def _search_is_on(account: Account) -> bool:
    try:
        found = account.call("xray", "get_trace_segment_destination")
    except AwsDenied as error:
        hint = 'Allow xray:GetTraceSegmentDestination, or set serverless.transaction_search = "off": then there is no /v1/traces.'
        raise AwsDenied(f"whether spans go to CloudWatch Logs cannot be seen: {error.message}", hint=hint) from None
    return bool(found.get("Destination") == "CloudWatchLogs")


def _check_policies(account: Account) -> None:
    listed = account.call("logs", "describe_resource_policies").get("resourcePolicies", ())
    if len(listed) >= RESOURCE_POLICIES and _POLICY not in {policy.get("policyName") for policy in listed}:
        told = ", ".join(sorted(str(policy.get("policyName")) for policy in listed)[:RESOURCE_POLICIES])
        hint = 'Delete one that is not needed, or set serverless.transaction_search = "off".'
        raise AccountUnfit(f"{account.region} has all {RESOURCE_POLICIES} resource policies of CloudWatch Logs in use: {told}", hint=hint)


def _group(account: Account, name: str) -> dict[str, Any] | None:
    found = account.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return next((dict(group) for group in found if group["logGroupName"] == name), None)


def _check_group(account: Account, serverless: Serverless, group: dict[str, Any] | None, *, existing: bool) -> None:
    name = serverless.log_group
    if group is None:
        if existing:
            raise AccountUnfit(f"there is no log group {name}", hint="Leave --existing-log-group out: the stack then makes it.")
        return
    if group.get("logGroupClass", "STANDARD") != "STANDARD":
        hint = "Set serverless.log_group to another name: events of that class cannot be filtered or read one by one."
        raise AccountUnfit(f"the log group {name} is of class {group['logGroupClass']}", hint=hint)
    owner = _owner(account, group)
    if not existing and owner not in (None, serverless.stack) and stacks.find(account, owner or "") is not None:
        hint = "Give --existing-log-group to use it as it is, or set serverless.log_group to another name."
        raise AccountUnfit(f"the log group {name} belongs to the stack {owner}", hint=hint)


def _owner(account: Account, group: dict[str, Any]) -> str | None:
    arn = group.get("logGroupArn") or group.get("arn", "").removesuffix(":*")
    try:
        tags = account.call("logs", "list_tags_for_resource", resourceArn=arn).get("tags", {})
    except AwsError:
        return None
    return str(tags["aws:cloudformation:stack-name"]) if "aws:cloudformation:stack-name" in tags else None
