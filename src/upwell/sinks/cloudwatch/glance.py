"""What a row of log records costs at most, without decoding it.

The body's bytes are counted as they stand, less what flattening surely saves, with the wrappers once per
record. That works on bytes because an unescaped quote and a colon after a name occur only where that name is a
key: inside strings quotes are escaped. Anything unusual makes the answer None: then the row is opened.
"""

from __future__ import annotations

from upwell.journal.rows import Row
from upwell.otlp import Signal
from upwell.sinks.base import Glance
from upwell.sinks.cloudwatch import limits
from upwell.sinks.cloudwatch.flat import own, text

_HEAD, _TAIL = b'{"%b":[' % Signal.LOGS.resource_field.encode(), b"]}"
_RECORDS = b'"logRecords":'
_WRAPPER_KEYS = (b'"resource":', b'"scopeLogs":', b'"scope":', b'"schemaUrl":')

_LARGEST = limits.EVENT_TEXT_BYTES // 2
"""No event of a body this long can be over the limit of one event."""

_KEY = b'{"key":'
_STRING, _INTEGER = b',"value":{"stringValue":', b',"value":{"intValue":'
_SAVED_BY_KEY = 6
_SAVED_BY_STRING = len(_STRING + b"}}") - len(b":")
_SAVED_BY_INTEGER = len(_INTEGER + b"}}") - len(b":")
"""`{"key":"k","value":{"stringValue":"v"}}` is stored as `"k":"v"`."""

_TEXT_BODY = b'"body":{"stringValue":'
_SAVED_BY_TEXT_BODY = len(b'{"stringValue":}')

_OWN = len(text(own({})))
"""What an event has for the fields of its record, where the record lacks them all."""

_USUAL = {b'"%b":' % name: len(b'"%b":0,' % name) for name in (b"timeUnixNano", b"observedTimeUnixNano", b"body", b"attributes")}
"""Of that, what a record saves by each field that it has: the fields that most agents send, because looking for others costs
as much again. A field of that name elsewhere is not stored, and makes up for the saving by its own bytes."""

_CONTEXT_FIELDS = {b'"resource":': 1, b'"attributes":': 1, b'"scope":': 1, b'"name":': 1, b'"version":': 1, b'"schemaUrl":': 2}
"""How often an event's context has each field, and what it costs where the wrappers lack it."""

_CONTEXT_COST = len(b'"attributes":{},')  # the longest of them
_PER_EVENT = limits.EVENT_BYTES + limits.EVENT_MARGIN + _OWN


def glance(row: Row) -> Glance | None:
    """The row's cost and its fragment, where no rule for single items can be broken."""
    body = row.body
    if not _ordinary(row):
        return None
    wrappers = _wrappers(body)
    if len(wrappers) > limits.CONTEXT_BYTES // 2:  # as sent or as stored it is less than twice this
        return None
    return Glance(_weight(body, wrappers, row.items), body[len(_HEAD) : -len(_TAIL)])


def _ordinary(row: Row) -> bool:
    dated = row.oldest_ns > 0 and row.newest_ns - row.oldest_ns <= limits.SPREAD_NS
    small = len(row.body) <= _LARGEST
    return row.items > 0 and dated and small and row.body.startswith(_HEAD) and row.body.endswith(_TAIL)


def _wrappers(body: bytes) -> bytes:
    """Everything around the records: what stands before a list of records, and what follows one."""
    head, *lists = body.split(_RECORDS)
    found = [head]
    for records in lists:
        starts = [start for key in _WRAPPER_KEYS if (start := records.find(key)) >= 0]
        if starts:
            found.append(records[min(starts) :])
    return b"".join(found)


def _weight(body: bytes, wrappers: bytes, items: int) -> int:
    per_event = _PER_EVENT
    for key, times in _CONTEXT_FIELDS.items():
        per_event += _CONTEXT_COST * max(0, times - wrappers.count(key))
    return _flattened(body) + (items - 1) * _flattened(wrappers) + items * per_event - _had(body, wrappers, items)


def _had(body: bytes, wrappers: bytes, items: int) -> int:
    """What the records have of what `_OWN` gives to each."""
    fields = sum(saved * min(items, body.count(key) - wrappers.count(key)) for key, saved in _USUAL.items())
    return fields + _SAVED_BY_TEXT_BODY * body.count(_TEXT_BODY)


def _flattened(part: bytes) -> int:
    """Bytes of a part of a body once its attributes are a map: never too few."""
    strings, integers = part.count(_STRING), part.count(_INTEGER)
    keys = min(part.count(_KEY), strings + integers)
    return len(part) - strings * _SAVED_BY_STRING - integers * _SAVED_BY_INTEGER - keys * _SAVED_BY_KEY
