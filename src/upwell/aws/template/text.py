"""A template as text: YAML for people, with a comment on what is not obvious, and compact JSON for the API."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from upwell.aws.names import DEPLOYMENT_PREFIX

_COMMENTS = {
    "Api": "*/* and no content handling: JSON and protobuf both pass untouched. No mapping templates can stand beside it.",
    "LogsMethod": "The log group is the stage's variable, the stream the key's id: for logs the key decides the team.",
    "ThrottledAnswer": "Agents retry what says when; API Gateway's own answers do not, unless told to.",
    "UnknownPathAnswer": "A 403 always means a key (or, with allow_cidrs, a network).",
    "Deployment": "A snapshot of all of the above. Its name carries their hash, or CloudFormation would not deploy changes.",
    "LogGroup": "The group and its streams stay when the stack goes, or a key. The name is a literal so that it can be imported again.",
    "Role": "No condition in the trust policy: API Gateway fills none when it assumes an integration's role, and every call would fail.",
    "TransactionSearchPolicy": "Account-wide; stays when the stack goes.",
}
_LOGICAL_ID = re.compile(r"^  ([A-Za-z0-9]+):$", re.MULTILINE)
_QUOTED_NAME = re.compile(r"(!Ref|!GetAtt) '([A-Za-z0-9:.]+)'")  # the library quotes every text that has a tag


def body(template: dict[str, Any]) -> str:
    """Compact JSON, for a request whose template may have 51,200 bytes."""
    return json.dumps(template, separators=(",", ":"))


def to_yaml(template: dict[str, Any]) -> str:
    """The same template for people: CloudFormation's short forms, comments, everything in its order."""
    text = _QUOTED_NAME.sub(r"\1 \2", _dumped(template))
    head, resources, rest = re.split(r"^(?=Resources:|Outputs:)", text, flags=re.MULTILINE)
    parts = [head, _LOGICAL_ID.sub(_commented, resources), rest]
    return re.sub(r"^(?=(?:Parameters|Conditions|Resources|Outputs):)", "\n", "".join(parts), flags=re.MULTILINE)


def _commented(found: re.Match[str]) -> str:
    comment = _COMMENTS.get(re.sub(rf"^({DEPLOYMENT_PREFIX})[0-9a-f]{{10}}$", r"\1", found[1]))
    return f"  # {comment}\n{found[0]}" if comment else found[0]


def _dumped(template: dict[str, Any]) -> str:
    return yaml.dump(template, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)


class _Dumper(yaml.SafeDumper):
    """Lists indented under their key, functions in their short form, no anchors."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the base class's signature
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class's signature
        return True


def _mapping(dumper: _Dumper, found: dict[str, Any]) -> yaml.Node:
    if len(found) == 1:
        ((name, value),) = found.items()
        if name == "Ref":
            return dumper.represent_scalar("!Ref", value)
        if name == "Fn::GetAtt":
            return dumper.represent_scalar("!GetAtt", ".".join(value))
        if name.startswith("Fn::"):
            return _function(dumper, f"!{name.removeprefix('Fn::')}", value)
    return dumper.represent_mapping("tag:yaml.org,2002:map", found)


def _function(dumper: _Dumper, tag: str, value: Any) -> yaml.Node:
    if isinstance(value, str):
        return dumper.represent_scalar(tag, value, style="|" if "\n" in value else None)
    flat = all(isinstance(one, str) or (isinstance(one, dict) and set(one) == {"Ref"}) for one in value)
    return dumper.represent_sequence(tag, value, flow_style=flat)


_Dumper.add_representer(dict, _mapping)
