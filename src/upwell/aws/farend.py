"""Where CloudWatch shows what arrived: log events by FilterLogEvents, metrics by PromQL, spans in the group `aws/spans`.

It answers yes or not yet, and raises where it may not look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from upwell.aws import promql
from upwell.aws.account import Account, asking
from upwell.aws.mark import INSTANCE, METRIC, Mark
from upwell.otlp.model import Signal

SPANS = "aws/spans"
"""The log group that Transaction Search keeps spans in (CloudWatch-Transaction-Search-ingesting-span-log-groups)."""

_WINDOW = "15m"
_EARLIER_MS = 300_000  # clocks differ


_LOST = {
    Signal.LOGS: "Look into the log group yourself; with `upwell deploy` the stream has the key's id as its name.",
    Signal.METRICS: "Look for the metric upwell.probe in CloudWatch's Query Studio; OTLP metrics are not in the classic metrics list.",
    Signal.TRACES: "Run `aws xray get-trace-segment-destination`: it must say CloudWatchLogs and ACTIVE; spans come within ten minutes.",
}


class FarEnd(Protocol):
    """A destination that can be asked whether a marked event has arrived."""

    def shows(self, signal: Signal, mark: Mark, taken_ms: int) -> bool:
        """Whether the event, taken at a Unix time, is there by now. Raises UpwellError where it never will be, or cannot be asked."""
        ...

    def hint(self, signal: Signal) -> str:
        """The next step where it did not come."""
        ...


@dataclass(frozen=True, slots=True)
class CloudWatchEnd:
    """CloudWatch, asked with a Logs client and a function for PromQL. `stream` None looks in every stream of the group."""

    logs: Callable[[], Any]
    query: Callable[[str], list[dict[str, Any]]]
    group: str
    stream: str | None = None

    def shows(self, signal: Signal, mark: Mark, taken_ms: int) -> bool:
        """See FarEnd."""
        if signal is Signal.METRICS:
            found = promql.selector(METRIC, **{f"@resource.{INSTANCE}": mark.id})
            return bool(self.query(f"sum_over_time({found}[{_WINDOW}])"))
        group, stream = (SPANS, None) if signal is Signal.TRACES else (self.group, self.stream)
        return self._has_event(group, stream, mark, max(0, taken_ms - _EARLIER_MS))

    def hint(self, signal: Signal) -> str:
        """See FarEnd."""
        return _LOST[signal]

    def _has_event(self, group: str, stream: str | None, mark: Mark, since_ms: int) -> bool:
        wanted: Mapping[str, Any] = {"logGroupName": group, "filterPattern": f'"{mark.id}"', "startTime": since_ms}
        if stream is not None:
            wanted = {**wanted, "logStreamNames": [stream]}
        with asking(f"it was taken, but cannot be looked for in the log group {group}"):
            pages = self.logs().get_paginator("filter_log_events").paginate(**wanted)
            return any(page["events"] for page in pages)


def of_account(account: Account, group: str, stream: str | None) -> CloudWatchEnd:
    """The far end of a stack: its log group, and the stream of one key."""

    def query(text: str) -> list[dict[str, Any]]:
        return promql.instant(account.endpoint("cloudwatch"), account.region, account.credentials(), text)

    return CloudWatchEnd(lambda: account.client("logs"), query, group, stream)
