"""Log groups and streams: what there is, and how long a group keeps events. The events themselves lie in the archive."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, replace

from upwell.testing.answers import Refused, Spelling

_GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_STREAM_NAME = re.compile(r"[^:*]{1,512}")
_DAY_NS = 86_400 * 1_000_000_000

RETENTION_DAYS = frozenset({1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653})
"""The values that PutRetentionPolicy takes."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One log stream; `created_ns` is Unix ns."""

    name: str
    created_ns: int


@dataclass(frozen=True, slots=True)
class Group:
    """One log group and its streams by name. `retention_days` is None where events never expire."""

    name: str
    created_ns: int
    retention_days: int | None = None
    log_class: str = "STANDARD"
    streams: dict[str, Stream] = field(default_factory=dict)

    @property
    def retention_ns(self) -> int | None:
        return None if self.retention_days is None else self.retention_days * _DAY_NS


class LogGroups:
    """Every method raises Refused the way the CloudWatch Logs API does: 400 with the exception's name."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._lock = threading.Lock()

    def create_group(self, name: str, now_ns: int, log_class: str = "STANDARD") -> None:
        _check_name(_GROUP_NAME, "logGroupName", name)
        with self._lock:
            if name in self._groups:
                raise refused("ResourceAlreadyExistsException", "The specified log group already exists")
            self._groups[name] = Group(name, now_ns, log_class=log_class)

    def create_stream(self, group: str, name: str, now_ns: int) -> None:
        _check_name(_STREAM_NAME, "logStreamName", name)
        with self._lock:
            streams = self._group(group).streams
            if name in streams:
                raise refused("ResourceAlreadyExistsException", "The specified log stream already exists")
            streams[name] = Stream(name, now_ns)

    def delete_group(self, name: str) -> None:
        with self._lock:
            del self._groups[self._group(name).name]

    def delete_stream(self, group: str, name: str) -> None:
        with self._lock:
            del self._group(group).streams[self._stream(group, name).name]

    def retain(self, name: str, days: int | None) -> None:
        """Keep events for some days; None: for ever."""
        if days is not None and days not in RETENTION_DAYS:
            raise refused("InvalidParameterException", f"Invalid retentionInDays: {days}")
        with self._lock:
            self._groups[name] = replace(self._group(name), retention_days=days)

    def group(self, name: str) -> Group:
        with self._lock:
            return self._group(name)

    def stream(self, group: str, name: str) -> Stream:
        with self._lock:
            return self._stream(group, name)

    def groups(self, prefix: str = "") -> list[Group]:
        with self._lock:
            return sorted((group for name, group in self._groups.items() if name.startswith(prefix)), key=lambda group: group.name)

    def streams(self, group: str, prefix: str = "") -> list[Stream]:
        with self._lock:
            streams = self._group(group).streams.values()
            return sorted((stream for stream in streams if stream.name.startswith(prefix)), key=lambda stream: stream.name)

    def _group(self, name: str) -> Group:
        if name not in self._groups:
            raise refused("ResourceNotFoundException", "The specified log group does not exist.")
        return self._groups[name]

    def _stream(self, group: str, name: str) -> Stream:
        streams = self._group(group).streams
        if name not in streams:
            raise refused("ResourceNotFoundException", "The specified log stream does not exist.")
        return streams[name]


def refused(code: str, message: str) -> Refused:
    """A refusal of the CloudWatch Logs API."""
    return Refused(400, code, message, spelling=Spelling.JSON)


def _check_name(pattern: re.Pattern[str], field_name: str, name: str) -> None:
    if pattern.fullmatch(name) is None:
        raise refused("InvalidParameterException", f"Value at '{field_name}' failed to satisfy constraint: {pattern.pattern}")
