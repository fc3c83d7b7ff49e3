"""A stack: the template's functions evaluated, every resource with its id. It makes what the emulator runs, and nothing in AWS.

Functions are Ref, GetAtt, Sub, If, Equals, Not, And, Or, Join and Select; another one is refused rather than half understood.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")
_NOTHING = object()


class TemplateRefused(Exception):
    """What CloudFormation or API Gateway would not take; the text says where and why."""


@dataclass(slots=True)
class Ids:
    """The physical ids of a stack's resources, kept over updates: a resource that goes and comes back is another one."""

    known: dict[str, str] = field(default_factory=dict)
    serial: int = 0

    def of(self, logical_id: str) -> str:
        if logical_id not in self.known:
            self.serial += 1
            self.known[logical_id] = hashlib.sha256(f"{logical_id} {self.serial}".encode()).hexdigest()[:10]
        return self.known[logical_id]

    def forget_all_but(self, logical_ids: set[str]) -> None:
        self.known = {name: physical for name, physical in self.known.items() if name in logical_ids}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource, evaluated. `physical_id` is what Ref gives."""

    logical_id: str
    physical_id: str
    kind: str
    properties: Mapping[str, Any]
    needs: frozenset[str]
    """Logical ids of DependsOn."""
    retained: bool
    """Whether it stays when it is taken out of the template."""


@dataclass(frozen=True, slots=True)
class Stack:
    name: str
    region: str
    resources: Mapping[str, Resource]
    outputs: Mapping[str, str]

    def of(self, kind: str) -> list[Resource]:
        return [resource for resource in self.resources.values() if resource.kind == kind]

    def by_id(self, kind: str, physical_id: object) -> Resource | None:
        return next((resource for resource in self.of(kind) if resource.physical_id == physical_id), None)


def partition(region: str) -> tuple[str, str]:
    """A Region's partition, and the end of its host names."""
    if region.startswith("cn-"):
        return "aws-cn", "amazonaws.com.cn"
    return ("aws-us-gov" if region.startswith("us-gov-") else "aws"), "amazonaws.com"


def make(template: Mapping[str, Any], *, name: str, region: str, parameters: Mapping[str, Any], ids: Ids) -> Stack:
    """The stack. Raises TemplateRefused."""
    return _Evaluation(template, name, region, parameters, ids).stack()


