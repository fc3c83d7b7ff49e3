"""Failures on demand: a list of them, each used up by the requests that it fits."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from upwell.testing.answers import Refused, Spelling
from upwell.testing.export import Export

API = "api"
"""`Failure.at` for CloudWatch Logs API calls (CreateLogGroup, ...)."""
STS = "sts"
"""`Failure.at` for STS calls (AssumeRole, ...)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What happens to the next `times` requests that fit (None: to all of them).

    Which requests: `at` a signal ("metrics", "traces", "logs"), "api" or "sts", or any export request where it is "";
    only with the `operation` named (api and sts); only with an item whose `attribute` (key, value) is this; only with more
    items than `items_over`. Items are known by the time of the failure, so a request that can't be read never gets here.

    What happens: first `delay` seconds pass. Then `status` is answered, with `code` and `message` spelled as `spelling` says and
    `headers` added (Retry-After), or the connection is `cut`; with neither the request goes on as usual. `after` lets the
    request be judged and stored first, so that only its answer is lost. `reject` leaves out that many items more, as a partial success.
    """

    at: str = ""
    times: int | None = 1
    operation: str = ""
    attribute: tuple[str, str] | None = None
    items_over: int | None = None
    delay: float = 0
    status: int | None = None
    code: str = ""
    message: str = "scripted failure"
    spelling: Spelling = Spelling.STATUS
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    after: bool = False
    reject: int = 0

    def refusal(self) -> Refused | None:
        if self.status is None:
            return None
        return Refused(self.status, self.code, self.message, spelling=self.spelling, headers=self.headers)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Failure:
        """A failure written as a JSON object with these field names. Raises ValueError for any other name."""
        if unknown := set(raw) - {each.name for each in fields(cls)}:
            raise ValueError(f"a failure has no field {min(unknown)!r}")
        values = dict(raw)
        if values.get("attribute") is not None:
            key, value = values["attribute"]
            values["attribute"] = (str(key), str(value))
        if "spelling" in values:
            values["spelling"] = Spelling(values["spelling"])
        return cls(**values)


NOTHING = Failure(message="")
"""What a request meets that no failure fits."""


class Script:
    """The failures still to come, in order; a request meets the first that fits. Thread-safe."""

    def __init__(self) -> None:
        self._left: list[tuple[Failure, int | None]] = []
        self._lock = threading.Lock()

    def play(self, failures: Iterable[Failure]) -> None:
        """Replace whatever is left."""
        with self._lock:
            self._left = [(failure, failure.times) for failure in failures if failure.times != 0]

    def take(self, at: str, export: Export | None = None, operation: str = "") -> Failure:
        with self._lock:
            for index, (failure, times) in enumerate(self._left):
                if _fits(failure, at, export, operation):
                    self._left[index : index + 1] = _used(failure, times)
                    return failure
        return NOTHING


def _used(failure: Failure, times: int | None) -> Sequence[tuple[Failure, int | None]]:
    if times is None:
        return [(failure, None)]
    return [(failure, times - 1)] if times > 1 else []


def _fits(failure: Failure, at: str, export: Export | None, operation: str) -> bool:
    if failure.at != at and not (failure.at == "" and export is not None):
        return False
    if failure.operation not in ("", operation):
        return False
    if failure.items_over is not None and (export is None or export.count <= failure.items_over):
        return False
    if failure.attribute is None:
        return True
    key, value = failure.attribute
    return export is not None and value in export.attributes(key)
