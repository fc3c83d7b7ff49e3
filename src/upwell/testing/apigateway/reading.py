"""A CloudFormation template from a file: JSON, or YAML with its short forms. It evaluates nothing."""

from __future__ import annotations

from typing import Any

import yaml


def read(text: str) -> dict[str, Any]:
    """The template with every function in its long form. Raises ValueError where it is none."""
    try:
        found = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader's subclass; JSON is YAML too
    except yaml.YAMLError as error:
        raise ValueError(f"the template is neither YAML nor JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise ValueError("the template has no Resources")  # noqa: TRY004 - the file's content is wrong, not the argument
    return found


class _Loader(yaml.SafeLoader):
    """Dates stay text: `2012-10-17` is the version of a policy."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: str(text).split(".", 1) if suffix == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]  # what is left is a mapping


_Loader.add_multi_constructor("!", _function)
