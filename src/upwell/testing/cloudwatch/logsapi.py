"""The calls of the CloudWatch Logs API (JSON 1.1) that make groups and streams, list them, and read events back.

Only what a gateway and its tests call. A filter pattern is a list of words or quoted phrases that
must all occur in the event; JSON patterns are refused rather than half understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from upwell.otlp.model import Signal
from upwell.testing.archive import Archive, NotKept
from upwell.testing.cloudwatch.loggroups import Group, LogGroups, Stream, refused
from upwell.testing.listener import Answer, Request

TARGET_PREFIX = "Logs_20140328."
ACCOUNT = "123456789012"
SPANS = "aws/spans"
"""The group that Transaction Search keeps spans in; it is there, and nobody else can write to it."""

_MEDIA_TYPE = "application/x-amz-json-1.1"
_MS = 1_000_000
_PHRASE = re.compile(r'"([^"]*)"|(\S+)')

Params = Mapping[str, Any]
T = TypeVar("T")


class LogsApi:
    """Answers one call. Raises Refused with the API's own exception names."""

    def __init__(self, groups: LogGroups, archive: Archive, region: str, now_ns: Callable[[], int]) -> None:
        self._groups = groups
        self._archive = archive
        self._region = region
        self._now_ns = now_ns
        self._calls: Mapping[str, Callable[[Params], dict[str, Any] | None]] = {
            "CreateLogGroup": self._create_group,
            "CreateLogStream": self._create_stream,
            "DeleteLogGroup": self._delete_group,
            "DeleteLogStream": self._delete_stream,
            "PutRetentionPolicy": self._put_retention,
            "DeleteRetentionPolicy": self._delete_retention,
            "DescribeLogGroups": self._describe_groups,
            "DescribeLogStreams": self._describe_streams,
            "FilterLogEvents": self._filter_events,
            "GetLogEvents": self._get_events,
        }

    def answer(self, request: Request) -> Answer:
        operation = request.header("x-amz-target").removeprefix(TARGET_PREFIX)
        call = self._calls.get(operation)
        if call is None:
            raise refused("UnknownOperationException", f"this fake does not know {operation}")
        result = call(_params(request.body))
        return Answer(200, b"" if result is None else orjson.dumps(result), {"Content-Type": _MEDIA_TYPE})

    def events(self, group: str, streams: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The events of some streams of a group, as FilterLogEvents gives them, in order of arrival. Raises NotKept."""
        since = {stream.name: stream.created_ns for stream in self._groups.streams(group) if stream.name in streams}
        for kept in self._archive.kept(Signal.LOGS):
            if kept.stream is None or kept.stream[0] != group or kept.time_ns < since.get(kept.stream[1], kept.time_ns + 1):
                continue
            for index, item in enumerate(kept.items(Signal.LOGS)):
                yield {
                    "logStreamName": kept.stream[1],
                    "timestamp": item["timeUnixNano"] // _MS,
                    "message": orjson.dumps(item).decode(),
                    "ingestionTime": kept.time_ns // _MS,
                    "eventId": f"{kept.number:048d}{index:08d}",
                }

    # -- groups and streams ------------------------------------------------------------------------------------------------------

    def _create_group(self, params: Params) -> None:
        self._groups.create_group(_text(params, "logGroupName"), self._now_ns(), params.get("logGroupClass", "STANDARD"))

    def _create_stream(self, params: Params) -> None:
        self._groups.create_stream(_text(params, "logGroupName"), _text(params, "logStreamName"), self._now_ns())

    def _delete_group(self, params: Params) -> None:
        self._groups.delete_group(_text(params, "logGroupName"))

    def _delete_stream(self, params: Params) -> None:
        self._groups.delete_stream(_text(params, "logGroupName"), _text(params, "logStreamName"))

    def _put_retention(self, params: Params) -> None:
        if type(params.get("retentionInDays")) is not int:
            raise refused("InvalidParameterException", "retentionInDays is required")
        self._groups.retain(_text(params, "logGroupName"), params["retentionInDays"])

    def _delete_retention(self, params: Params) -> None:
        self._groups.retain(_text(params, "logGroupName"), None)

    def _describe_groups(self, params: Params) -> dict[str, Any]:
        groups = self._groups.groups(params.get("logGroupNamePrefix", ""))
        page, token = _page(groups, params, default=50, most=50)
        return {"logGroups": [self._group(group) for group in page], **token}

    def _describe_streams(self, params: Params) -> dict[str, Any]:
        group = _group_name(params)
        streams = self._groups.streams(group, params.get("logStreamNamePrefix", ""))
        if params.get("descending"):
            streams.reverse()
        page, token = _page(streams, params, default=50, most=50)
        return {"logStreams": [self._stream(group, stream) for stream in page], **token}

    def _group(self, group: Group) -> dict[str, Any]:
        arn = f"arn:aws:logs:{self._region}:{ACCOUNT}:log-group:{group.name}"
        out: dict[str, Any] = {
            "logGroupName": group.name,
            "creationTime": group.created_ns // _MS,
            "metricFilterCount": 0,
            "arn": f"{arn}:*",
            "logGroupArn": arn,
            "storedBytes": 0,
            "logGroupClass": group.log_class,
        }
        if group.retention_days is not None:
            out["retentionInDays"] = group.retention_days
        return out

    def _stream(self, group: str, stream: Stream) -> dict[str, Any]:
        arn = f"arn:aws:logs:{self._region}:{ACCOUNT}:log-group:{group}:log-stream:{stream.name}"
        return {"logStreamName": stream.name, "creationTime": stream.created_ns // _MS, "arn": arn, "storedBytes": 0}

    # -- events ------------------------------------------------------------------------------------------------------------------

    def _filter_events(self, params: Params) -> dict[str, Any]:
        group = _group_name(params)
        if group == SPANS:
            return self._filter(self._spans(), params)
        names = [stream.name for stream in self._groups.streams(group, params.get("logStreamNamePrefix", ""))]
        if wanted := params.get("logStreamNames"):
            names = [self._groups.stream(group, name).name for name in wanted]
        return self._filter(self._events(group, names), params)

    def _filter(self, events: Iterator[dict[str, Any]], params: Params) -> dict[str, Any]:
        phrases = _phrases(params.get("filterPattern", ""))
        first, last = params.get("startTime", 0), params.get("endTime", 2**63)
        found = [event for event in events if first <= event["timestamp"] <= last and _holds(event, phrases)]
        page, token = _page(sorted(found, key=lambda event: event["timestamp"]), params, default=10_000, most=10_000)
        return {"events": page, "searchedLogStreams": [], **token}

    def _get_events(self, params: Params) -> dict[str, Any]:
        """Pages are counted from the head or the tail; tokens are `f/` or `b/` and the number of events before the page."""
        group, stream = _group_name(params), _text(params, "logStreamName")
        self._groups.stream(group, stream)
        first, last = params.get("startTime", 0), params.get("endTime", 2**63)
        events = sorted((e for e in self._events(group, [stream]) if first <= e["timestamp"] < last), key=lambda e: e["timestamp"])
        limit = _limit(params, default=10_000, most=10_000)
        kind, _, at = params.get("nextToken", "").partition("/")
        if kind == "b":
            end = _offset(at)
            start = max(end - limit, 0)
        elif kind == "f":
            start = _offset(at)
            end = min(start + limit, len(events))
        else:
            start = 0 if params.get("startFromHead") else max(len(events) - limit, 0)
            end = min(start + limit, len(events))
        shown = [{key: event[key] for key in ("timestamp", "message", "ingestionTime")} for event in events[start:end]]
        return {"events": shown, "nextForwardToken": f"f/{end}", "nextBackwardToken": f"b/{start}"}

    def _spans(self) -> Iterator[dict[str, Any]]:
        """The events of `aws/spans`, which X-Ray writes; the form of a stored span is not documented."""
        try:
            kept = self._archive.kept(Signal.TRACES)
        except NotKept as error:
            raise refused("InvalidOperationException", str(error)) from None
        for each in kept:
            for index, span in enumerate(each.items(Signal.TRACES)):
                yield {
                    "logStreamName": "default",
                    "timestamp": span["endTimeUnixNano"] // _MS,
                    "message": orjson.dumps(span).decode(),
                    "ingestionTime": each.time_ns // _MS,
                    "eventId": f"{each.number:048d}{index:08d}",
                }

    def _events(self, group: str, streams: Sequence[str]) -> Iterator[dict[str, Any]]:
        try:
            yield from self.events(group, streams)
        except NotKept as error:
            raise refused("InvalidOperationException", str(error)) from None


def _params(body: bytes) -> Params:
    try:
        params = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise refused("SerializationException", "the body is not JSON") from None
    if not isinstance(params, dict):
        raise refused("SerializationException", "the body is not an object")
    return params


def _text(params: Params, name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str):
        raise refused("InvalidParameterException", f"Value null at '{name}' failed to satisfy constraint: Member must not be null")
    return value


def _group_name(params: Params) -> str:
    """By name, or by the identifier that is a name or an ARN."""
    if "logGroupIdentifier" in params:
        return _text(params, "logGroupIdentifier").rsplit(":log-group:", 1)[-1].removesuffix(":*")
    return _text(params, "logGroupName")


def _phrases(pattern: str) -> list[str]:
    if pattern.lstrip().startswith(("{", "[", "?", "-", "%")):
        raise refused("InvalidParameterException", "this fake knows filter patterns of words and quoted phrases only")
    return [quoted or word for quoted, word in _PHRASE.findall(pattern)]


def _holds(event: Mapping[str, Any], phrases: Sequence[str]) -> bool:
    return all(phrase in event["message"] for phrase in phrases)


def _limit(params: Params, default: int, most: int) -> int:
    limit = params.get("limit", default)
    if type(limit) is not int or not 1 <= limit <= most:
        raise refused("InvalidParameterException", f"limit must be between 1 and {most}")
    return limit


def _offset(token: str) -> int:
    if not token.isdecimal():
        raise refused("InvalidParameterException", "The specified nextToken is invalid.")
    return int(token)


def _page(found: Sequence[T], params: Params, default: int, most: int) -> tuple[Sequence[T], dict[str, str]]:
    start = _offset(params.get("nextToken", "0"))
    end = start + _limit(params, default, most)
    return found[start:end], {"nextToken": str(end)} if end < len(found) else {}
