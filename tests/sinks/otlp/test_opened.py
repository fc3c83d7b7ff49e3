"""Rows as an OTLP endpoint gets them: untouched."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sinks import rows
from upwell.otlp import Encoding, Signal, decode, encode
from upwell.sinks.frames import joined
from upwell.sinks.otlp.limits import ENVELOPE_BYTES, LIMITS, REQUEST_BYTES
from upwell.sinks.otlp.opened import glance, open_row

encodings = pytest.mark.parametrize("encoding", Encoding, ids=["json", "protobuf"])


@encodings
@pytest.mark.parametrize("signal", Signal)
@rows.PROPERTY
@given(data=st.data())
def test_a_row_arrives_as_it_lies_in_the_journal(signal: Signal, encoding: Encoding, data: st.DataObject) -> None:
    """Every item in order and unchanged, in JSON unknown fields with it; it never weighs less than it is."""
    row = rows.row(data.draw(rows.batches(signal)), signal)
    opened = open_row(row, encoding)
    first = data.draw(st.integers(0, row.items))

    body = joined([opened.fragment(0, first), opened.fragment(first, row.items)], signal, encoding)

    batch = decode(row.body, signal, Encoding.JSON).batch
    wanted = rows.own_items(decode(encode(batch, signal, encoding), signal, encoding).batch, signal)
    assert rows.own_items(decode(body, signal, encoding).batch, signal) == wanted
    assert len(body) <= opened.weight(0, first) + opened.weight(first, row.items) + ENVELOPE_BYTES


def test_times_are_read_and_not_written() -> None:
    """The lane needs an age for an undated item; the destination gets the item as it is."""
    batches = {
        Signal.LOGS: rows.logs([rows.record(time_ns=0), rows.record(time_ns=5), rows.record(time_ns=0, observedTimeUnixNano="7")]),
        Signal.METRICS: rows.metrics([rows.point(time_ns=0), rows.point(time_ns=5)]),
        Signal.TRACES: rows.traces([rows.span(start_ns=4, end_ns=9), rows.span(start_ns=4, end_ns=0), rows.span(start_ns=0, end_ns=0)]),
    }
    found = {}
    for signal, batch in batches.items():
        opened = open_row(rows.row(batch, signal), Encoding.JSON)
        found[signal] = [opened.time_ns(item) for item in range(opened.items)]
        assert decode(joined([opened.fragment(0, opened.items)], signal, Encoding.JSON), signal, Encoding.JSON).batch == batch

    assert found == {
        Signal.LOGS: [rows.NOW_NS, 5, 7],
        Signal.METRICS: [rows.NOW_NS, 5],
        Signal.TRACES: [9, 4, rows.NOW_NS],
    }


@pytest.mark.parametrize("signal", Signal)
def test_json_rows_need_not_be_opened(signal: Signal) -> None:
    """The fragment is the body's interior, and weighs it."""
    for name, row in rows.recorded(signal):
        seen = glance(row, Encoding.JSON)
        if row.oldest_ns == 0:
            assert seen is None, name
            continue
        assert seen is not None, name
        assert joined([seen.fragment], signal, Encoding.JSON) == row.body
        assert len(row.body) <= seen.weight + ENVELOPE_BYTES


@pytest.mark.parametrize("signal", Signal)
def test_protobuf_rows_are_written_in_one_go(signal: Signal) -> None:
    """A whole row need not be cut into items: it is the request that the gateway was sent, and weighs its bytes."""
    for name, row in rows.recorded(signal):
        seen = glance(row, Encoding.PROTOBUF)
        if row.oldest_ns == 0:
            assert seen is None, name
            continue
        opened = open_row(row, Encoding.PROTOBUF)
        assert seen is not None, name
        assert decode(seen.fragment, signal, Encoding.PROTOBUF) == decode(opened.fragment(0, opened.items), signal, Encoding.PROTOBUF)
        assert len(seen.fragment) == seen.weight


@encodings
def test_rows_that_must_be_opened_are_not_glanced_at(encoding: Encoding) -> None:
    """Undated items, a row larger than a request, a body that no gateway wrote."""
    row = rows.row(rows.logs([rows.record()]), Signal.LOGS)
    large = rows.row(rows.logs([rows.record("x" * 1_100_000)] * 4), Signal.LOGS)
    undated = rows.row(rows.logs([rows.record(time_ns=0)]), Signal.LOGS)
    odd = replace(row, body=b'["' + row.body)

    assert glance(row, encoding) is not None
    assert [glance(large, encoding), glance(undated, encoding), glance(odd, encoding)] == [None, None, None]


@encodings
def test_an_item_larger_than_a_request_is_a_fault(encoding: Encoding) -> None:
    """At the limit it goes, one byte more and it cannot."""

    def faults(length: int) -> tuple[str | None, int]:
        opened = open_row(rows.row(rows.logs([rows.record("x" * length)]), Signal.LOGS), encoding)
        return opened.fault(0), opened.weight(0, 1)

    length = 4_000_000 + LIMITS.bytes - faults(4_000_000)[1]

    assert faults(length) == (None, LIMITS.bytes)
    assert faults(length + 1)[0] == f"alone it makes a request of {LIMITS.bytes + 1:,} bytes; this sink sends {LIMITS.bytes:,} at most"


def test_a_full_json_request_stays_within_the_limit() -> None:
    """Joining adds the envelope, which the limit leaves room for."""
    assert LIMITS.bytes + ENVELOPE_BYTES == REQUEST_BYTES
    assert len(joined([], Signal.METRICS, Encoding.JSON)) == ENVELOPE_BYTES
