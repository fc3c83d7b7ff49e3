"""What CloudFormation does while it does it, event by event, and at the end why it failed, if it did."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from upwell.aws import stack as stacks
from upwell.aws.account import Account
from upwell.aws.stack import Stack
from upwell.errors import AwsDenied, AwsError, StackFailed

_PAUSE = 3.0
_WAIT_SECONDS = 3600.0
_FOLLOWED = re.compile(r"cancelled|canceled|The following resource\(s\) failed", re.IGNORECASE)
_ACTION = re.compile(r"not authorized to perform: ?([a-z0-9-]+:[A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Event:
    """One step. `state` is CloudFormation's, such as CREATE_COMPLETE."""

    id: str
    logical_id: str
    kind: str
    state: str
    reason: str

    @property
    def failed(self) -> bool:
        """Whether this step, and not one that it caused, went wrong."""
        return self.state.endswith("_FAILED") and not _FOLLOWED.search(self.reason)


def last(account: Account, stack_id: str) -> str | None:
    """The id of a stack's newest event, so that what follows can be told from what was."""
    return next((event.id for event in _newest_first(account, stack_id)), None)


def follow(
    account: Account,
    stack_id: str,
    after: str | None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Event]:
    """Events since `after`, as they come, until the stack is at rest. Raises AwsError where that takes over an hour."""
    end, seen = monotonic() + _WAIT_SECONDS, after
    while True:
        found = stacks.find(account, stack_id)  # before the events: those of its last state are then among them
        for event in _since(account, stack_id, seen):
            seen = event.id
            yield event
        if found is None or not found.busy:
            return
        if monotonic() >= end:
            raise AwsError(f"the stack is {found.state} for over an hour", hint="Look at its events in the AWS console.")
        sleep(_PAUSE)


def verdict(found: Stack | None, failures: list[Event], wanted: str) -> None:
    """Raise StackFailed, or AwsDenied where rights were missing, unless the stack came to the wanted state."""
    state = found.state if found else stacks.GONE
    if state == wanted:
        return
    if not failures:
        raise StackFailed(f"the stack is {state}{': ' + found.reason if found and found.reason else ''}")
    first = failures[0]
    if action := _ACTION.search(first.reason):
        hint = f"Ask for {action[1]}; `upwell template --deployer-policy` prints all that a deployer needs. The stack is {state}."
        raise AwsDenied(f"{first.logical_id} ({first.kind}): {first.reason}", hint=hint)
    raise StackFailed(f"{first.logical_id} ({first.kind}): {first.reason}; the stack is {state}")


def _since(account: Account, stack_id: str, after: str | None) -> list[Event]:
    found = []
    for event in _newest_first(account, stack_id):
        if event.id == after:
            break
        found.append(event)
    return found[::-1]


def _newest_first(account: Account, stack_id: str) -> Iterator[Event]:
    for entry in account.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack_id):
        reason = " ".join(entry.get("ResourceStatusReason", "").split())
        yield Event(entry["EventId"], entry["LogicalResourceId"], entry.get("ResourceType", ""), entry["ResourceStatus"], reason)