class _Evaluation:
    def __init__(self, template: Mapping[str, Any], name: str, region: str, parameters: Mapping[str, Any], ids: Ids) -> None:
        self._template = template
        self._ids = ids
        self._name, self._region = name, region
        part, suffix = partition(region)
        self._names: dict[str, Any] = {
            "AWS::Region": region,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": part,
            "AWS::URLSuffix": suffix,
            "AWS::StackName": name,
            "AWS::NoValue": _NOTHING,
            **_parameters(template.get("Parameters", {}), parameters),
        }

    def stack(self) -> Stack:
        made = {key: raw for key, raw in self._template["Resources"].items() if self._holds(raw.get("Condition"))}
        self._ids.forget_all_but(set(made))
        self._made = made
        resources = {key: self._resource(key, raw) for key, raw in made.items()}
        outputs = {
            key: self._value(raw["Value"]) for key, raw in self._template.get("Outputs", {}).items() if self._holds(raw.get("Condition"))
        }
        return Stack(self._name, self._region, resources, outputs)

    def _resource(self, key: str, raw: Mapping[str, Any]) -> Resource:
        needs = raw.get("DependsOn", [])
        needs = frozenset([needs] if isinstance(needs, str) else needs)
        if missing := needs - set(self._template["Resources"]):
            raise TemplateRefused(f"{key} depends on {min(missing)}, which is not in the template")
        return Resource(key, self._ref(key), raw["Type"], self._value(raw.get("Properties", {})), needs, _is_retained(raw))

    def _holds(self, condition: Any) -> bool:
        if condition is None:
            return True
        if isinstance(condition, str):
            return self._holds(self._template["Conditions"][condition])
        return bool(self._value(condition))

    def _value(self, raw: Any) -> Any:
        if isinstance(raw, list):
            return [value for value in map(self._value, raw) if value is not _NOTHING]
        if not isinstance(raw, dict):
            return raw
        if len(raw) == 1:
            ((name, argument),) = raw.items()
            if name in _FUNCTIONS:
                return _FUNCTIONS[name](self, argument)
            if name.startswith("Fn::"):
                raise TemplateRefused(f"this emulator does not know {name}")
        values = {name: self._value(value) for name, value in raw.items()}
        return {name: value for name, value in values.items() if value is not _NOTHING}

    def _ref(self, name: str) -> Any:
        if name in self._names:
            return self._names[name]
        if name not in self._made:
            raise TemplateRefused(f"Ref {name}: there is no such parameter or resource")
        raw = self._made[name]
        named = _NAMED_BY.get(raw["Type"])
        if named and named in raw.get("Properties", {}):
            return self._value(raw["Properties"][named])
        return self._ids.of(name)

    def _get(self, argument: list[str] | str) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        kind = self._made[name]["Type"] if name in self._made else None
        if (kind, attribute) == ("AWS::ApiGateway::RestApi", "RootResourceId"):
            return f"{self._ref(name)}-root"
        if (kind, attribute) == ("AWS::IAM::Role", "Arn"):
            return f"arn:{self._names['AWS::Partition']}:iam::{ACCOUNT}:role/{self._ref(name)}"
        if (kind, attribute) == ("AWS::Logs::LogGroup", "Arn"):
            return f"arn:{self._names['AWS::Partition']}:logs:{self._region}:{ACCOUNT}:log-group:{self._ref(name)}:*"
        raise TemplateRefused(f"GetAtt {name}.{attribute}: this emulator does not know it")

    def _sub(self, argument: Any) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument
        values = {name: self._value(value) for name, value in given.items()}

        def replaced(match: re.Match[str]) -> str:
            if match[1]:
                return f"${{{match[2]}}}"
            if match[2] in values:
                return str(values[match[2]])
            return str(self._get(match[2]) if "." in match[2] else self._ref(match[2]))

        return _VARIABLE.sub(replaced, text)

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self._value(then if self._holds(condition) else otherwise)

    def _equals(self, argument: list[Any]) -> bool:
        left, right = map(self._value, argument)
        return str(left) == str(right)

    def _select(self, argument: list[Any]) -> Any:
        index, values = argument
        return self._value(values)[int(index)]

    def _join(self, argument: list[Any]) -> str:
        between, values = argument
        return str(between).join(map(str, self._value(values)))


_FUNCTIONS: Mapping[str, Callable[[_Evaluation, Any], Any]] = {
    "Ref": _Evaluation._ref,
    "Condition": _Evaluation._holds,
    "Fn::GetAtt": _Evaluation._get,
    "Fn::Sub": _Evaluation._sub,
    "Fn::If": _Evaluation._if,
    "Fn::Equals": _Evaluation._equals,
    "Fn::Not": lambda self, argument: not self._holds(argument[0]),
    "Fn::And": lambda self, argument: all(self._holds(one) for one in argument),
    "Fn::Or": lambda self, argument: any(self._holds(one) for one in argument),
    "Fn::Join": _Evaluation._join,
    "Fn::Select": _Evaluation._select,
}

_NAMED_BY = {
    "AWS::ApiGateway::Stage": "StageName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Logs::LogStream": "LogStreamName",
    "AWS::SSM::Parameter": "Name",
    "AWS::IAM::Role": "RoleName",
}
"""The property that Ref gives where it is set."""


def _is_retained(raw: Mapping[str, Any]) -> bool:
    return str(raw.get("DeletionPolicy", "")).startswith("Retain")


def _parameters(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(given) - set(declared):
        raise TemplateRefused(f"the template has no parameter {min(unknown)}")
    values = {name: given.get(name, rules.get("Default")) for name, rules in declared.items()}
    for name, value in values.items():
        allowed = declared[name].get("AllowedValues")
        if value is None:
            raise TemplateRefused(f"the parameter {name} needs a value")
        if allowed and str(value) not in map(str, allowed):
            raise TemplateRefused(f"the parameter {name} cannot be {value}")
    return values
