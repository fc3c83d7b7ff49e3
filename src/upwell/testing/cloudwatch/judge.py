"""The documented limits, applied to one export request: pure, knows neither HTTP nor what was stored before.

The documents leave some things open; this is what is chosen, the stricter reading where there are two:

- Metrics and traces are counted by the uncompressed body; logs by the flattened events (see `upwell.testing.flat`).
- 16 KB of resource and scope are counted in the same flattened JSON; a span's 200 KB in the encoding it came in.
- A size or count refuses the call with 400 (documented for metrics; for traces and logs only "rejected").
- Metric timestamps: the table knows 400 alone, so one bad point refuses the call. Spans: "none of the spans in the
  batch can be", so one bad span refuses the call. Logs: the records are left out and counted in a partial success,
  as that page's example shows, even when none is left.
- Start and end of a span are both looked at; an end of 0 is taken as not given. A time of 0 is too old.
- A JSON log event over 1 MB is stored whole where one large record is allowed; elsewhere it refuses the call, as
  PutLogEvents does. Truncation and large log objects are not played.
- The 24 hours are measured over the log records that are left after that, and over all spans.
- Labels are the attributes of resource, scope and point; their size is that of keys and values as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from upwell.otlp.model import Encoding
from upwell.testing.answers import Refused
from upwell.testing.cloudwatch.limits import DAY, LARGE_LOG_REGIONS, SECOND, LogLimits, MetricLimits, TraceLimits
from upwell.testing.export import Export, Group, Point
from upwell.testing.plain import Plain
from upwell.testing.verdict import Usage, Verdict

INVALID = "ValidationException"
"""The code of a broken limit at the metrics and traces endpoints; no document names one."""
INVALID_LOGS = "InvalidParameterException"
"""The code that PutLogEvents gives for the same limits."""


def judge_metrics(export: Export, limits: MetricLimits, now_ns: int) -> Verdict:
    usage = _usage(export, export.bytes, limits.request_bytes, limits.items)
    if export.bytes > limits.request_bytes:
        return Verdict(usage, _invalid(f"Maximum request size exceeded: {limits.request_bytes} bytes."))
    if export.count > limits.items:
        return Verdict(usage, _invalid(f"Maximum number of datapoints per request exceeded: {limits.items}."))
    times, faults = [], {}
    for index, (group, point) in enumerate(export.entries()):
        flat = export.flatten(group, point)
        times.append(flat["timeUnixNano"])
        if fault := _label_fault(flat, limits):
            faults[index] = f"{fault} [{_place(group, point)}]."
    usage = _usage(export, export.bytes, limits.request_bytes, limits.items, _ends(times))
    if late := _window_fault("datapoint", usage, limits.past_ns, limits.future_ns, now_ns):
        return Verdict(usage, _invalid(late))
    message = next(iter(faults.values()), "")
    if faults and len(faults) == export.count:
        return Verdict(usage, _invalid(message))
    return Verdict(usage, rejected=frozenset(faults), message=message)


def judge_traces(export: Export, limits: TraceLimits, now_ns: int) -> Verdict:
    usage = _usage(export, export.bytes, limits.request_bytes, limits.items)
    if export.bytes > limits.request_bytes:
        return Verdict(usage, _invalid(f"Maximum request size exceeded: {limits.request_bytes} bytes."))
    if export.count > limits.items:
        return Verdict(usage, _invalid(f"Maximum number of spans per request exceeded: {limits.items}."))
    if place := _big_group(export.groups, limits.group_bytes):
        return Verdict(usage, _invalid(f"Maximum size of resource and scope exceeded: {limits.group_bytes} bytes [{place}]."))
    times, big = [], set()
    for index, (_, span) in enumerate(export.entries()):
        start_ns, end_ns = export.reader.window(span)
        times += [start_ns, end_ns or start_ns]
        if export.reader.size(span) > limits.span_bytes:
            big.add(index)
    usage = _usage(export, export.bytes, limits.request_bytes, limits.items, _ends(times), limits.spread_ns)
    if fault := _window_fault("span", usage, limits.past_ns, limits.future_ns, now_ns) or _spread_fault(usage, limits.spread_ns):
        return Verdict(usage, _invalid(fault))
    return Verdict(usage, rejected=frozenset(big), message=f"Maximum size of a span exceeded: {limits.span_bytes} bytes." if big else "")


def judge_logs(export: Export, limits: LogLimits, now_ns: int, region: str, retention_ns: int | None) -> Verdict:
    """`retention_ns` is the log group's, None where events never expire."""
    large = export.encoding is Encoding.JSON and region in LARGE_LOG_REGIONS
    most = limits.large_request_bytes if large else limits.request_bytes
    if export.count > limits.items:
        refusal = _invalid_logs(f"Maximum number of log events per request exceeded: {limits.items}.")
        return Verdict(_usage(export, export.bytes, most, limits.items), refusal)
    times, sizes = [], []
    for group, record in export.entries():
        flat = export.flatten(group, record)
        times.append(flat["timeUnixNano"])
        sizes.append(len(orjson.dumps(flat)))
    counted = sum(sizes) + limits.overhead * len(sizes)
    usage = _usage(export, counted, most, limits.items, _ends(times))
    if place := _big_group(export.groups, limits.group_bytes):
        return Verdict(usage, _invalid_logs(f"Maximum size of resource and scope exceeded: {limits.group_bytes} bytes [{place}]."))
    if sum(size > limits.event_bytes for size in sizes) > (limits.large_records if large else 0):
        return Verdict(usage, _invalid_logs(f"Log event too large: {max(sizes)} bytes exceeds limit of {limits.event_bytes}."))
    if counted > most:
        return Verdict(usage, _invalid_logs(f"Maximum request size exceeded: {most} bytes."))
    reasons = {index: reason for index, time in enumerate(times) if (reason := _log_fault(time, limits, now_ns, retention_ns))}
    left = _ends(time for index, time in enumerate(times) if index not in reasons)
    usage = _usage(export, counted, most, limits.items, left, limits.spread_ns)
    if fault := _spread_fault(usage, limits.spread_ns):
        return Verdict(usage, _invalid_logs(fault))
    return Verdict(usage, rejected=frozenset(reasons), message=_log_message(reasons) if reasons else "")


