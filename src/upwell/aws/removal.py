"""What stays in the account when a stack is removed: named before it is."""

from __future__ import annotations

from collections.abc import Iterator

from upwell.aws import names
from upwell.aws import stack as stacks
from upwell.aws.account import Account
from upwell.aws.stack import Stack


def kept(account: Account, stack: Stack) -> list[str]:
    """A sentence for each thing that the template keeps."""
    return list(_kept({one.logical_id: one for one in stacks.resources(account, stack)}, stack))


def _kept(owned: dict[str, stacks.Resource], stack: Stack) -> Iterator[str]:
    streams = sum(one.kind == "AWS::Logs::LogStream" for one in owned.values())
    if names.LOG_GROUP_RESOURCE in owned:
        yield f"the log group {owned[names.LOG_GROUP_RESOURCE].physical_id}, with all its events, until its retention ends them"
    elif streams:
        yield f"{streams} log streams with their events, in a log group that is not the stack's"
    if any(one.kind == "AWS::SSM::Parameter" for one in owned.values()):
        yield f"whose each key was: the SSM parameters below {names.teams_path(stack.name)}"
    if names.ACCESS_LOG_GROUP_RESOURCE in owned:
        yield f"the access logs in {owned[names.ACCESS_LOG_GROUP_RESOURCE].physical_id}"
    if names.SEARCH_CONFIG in owned:
        yield "Transaction Search and X-Ray's right to write spans, which are the account's; spans stay in aws/spans"
