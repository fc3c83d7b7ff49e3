"""Rows for the sinks' tests: made by hand, recorded from real agents, or thought up by hypothesis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from upwell.journal.rows import Row
from upwell.otlp import METRIC_KINDS, Batch, Encoding, Signal, decode, encode, items, survey
from upwell.sinks.frames import Frame, Pieces

NOW_NS = 1_795_000_000 * 10**9
"""When hand-made rows arrive."""

PROPERTY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties of batches: they are slow to draw, and the machine is shared."""

AGENTS = Path(__file__).parents[1] / "fixtures" / "agents"


def row(batch: Batch, signal: Signal, *, received_ns: int = NOW_NS, seq: int = 1) -> Row:
    """A batch as the journal would give it back."""
    found = survey(batch, signal)
    body = encode(batch, signal, Encoding.JSON)
    return Row("segment", seq, signal, "key", received_ns, found.items, found.oldest_ns, found.newest_ns, body)


def attribute(key: str, value: Any) -> dict[str, Any]:
    """A KeyValue of a text or an integer."""
    return {"key": key, "value": {"stringValue": value} if isinstance(value, str) else {"intValue": str(value)}}


def logs(records: Sequence[dict[str, Any]], resource: Sequence[dict[str, Any]] = ()) -> Batch:
    """A batch of one resource and one scope."""
    scope = {"scope": {"name": "tests", "version": "1"}, "logRecords": list(records)}
    return {"resourceLogs": [{"resource": {"attributes": list(resource)}, "scopeLogs": [scope]}]}


def record(text: str = "hello", *, time_ns: int = NOW_NS, **fields: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(time_ns), "body": {"stringValue": text}, **fields}


def traces(spans: Sequence[dict[str, Any]], resource: Sequence[dict[str, Any]] = ()) -> Batch:
    scope = {"scope": {"name": "tests"}, "spans": list(spans)}
    return {"resourceSpans": [{"resource": {"attributes": list(resource)}, "scopeSpans": [scope]}]}


def span(name: str = "work", *, start_ns: int = NOW_NS - 10**9, end_ns: int = NOW_NS, **fields: Any) -> dict[str, Any]:
    ids = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"}
    return {**ids, "name": name, "startTimeUnixNano": str(start_ns), "endTimeUnixNano": str(end_ns), **fields}


def metrics(points: Sequence[dict[str, Any]], resource: Sequence[dict[str, Any]] = (), *, name: str = "count") -> Batch:
    data = {"dataPoints": list(points), "aggregationTemporality": 1, "isMonotonic": True}
    scope = {"scope": {"name": "tests"}, "metrics": [{"name": name, "unit": "1", "sum": data}]}
    return {"resourceMetrics": [{"resource": {"attributes": list(resource)}, "scopeMetrics": [scope]}]}


def point(value: int = 1, *, time_ns: int = NOW_NS, **fields: Any) -> dict[str, Any]:
    return {"timeUnixNano": str(time_ns), "asInt": str(value), **fields}


def recorded(signal: Signal | None = None) -> Iterator[tuple[str, Row]]:
    """Every payload that a real agent sent, by its path."""
    for path in sorted(AGENTS.glob("*/*/[0-9]*")):
        if path.suffix == ".json" and path.name.count(".") != 2:
            continue
        of = Signal(path.name.split(".")[1])
        if signal in (None, of):
            encoding = Encoding.JSON if path.suffix == ".json" else Encoding.PROTOBUF
            yield str(path.relative_to(AGENTS)), row(decode(path.read_bytes(), of, encoding).batch, of)


def own_items(batch: Batch, signal: Signal) -> list[dict[str, Any]]:
    """The items of a batch, in document order."""
    return [found.item for found in items(batch, signal)]


def frames(pieces: Pieces) -> Iterator[Frame]:
    """Every frame of cut pieces, outer before inner."""
    waiting = list(pieces.frames)
    while waiting:
        frame = waiting.pop(0)
        yield frame
        waiting[:0] = frame.inner


# -- batches of any shape that the door lets in --------------------------------------------------------------------------------------

