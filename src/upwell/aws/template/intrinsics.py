"""CloudFormation's functions, as the JSON that they are. Nothing here knows a resource."""

from __future__ import annotations

from typing import Any, TypeAlias

Value: TypeAlias = Any
"""A text or number, or the function that gives it."""
Resource: TypeAlias = dict[str, Any]
Resources: TypeAlias = dict[str, Resource]
"""By logical id."""

NO_VALUE: Value = {"Ref": "AWS::NoValue"}


def ref(name: str) -> Value:
    return {"Ref": name}


def sub(text: str) -> Value:
    return {"Fn::Sub": text}


def get(name: str, attribute: str) -> Value:
    return {"Fn::GetAtt": [name, attribute]}


def choose(condition: str | None, then: Value, otherwise: Value = NO_VALUE) -> Value:
    """`then` where the condition holds; without a condition, always."""
    return then if condition is None else {"Fn::If": [condition, then, otherwise]}


def equals(left: Value, right: Value) -> Value:
    return {"Fn::Equals": [left, right]}


def negate(condition: Value) -> Value:
    return {"Fn::Not": [condition]}


def all_of(*conditions: Value) -> Value:
    return {"Fn::And": list(conditions)}


def when(condition: str | None, resource: Resource) -> Resource:
    """The resource, made only where the condition holds."""
    return resource if condition is None else {"Type": resource["Type"], "Condition": condition, **resource}


def arn(service: str, resource: str) -> Value:
    """An ARN in the stack's own partition, Region and account."""
    return sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def tags(given: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(given.items())]
