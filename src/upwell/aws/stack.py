"""One CloudFormation stack as it is now: its state, outputs and resources. It changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from upwell.aws import names
from upwell.aws.account import Account
from upwell.errors import AwsError, NotDeployed

_NO_STACK = "does not exist"
GONE = "DELETE_COMPLETE"
EMPTY = frozenset({"REVIEW_IN_PROGRESS"})
"""A change set was made for it and never carried out: there is nothing in it."""
DEAD = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"})
"""Its making failed, or its end did: CloudFormation takes nothing but deletion."""
STUCK = "UPDATE_ROLLBACK_FAILED"


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing in a stack."""

    logical_id: str
    kind: str
    physical_id: str


@dataclass(frozen=True, slots=True)
class DeployedKey:
    """An API key that the stack has."""

    team: str
    number: int
    id: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that exists. `reason` is AWS's word on its state."""

    id: str
    name: str
    state: str
    reason: str
    outputs: Mapping[str, str]

    @property
    def endpoint(self) -> str:
        """What agents send to. Raises NotDeployed where no deployment was finished."""
        return self._output(names.ENDPOINT)

    @property
    def log_group(self) -> str:
        """Where the logs go."""
        return self._output(names.LOG_GROUP)

    @property
    def signals(self) -> tuple[str, ...]:
        """What the endpoint takes."""
        return tuple(self._output(names.SIGNALS).split(","))

    @property
    def key_ids(self) -> Mapping[str, str]:
        """Ids of the API keys, by the logical id of each."""
        return {name.removesuffix("Id"): value for name, value in self.outputs.items() if re.search(r"Key[0-9]+Id$", name)}

    @property
    def busy(self) -> bool:
        """Whether a change is under way."""
        return self.state.endswith("_IN_PROGRESS") and self.state not in EMPTY

    def _output(self, name: str) -> str:
        if name not in self.outputs:
            raise NotDeployed(f"the stack {self.name} is {self.state} and has no output {name}", hint="Run `upwell deploy`.")
        return self.outputs[name]


def find(account: Account, name: str) -> Stack | None:
    """The stack of a name or id, or None. A deleted one is found by its id alone."""
    try:
        (found,) = account.call("cloudformation", "describe_stacks", StackName=name)["Stacks"]
    except AwsError as error:
        if error.aws_code == "ValidationError" and _NO_STACK in error.message:
            return None
        raise
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in found.get("Outputs", ())}
    return Stack(found["StackId"], found["StackName"], found["StackStatus"], found.get("StackStatusReason", ""), outputs)


def get(account: Account, name: str) -> Stack:
    """The stack of a name. Raises NotDeployed."""
    found = find(account, name)
    if found is None or found.state in EMPTY or found.state == GONE:
        raise NotDeployed(f"there is no stack {name} in {account.region}")
    return found


def resources(account: Account, stack: Stack) -> list[Resource]:
    """Everything in a stack."""
    listed = account.pages("cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack.id)
    return [Resource(entry["LogicalResourceId"], entry["ResourceType"], entry.get("PhysicalResourceId", "")) for entry in listed]


def records(account: Account, stack: str) -> Mapping[str, str]:
    """Whose each key id is or was: team by id, removed keys too."""
    path = names.teams_path(stack)
    listed = account.pages("ssm", "get_parameters_by_path", "Parameters", Path=path)
    return {entry["Name"].removeprefix(f"{path}/"): entry["Value"] for entry in listed}


def deployed_keys(stack: Stack, teams_by_id: Mapping[str, str]) -> list[DeployedKey]:
    """The keys that a stack has, with their teams as the records say."""
    numbers = ((re.search(r"Key([0-9]+)$", logical), key_id) for logical, key_id in stack.key_ids.items())
    found = [DeployedKey(teams_by_id.get(key_id, "?"), int(match[1]), key_id) for match, key_id in numbers if match]
    return sorted(found, key=lambda key: (key.team, key.number))
