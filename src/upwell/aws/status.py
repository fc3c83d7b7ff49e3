"""What a stack is doing: its endpoint, its keys and those it had, when each stream last got an event, what was refused. It only reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from upwell.aws import names
from upwell.aws import stack as stacks
from upwell.aws.account import Account
from upwell.aws.stack import Stack
from upwell.errors import AwsError

_HOURS = 24
_METRICS = ("Count", "4XXError", "5XXError")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key that is or was. `last_event_ms` is Unix ms by CloudWatch's own, late, account; None for never or unknown."""

    team: str
    id: str
    number: int | None
    live: bool
    last_event_ms: int | None


@dataclass(frozen=True, slots=True)
class Refusals:
    """Requests of the last day, counted by API Gateway. `refused` are answers 4XX, `failed` 5XX."""

    requests: int
    refused: int
    failed: int


@dataclass(frozen=True, slots=True)
class Status:
    """One look. What may not be seen is None, with the reason in `notes`."""

    stack: Stack
    keys: Sequence[KeyStatus]
    refusals: Refusals | None
    notes: Sequence[str]


def look(account: Account, name: str) -> Status:
    """Look once. Raises NotDeployed, and what AWS refuses of the stack itself."""
    stack = stacks.get(account, name)
    notes: list[str] = []
    teams = _or_none(lambda: stacks.records(account, name), notes) or {}
    seen = _or_none(lambda: _last_events(account, stack), notes) or {}
    refusals = _or_none(lambda: _refusals(account, stack), notes)
    return Status(stack, _keys(stack, teams, seen), refusals, notes)


def _keys(stack: Stack, teams: Mapping[str, str], seen: Mapping[str, int]) -> list[KeyStatus]:
    live = [KeyStatus(key.team, key.id, key.number, True, seen.get(key.id)) for key in stacks.deployed_keys(stack, teams)]
    gone = sorted((team, key_id) for key_id, team in teams.items() if key_id not in {key.id for key in live})
    return [*live, *(KeyStatus(team, key_id, None, False, seen.get(key_id)) for team, key_id in gone)]


def _or_none(ask: Callable[[], T], notes: list[str]) -> T | None:
    """What may be seen; else None, and why in the notes."""
    try:
        return ask()
    except AwsError as error:
        notes.append(error.message)
        return None


def _last_events(account: Account, stack: Stack) -> Mapping[str, int]:
    """Unix ms of each stream's last event. CloudWatch brings this up to date within the hour (API reference, LogStream)."""
    listed = account.pages("logs", "describe_log_streams", "logStreams", logGroupName=stack.log_group)
    return {stream["logStreamName"]: stream["lastEventTimestamp"] for stream in listed if stream.get("lastEventTimestamp")}


def _refusals(account: Account, stack: Stack) -> Refusals:
    now = datetime.fromtimestamp(time.time(), UTC)
    queries = [_sum(metric, stack.name) for metric in _METRICS]
    start = now - timedelta(hours=_HOURS)
    found = account.call("cloudwatch", "get_metric_data", MetricDataQueries=queries, StartTime=start, EndTime=now)
    sums = {entry["Id"]: int(sum(entry["Values"])) for entry in found["MetricDataResults"]}
    return Refusals(*(sums.get(_id(metric), 0) for metric in _METRICS))


def _sum(metric: str, api: str) -> dict[str, Any]:
    dimensions = [{"Name": "ApiName", "Value": api}, {"Name": "Stage", "Value": names.STAGE}]
    counted = {"Namespace": "AWS/ApiGateway", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": _id(metric), "MetricStat": {"Metric": counted, "Period": 3600, "Stat": "Sum"}}


def _id(metric: str) -> str:
    return f"m{metric.lower()}"
