"""A change set in plain words: a team's key is one line, not five resources. It decides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from upwell.aws import names
from upwell.aws.changes import Change

_SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": ">", "Dynamic": "~"}
_KEY_PART = re.compile(r"^(.+Key[0-9]+)(Stream|Member|Team)?$")
_WHAT = {
    names.API: "the REST API",
    names.ROLE: "the role that it signs with",
    names.LOG_GROUP_RESOURCE: "the log group",
    names.ACCESS_LOG_GROUP_RESOURCE: "the log group of access logs",
    names.STAGE_RESOURCE: "the stage that agents reach",
    names.ALARM_TOPIC: "the topic that sends alarms by e-mail",
    names.SEARCH_POLICY: "X-Ray's right to write spans (account-wide)",
    names.SEARCH_CONFIG: "Transaction Search (account-wide)",
}
_MANY = 3  # of one kind, beyond which they are counted together


def lines(changes: Sequence[Change]) -> list[str]:
    """One line for each thing that a person knows; what is removed for good is said."""
    keys = [change for change in changes if _part(change) == ""]
    told = {change.logical_id for change in changes if _part(change) is not None}
    rest = [change for change in changes if change.logical_id not in told]
    return [*(_key(change) for change in keys), *_parts(changes, {change.logical_id for change in keys}), *_rest(rest)]


def _part(change: Change) -> str | None:
    """Which part of a key it is: "" the key itself, None for none of them."""
    match = _KEY_PART.match(change.logical_id)
    return None if match is None else match[2] or ""


def _key(change: Change) -> str:
    more = {"Add": "with a log stream of its own", "Remove": "agents that use it get 403; its stream and events stay"}
    replaced = "; REPLACED: its text changes" if change.replaced else ""
    return f"{_SIGNS[change.action]} API key {change.logical_id}{_comma(more.get(change.action, ''))}{replaced}"


def _parts(changes: Sequence[Change], keys: set[str]) -> Iterator[str]:
    """Parts that change without their key."""
    for change in changes:
        match = _KEY_PART.match(change.logical_id)
        if match and match[2] and match[1] not in keys:
            yield f"{_SIGNS[change.action]} {change.logical_id} ({_short(change.kind)}){_suffix(change)}"


def _rest(changes: Sequence[Change]) -> Iterator[str]:
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.action, change.kind), []).append(change)
    for (action, kind), group in groups.items():
        if kind == "AWS::ApiGateway::Deployment":
            if action == "Add":
                yield "+ a new snapshot of the API, which the stage then serves"
        elif len(group) > _MANY:
            yield f"{_SIGNS[action]} {len(group)} of {_short(kind)}"
        else:
            yield from (f"{_SIGNS[action]} {_WHAT.get(one.logical_id, one.logical_id)} ({_short(kind)}){_suffix(one)}" for one in group)


def _suffix(change: Change) -> str:
    if change.action == "Import":
        return ", taken into the stack with all that is in it"
    if change.action == "Remove":
        return ", leaves the stack and stays in the account" if change.kept else ", DELETED"
    return ", REPLACED" if change.replaced else ""


def _short(kind: str) -> str:
    return kind.removeprefix("AWS::").replace("::", " ")


def _comma(text: str) -> str:
    return f", {text}" if text else ""