_times = st.one_of(st.just(0), st.integers(NOW_NS - 3600 * 10**9, NOW_NS)).flatmap(lambda time: st.sampled_from([time, str(time)]))
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_unknown = st.dictionaries(
    st.sampled_from(["key", "value", "stringValue", "x", "schemaUrl2", "scope2"]), st.one_of(_text, st.integers(0, 9)), max_size=2
)
_scalars = st.one_of(
    st.builds(lambda text: {"stringValue": text}, _text),
    st.builds(lambda number: {"intValue": number}, st.integers(-(2**63), 2**63 - 1)),
    st.builds(lambda number: {"intValue": str(number)}, st.integers(-(2**63), 2**63 - 1)),
    st.builds(lambda number: {"doubleValue": number}, st.floats(allow_nan=False, allow_infinity=False)),
    st.sampled_from([{}, {"boolValue": True}, {"doubleValue": "NaN"}, {"bytesValue": "aGVsbG8="}, {"stringValue": None}, {"x": 1}, None]),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.builds(lambda values: {"arrayValue": {"values": values}}, st.lists(inner, max_size=3)),
        st.builds(
            lambda keys, values: {"kvlistValue": {"values": [{"key": k, "value": v} for k, v in zip(keys, values, strict=False)]}},
            st.lists(_text, max_size=3),
            st.lists(inner, max_size=3),
        ),
    ),
    max_leaves=4,
)
_attribute = st.one_of(
    st.builds(lambda key, value: {"key": key, "value": value}, _text, _values),
    st.builds(lambda key, value: {"value": value, "key": key}, _text, _values),
    st.builds(lambda key: {"key": key}, _text),
    st.builds(lambda value: {"": 0, "value": value}, _scalars),
)
_attributes = st.one_of(st.none(), st.lists(_attribute, max_size=4))


def _objects(optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with some fields, in one order or the other, and now and then a field that OTLP does not have."""
    fields = st.fixed_dictionaries({}, optional={**optional, "unknown": _unknown})
    return st.builds(lambda made, turned: dict(reversed(made.items())) if turned else made, fields, st.booleans())


_hex = st.binary(min_size=8, max_size=8).map(bytes.hex)
_records = _objects(
    {
        "timeUnixNano": _times,
        "observedTimeUnixNano": _times,
        "severityNumber": st.integers(0, 24),
        "severityText": _text,
        "body": _values,
        "attributes": _attributes,
        "droppedAttributesCount": st.integers(0, 9),
        "flags": st.integers(0, 255),
        "traceId": st.just("0af7651916cd43dd8448eb211c80319c"),
        "spanId": _hex,
        "eventName": _text,
    },
)
_spans = _objects(
    {
        "traceId": st.just("0af7651916cd43dd8448eb211c80319c"),
        "spanId": _hex,
        "name": _text,
        "kind": st.integers(0, 5),
        "startTimeUnixNano": _times,
        "endTimeUnixNano": _times,
        "attributes": _attributes,
        "status": st.just({"code": 2, "message": "no"}),
    },
)
_points = _objects({"timeUnixNano": _times, "attributes": _attributes})
_data = _objects({"dataPoints": st.lists(_points, max_size=4), "aggregationTemporality": st.sampled_from([0, 1, 2])})
_metric = st.builds(
    lambda fields, kind, data: {**fields, kind: data},
    _objects({"name": _text, "unit": _text, "metadata": st.lists(_attribute, max_size=2)}),
    st.sampled_from(METRIC_KINDS),
    _data,
)
_entries = {Signal.LOGS: _records, Signal.TRACES: _spans, Signal.METRICS: st.one_of(_metric, _objects({"name": _text}))}
_resource = _objects({"attributes": _attributes, "droppedAttributesCount": st.integers(0, 3)})
_scope = _objects({"name": _text, "version": _text, "attributes": _attributes})


def batches(signal: Signal) -> st.SearchStrategy[Batch]:
    """Batches in any shape and order of fields."""
    below_scope = _objects({"scope": _scope, signal.entry_field: st.lists(_entries[signal], max_size=4), "schemaUrl": _text})
    below_resource = _objects({"resource": _resource, signal.scope_field: st.lists(below_scope, max_size=3), "schemaUrl": _text})
    return st.builds(lambda resources: {signal.resource_field: resources}, st.lists(below_resource, max_size=3))