def _label_fault(flat: Plain, limits: MetricLimits) -> str:
    labels = (flat["resource"]["attributes"], flat["scope"].get("attributes", {}), flat["attributes"])
    if sum(map(len, labels)) > limits.labels:
        return f"Maximum number of attributes exceeded: {limits.labels}"
    # JSON is never shorter than the texts in it: one quick look spares nearly every point the slow one
    if len(orjson.dumps(flat)) > limits.label_bytes and sum(map(_label_bytes, labels)) > limits.label_bytes:
        return f"Maximum size of attributes exceeded: {limits.label_bytes} bytes"
    return ""


def _label_bytes(attributes: Plain) -> int:
    texts = (value if type(value) is str else orjson.dumps(value).decode() for value in attributes.values())
    return sum(len(text.encode()) for text in (*attributes, *texts))


def _place(group: Group, point: Point) -> str:
    (resource, scope), (metric, datapoint) = group.place, point.place
    return f"ResourceMetrics.{resource + 1}.ScopeMetrics.{scope + 1}.Metrics.{metric + 1}.Datapoint.{datapoint + 1}"


def _big_group(groups: Iterable[Group], most: int) -> str:
    for group in groups:
        if group.entries and len(orjson.dumps(group.resource)) + len(orjson.dumps(group.scope)) > most:
            return f"Resource.{group.place[0] + 1}.Scope.{group.place[1] + 1}"
    return ""


def _log_fault(time_ns: int, limits: LogLimits, now_ns: int, retention_ns: int | None) -> str:
    if time_ns < now_ns - limits.past_ns:
        return "tooOldLogEventCount"
    if time_ns > now_ns + limits.future_ns:
        return "tooNewLogEventCount"
    return "expiredLogEventCount" if retention_ns is not None and time_ns < now_ns - retention_ns else ""


def _log_message(reasons: Mapping[int, str]) -> str:
    """The documented text: JSON inside the JSON of the answer."""
    kinds = ("tooOldLogEventCount", "tooNewLogEventCount", "expiredLogEventCount")
    return orjson.dumps({kind: list(reasons.values()).count(kind) for kind in kinds}).decode()


def _window_fault(what: str, usage: Usage, past_ns: int, future_ns: int, now_ns: int) -> str:
    if not usage.items:
        return ""
    if usage.oldest_ns < now_ns - past_ns:
        return f"The timestamp of a {what} is more than {past_ns // DAY} days in the past: {usage.oldest_ns}."
    if usage.newest_ns > now_ns + future_ns:
        return f"The timestamp of a {what} is more than {future_ns // (60 * SECOND)} minutes in the future: {usage.newest_ns}."
    return ""


def _spread_fault(usage: Usage, most_ns: int) -> str:
    return f"Maximum time gap in a request exceeded: {most_ns // SECOND} seconds." if usage.spread_ns > most_ns else ""


def _ends(times: Iterable[int]) -> tuple[int, int]:
    times = list(times)
    return (min(times), max(times)) if times else (0, 0)


def _usage(export: Export, counted: int, most: int, items: int, ends: tuple[int, int] = (0, 0), spread_ns: int | None = None) -> Usage:
    shares = {"bytes": counted / most, "items": export.count / items}
    if spread_ns is not None:
        shares["spread"] = (ends[1] - ends[0]) / spread_ns
    return Usage(export.count, counted, most, *ends, shares)


def _invalid(message: str) -> Refused:
    return Refused(400, INVALID, message)


def _invalid_logs(message: str) -> Refused:
    return Refused(400, INVALID_LOGS, message)
