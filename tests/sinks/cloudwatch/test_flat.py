"""The stored form of a log record, as far as AWS has written it down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.sinks import rows
from upwell.otlp import Signal
from upwell.sinks.cloudwatch.flat import context, context_size, own, own_size


def event(resource_entry: Mapping[str, Any], scope_entry: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    return {**context(resource_entry, scope_entry), **own(record)}


def compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_a_full_record_is_flattened_as_aws_writes_it() -> None:
    """Attributes become maps, values plain, 64-bit integers numbers; scope attributes and eventName only where there are any."""
    resource = {"resource": {"attributes": [rows.attribute("service.name", "codex")]}, "schemaUrl": "r"}
    scope = {"scope": {"name": "s", "version": "1", "attributes": [rows.attribute("a", 1)]}, "schemaUrl": "u"}
    nested = {"kvlistValue": {"values": [{"key": "in", "value": {"arrayValue": {"values": [{"boolValue": True}, {}, None]}}}]}}
    record = {
        "timeUnixNano": "5",
        "observedTimeUnixNano": 6,
        "severityNumber": 9,
        "severityText": "INFO",
        "body": {"stringValue": "hé"},
        "attributes": [{"key": "n", "value": nested}, {"key": "d", "value": {"doubleValue": 1.5}}, {"key": "none"}],
        "droppedAttributesCount": 2,
        "flags": 1,
        "traceId": "aa",
        "spanId": "bb",
        "eventName": "e",
        "unknown": {"not": "stored"},
    }

    assert event(resource, scope, record) == {
        "resource": {"attributes": {"service.name": "codex"}, "schemaUrl": "r"},
        "scope": {"name": "s", "version": "1", "schemaUrl": "u", "attributes": {"a": 1}},
        "body": "hé",
        "severityNumber": 9,
        "severityText": "INFO",
        "attributes": {"n": {"in": [True, None, None]}, "d": 1.5, "none": None},
        "droppedAttributes": 2,
        "timeUnixNano": 5,
        "observedTimeUnixNano": 6,
        "traceId": "aa",
        "spanId": "bb",
        "flags": 1,
        "eventName": "e",
    }


def test_an_empty_record_has_every_field_at_its_default() -> None:
    """What a record lacks is stored as empty text, null or 0."""
    assert event({}, {}, {}) == {
        "resource": {"attributes": {}, "schemaUrl": ""},
        "scope": {"name": "", "version": "", "schemaUrl": ""},
        "body": None,
        "severityNumber": 0,
        "severityText": "",
        "attributes": {},
        "droppedAttributes": 0,
        "timeUnixNano": 0,
        "observedTimeUnixNano": 0,
        "traceId": "",
        "spanId": "",
        "flags": 0,
    }


@rows.PROPERTY
@given(st.data())
def test_sizes_are_those_of_the_event_actually_built(data: st.DataObject) -> None:
    """context_size plus own_size is the length of the whole event's text."""
    batch = data.draw(rows.batches(Signal.LOGS))
    for resource in batch["resourceLogs"]:
        for scope in resource.get("scopeLogs") or ():
            for record in scope.get("logRecords") or ():
                built = compact(event(resource, scope, record))
                # Python and orjson write some doubles differently (1e+16, 1e16), by a byte or two each.
                doubles = 3 * json.dumps([resource, scope, record]).count("doubleValue")
                assert abs(context_size(resource, scope) + own_size(record) - len(built)) <= doubles


def test_numbers_of_any_spelling_are_counted_without_raising() -> None:
    """An integer too long, or spelled as a double, is counted as it stands."""
    for value in ("99999999999999999999999", "7e0", "null", 7.0, None):
        assert own_size({"timeUnixNano": value, "body": {"intValue": value}}) > 0
