"""Change sets: what CloudFormation would do, asked for and read before anything is done.

`ImportExistingResources` takes back the log group that an earlier stack left behind. Nothing is carried out here.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from upwell.aws.account import Account
from upwell.aws.stack import EMPTY, Stack
from upwell.errors import AwsError, ConfigError, StackFailed

INLINE_BYTES = 51_200
"""A template in the request itself; by S3 it may have 1 MB (CloudFormation quotas)."""

_PAUSE = 2.0
_WAIT_SECONDS = 600
_NOTHING = ("didn't contain changes", "No updates are to be performed")

Action: TypeAlias = Literal["Add", "Modify", "Remove", "Import", "Dynamic"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of one resource. `replaced`: a new one is made and the old one goes. `kept`: removed from the stack only."""

    action: Action
    logical_id: str
    kind: str
    replaced: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that can be carried out."""

    id: str
    stack_id: str
    changes: tuple[Change, ...]


def template_source(account: Account, stack: str, body: str, bucket: str | None) -> Mapping[str, str]:
    """How to hand a template over: inside the request, or in a bucket. Raises ConfigError where it needs one."""
    data = body.encode()
    if bucket is None:
        if len(data) > INLINE_BYTES:
            raise ConfigError(
                f"the template has {len(data):,} bytes, and CloudFormation takes {INLINE_BYTES:,} in a request",
                hint=f"Give --bucket NAME: a bucket of yours in {account.region}, for the template alone.",
            )
        return {"TemplateBody": body}
    key = f"upwell/{stack}/{hashlib.sha256(data).hexdigest()[:16]}.json"
    account.call("s3", "put_object", Bucket=bucket, Key=key, Body=data, ContentType="application/json")
    return {"TemplateURL": f"{account.bucket_url(bucket)}/{key}"}


def prepare(
    account: Account,
    name: str,
    stack: Stack | None,
    source: Mapping[str, str],
    tags: Mapping[str, str],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> ChangeSet | None:
    """A change set towards a template, ready to be carried out; None where there is nothing to change. Raises StackFailed."""
    made = account.call(
        "cloudformation",
        "create_change_set",
        StackName=name,
        ChangeSetName=f"upwell-{time.time_ns():x}",
        ChangeSetType="CREATE" if stack is None or stack.state in EMPTY else "UPDATE",
        Capabilities=["CAPABILITY_IAM"],
        ImportExistingResources=True,
        Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
        **source,
    )
    described = _settled(account, made["Id"], made["StackId"], sleep)
    if described is None:
        discard(account, ChangeSet(made["Id"], made["StackId"], ()), empty=stack is None)
        return None
    return ChangeSet(made["Id"], made["StackId"], tuple(_changes(account, made["Id"], made["StackId"])))


def carry_out(account: Account, change_set: ChangeSet) -> None:
    """Tell CloudFormation to do it; it then goes on by itself."""
    account.call("cloudformation", "execute_change_set", ChangeSetName=change_set.id, StackName=change_set.stack_id)


def discard(account: Account, change_set: ChangeSet, *, empty: bool) -> None:
    """Take a change set back, and with it the empty stack that a first one leaves."""
    account.call("cloudformation", "delete_change_set", ChangeSetName=change_set.id, StackName=change_set.stack_id)
    if empty:
        account.call("cloudformation", "delete_stack", StackName=change_set.stack_id)


def _settled(account: Account, change_set: str, stack: str, sleep: Callable[[float], None]) -> Mapping[str, Any] | None:
    """The change set once it is ready; None where it would change nothing."""
    for _ in range(int(_WAIT_SECONDS / _PAUSE)):
        found: Mapping[str, Any] = account.call("cloudformation", "describe_change_set", ChangeSetName=change_set, StackName=stack)
        if found["Status"] == "CREATE_COMPLETE":
            return found
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "no reason given")
            if any(words in reason for words in _NOTHING):
                return None
            raise StackFailed(
                f"CloudFormation refuses the change: {reason}", hint="Nothing was changed. Mend what it says, and deploy again."
            )
        sleep(_PAUSE)
    raise AwsError(f"CloudFormation was still preparing the change after {_WAIT_SECONDS} s", hint="Nothing was changed; deploy again.")


def _changes(account: Account, change_set: str, stack: str) -> list[Change]:
    found = account.pages("cloudformation", "describe_change_set", "Changes", ChangeSetName=change_set, StackName=stack)
    return [_change(entry["ResourceChange"]) for entry in found if "ResourceChange" in entry]


def _change(entry: Mapping[str, Any]) -> Change:
    policy = entry.get("PolicyAction", "")
    replaced = entry["Action"] == "Modify" and entry.get("Replacement") in ("True", "Conditional")
    return Change(entry["Action"], entry["LogicalResourceId"], entry["ResourceType"], replaced, policy.startswith("Retain"))
