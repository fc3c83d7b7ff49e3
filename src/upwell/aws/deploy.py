"""A deployment, step by step: look, decide, prepare, carry out, prove. Whoever calls the steps asks and prints in between."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from upwell.aws import changes, events, farend, keys
from upwell.aws import stack as stacks
from upwell.aws.account import Account
from upwell.aws.answers import judge
from upwell.aws.changes import Change, ChangeSet
from upwell.aws.checks import Footing
from upwell.aws.probe import Arrival, End, Probe, over_http
from upwell.aws.stack import Stack
from upwell.aws.template import Traces, body, build
from upwell.config import Serverless
from upwell.errors import AwsError, ConfigError
from upwell.otlp.model import Signal

_MEMBER = "Member"
"""What the template calls a key's place in a usage plan, after the key's own name."""

_LOGGING_ACCOUNT = "LoggingAccount"
"""The template's logical id for the Region's one role with which API Gateway writes logs."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is about to be done. `change_set` None: nothing."""

    serverless: Serverless
    footing: Footing
    traces: Traces
    change_set: ChangeSet | None

    @property
    def before(self) -> Mapping[str, str]:
        """Key ids that were there, by logical id."""
        return self.footing.stack.key_ids if self.footing.stack else {}


@dataclass(frozen=True, slots=True)
class Key:
    """A deployed key with its text."""

    team: str
    number: int
    id: str
    secret: str


def draft(
    account: Account,
    serverless: Serverless,
    found: Footing,
    traces: Traces,
    *,
    bucket: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Draft:
    """Make the template, and ask CloudFormation what it would change. What a failed making left of a stack is removed before."""
    account_role = serverless.access_logs and _needs_account_role(account, found.owned)
    template = build(serverless, traces=traces, existing_log_group=found.existing_group, account_role=account_role)
    source = changes.template_source(account, serverless.stack, body(template), bucket)
    if found.stack is not None and found.stack.state in stacks.DEAD:
        for _ in destroy(account, found.stack, sleep=sleep):
            pass
        found = replace(found, stack=None)
    change_set = changes.prepare(account, serverless.stack, found.stack, source, serverless.tags, sleep=sleep)
    if change_set is not None and (moved := moved_keys(change_set.changes)):
        changes.discard(account, change_set, empty=False)
        hint = "Give the team a new key in the same change: its next number alone in serverless.keys, such as web = [2] (docs/aws.md)."
        raise ConfigError(f"{', '.join(moved)} would move to another usage plan, which API Gateway does not do for a key", hint=hint)
    return Draft(serverless, found, traces, change_set)


def moved_keys(found: Sequence[Change]) -> list[str]:
    """Keys that stay and whose membership of a plan would be replaced: CloudFormation puts them into the new plan first, and fails."""
    new = {change.logical_id for change in found if change.action == "Add" or change.replaced}
    members = (change.logical_id for change in found if change.replaced and change.logical_id.endswith(_MEMBER))
    return [key for member in members if (key := member.removesuffix(_MEMBER)) not in new]


def carry_out(account: Account, made: Draft, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[events.Event]:
    """Do it, and give what happens as it happens. Raises StackFailed or AwsDenied at the end where it failed."""
    if made.change_set is None:
        return
    stack_id, failures = made.change_set.stack_id, []
    after = events.last(account, stack_id)
    changes.carry_out(account, made.change_set)
    for event in events.follow(account, stack_id, after, sleep=sleep):
        failures += [event] if event.failed else []
        yield event
    found = stacks.find(account, stack_id)
    fresh = made.footing.stack is None or made.footing.stack.state in stacks.EMPTY
    events.verdict(found, failures, "CREATE_COMPLETE" if fresh else "UPDATE_COMPLETE")


def proving_key(account: Account, serverless: Serverless, stack: Stack, before: Mapping[str, str]) -> Key:
    """The key to send the marked events with, and to print."""
    chosen = keys.newest(serverless, stack, before)
    key_id = stack.key_ids[chosen.logical_id]
    return Key(chosen.team, chosen.number, key_id, keys.secret(account, key_id))


def prove(
    account: Account, stack: Stack, key: Key, *, say: Callable[[str], None], sleep: Callable[[float], None] = time.sleep
) -> Iterator[Arrival]:
    """Send one marked event per signal with a key, and find it in CloudWatch."""
    end = End("cloudwatch", farend.of_account(account, stack.log_group, key.id))
    probe = Probe(over_http(stack.endpoint, key.secret), judge, [end], say=say, sleep=sleep)
    yield from probe.run(proven_signals(stack))


def proven_signals(stack: Stack) -> Sequence[Signal]:
    """The signals that a stack takes, those first that arrive first."""
    return [signal for signal in (Signal.LOGS, Signal.METRICS, Signal.TRACES) if signal.value in stack.signals]


def destroy(account: Account, stack: Stack, *, sleep: Callable[[float], None] = time.sleep) -> Iterator[events.Event]:
    """Remove a stack, and give what happens. Raises StackFailed or AwsDenied."""
    after, failures = events.last(account, stack.id), []
    account.call("cloudformation", "delete_stack", StackName=stack.id)
    for event in events.follow(account, stack.id, after, sleep=sleep):
        failures += [event] if event.failed else []
        yield event
    events.verdict(stacks.find(account, stack.id), failures, stacks.GONE)


def _needs_account_role(account: Account, owned: frozenset[str]) -> bool:
    """Whether the Region has no role yet with which API Gateway writes logs, or has this stack's."""
    if _LOGGING_ACCOUNT in owned:
        return True
    try:
        return not account.call("apigateway", "get_account").get("cloudwatchRoleArn")
    except AwsError:
        return False
