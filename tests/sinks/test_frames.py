"""Rows cut at any item, in both encodings: nothing lost, nothing weighed too light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sinks import rows
from upwell.errors import Malformed
from upwell.otlp import Batch, Encoding, Signal, count, decode, encode, select
from upwell.sinks.cutting import cut as cut_body
from upwell.sinks.frames import Frame, Piece, Pieces, Ruler, joined
from upwell.sinks.json_scribe import JsonScribe
from upwell.sinks.wire_scribe import WireScribe


class Bystander:
    """Looks at items and changes none."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.entered: list[tuple[Any, Any]] = []

    def enter(self, resource: Mapping[str, Any], scope: Mapping[str, Any]) -> None:
        self.entered.append((resource, scope))

    def see(self, item: dict[str, Any]) -> bool:
        self.seen.append(item)
        return False


def cut(batch: Batch, signal: Signal, encoding: Encoding) -> Pieces:
    scribe = JsonScribe() if encoding is Encoding.JSON else WireScribe(signal)
    return cut_body(encode(batch, signal, Encoding.JSON), signal, scribe, Bystander())


def normal(batch: Batch, signal: Signal, encoding: Encoding) -> Batch:
    """The batch as it comes out of an encoding."""
    return decode(encode(batch, signal, encoding), signal, encoding).batch


encodings = pytest.mark.parametrize("encoding", Encoding, ids=["json", "protobuf"])
signals = pytest.mark.parametrize("signal", Signal)


@encodings
@signals
@rows.PROPERTY
@given(data=st.data())
def test_any_cut_holds_exactly_its_items(signal: Signal, encoding: Encoding, data: st.DataObject) -> None:
    """A fragment of the items [first, last) decodes to what select() gives for them."""
    batch = data.draw(rows.batches(signal))
    total = count(batch, signal)
    first = data.draw(st.integers(0, total))
    last = data.draw(st.integers(first, total))

    body = joined([cut(batch, signal, encoding).fragment(first, last)], signal, encoding)

    wanted = select(batch, signal, first, last)
    assert decode(body, signal, encoding).batch == normal(wanted, signal, encoding)


@encodings
@signals
@rows.PROPERTY
@given(data=st.data())
def test_pieces_of_a_row_hold_every_item_once(signal: Signal, encoding: Encoding, data: st.DataObject) -> None:
    """Cutting a row anywhere and joining the fragments keeps all items in order."""
    batch = data.draw(rows.batches(signal))
    total = count(batch, signal)
    cuts = sorted({0, total, *data.draw(st.lists(st.integers(0, total), max_size=3))})
    pieces = cut(batch, signal, encoding)

    body = joined([pieces.fragment(first, last) for first, last in pairwise(cuts)], signal, encoding)

    again = rows.own_items(decode(body, signal, encoding).batch, signal)
    assert again == rows.own_items(normal(batch, signal, encoding), signal)


@encodings
@signals
@rows.PROPERTY
@given(data=st.data())
def test_weight_is_never_less_than_the_fragment(signal: Signal, encoding: Encoding, data: st.DataObject) -> None:
    """A run weighs what it adds to a request, or a few bytes more for each wrapper."""
    batch = data.draw(rows.batches(signal))
    total = count(batch, signal)
    first = data.draw(st.integers(0, total))
    last = data.draw(st.integers(first, total))
    pieces = cut(batch, signal, encoding)

    weight, size = pieces.ruler().weight(first, last), len(pieces.fragment(first, last))

    wrappers = sum(1 for _ in rows.frames(pieces))
    assert size <= weight <= size + 5 * (wrappers + 1)


@signals
@rows.PROPERTY
@given(data=st.data())
def test_weight_of_a_whole_protobuf_row_is_exact(signal: Signal, data: st.DataObject) -> None:
    """The weights of whole rows add up to the body that they make."""
    batch = data.draw(rows.batches(signal))
    pieces = cut(batch, signal, Encoding.PROTOBUF)
    total = count(batch, signal)

    assert pieces.ruler().weight(0, total) == len(pieces.fragment(0, total))


@encodings
def test_recorded_payloads_survive_being_cut(encoding: Encoding) -> None:
    """What real agents sent comes out as it went in, whole and in thirds."""
    for name, row in rows.recorded():
        batch = decode(row.body, row.signal, Encoding.JSON).batch
        pieces = cut(batch, row.signal, encoding)
        third = row.items // 3

        whole = joined([pieces.fragment(0, row.items)], row.signal, encoding)
        parts = [pieces.fragment(0, third), pieces.fragment(third, 2 * third), pieces.fragment(2 * third, row.items)]
        thirds = joined(parts, row.signal, encoding)

        assert decode(whole, row.signal, encoding).batch == normal(batch, row.signal, encoding), name
        assert count(decode(thirds, row.signal, encoding).batch, row.signal) == row.items, name


def test_unknown_fields_stay_where_they_are() -> None:
    """JSON pieces keep what OTLP does not know, at every level."""
    batch: dict[str, Any] = rows.metrics([rows.point(new=1)])
    batch["resourceMetrics"][0]["later"] = {"a": [1]}
    batch["resourceMetrics"][0]["scopeMetrics"][0]["soon"] = "b"
    batch["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["never"] = None

    body = joined([cut(batch, Signal.METRICS, Encoding.JSON).fragment(0, 1)], Signal.METRICS, Encoding.JSON)

    assert decode(body, Signal.METRICS, Encoding.JSON).batch == batch


def test_wrappers_without_items_weigh_nothing() -> None:
    """An empty resource, scope or metric is not sent."""
    batch = rows.metrics([])
    batch["resourceMetrics"].append({"scopeMetrics": [{"metrics": [{"name": "no data"}]}, {}]})

    for encoding in Encoding:
        pieces = cut(batch, Signal.METRICS, encoding)
        assert (pieces.items, list(pieces.frames)) == ([], [])
        assert pieces.ruler().weight(0, 0) == 0
        assert pieces.fragment(0, 0) == b""


def test_joining_leaves_out_empty_fragments() -> None:
    """A row without items does not leave a stray comma."""
    assert joined([b"", b'{"a":1}', b"", b'{"b":2}'], Signal.LOGS, Encoding.JSON) == b'{"resourceLogs":[{"a":1},{"b":2}]}'
    assert joined([], Signal.TRACES, Encoding.JSON) == b'{"resourceSpans":[]}'
    assert joined([], Signal.TRACES, Encoding.PROTOBUF) == b""


class Watchful(JsonScribe):
    """Counts the wrappers that it writes."""

    wrapped = 0

    def wrap(self, frame: Frame, parts: Sequence[Piece]) -> bytes:
        self.wrapped += 1
        return super().wrap(frame, parts)


def test_cutting_a_row_of_many_wrappers_looks_only_at_those_it_touches() -> None:
    """A row of 20,000 metrics of one point each is cut into single points without walking all of them each time."""
    metric = rows.metrics([rows.point()])["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]
    body = encode({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric] * 20_000}]}]}, Signal.METRICS, Encoding.JSON)
    scribe = Watchful()
    pieces = cut_body(body, Signal.METRICS, scribe, Bystander())

    fragment = pieces.fragment(12_345, 12_346)

    assert fragment.count(b'"name":"count"') == 1
    assert scribe.wrapped == 4  # its data, its metric, its scope, its resource


def test_inspector_sees_every_item_and_where_it_lies() -> None:
    """Items come in document order, after the entries that they lie in, lists left out."""
    batch = rows.logs([rows.record("a"), rows.record("b")], [rows.attribute("k", "v")])
    batch["resourceLogs"][0]["scopeLogs"].append({"logRecords": None})
    bystander = Bystander()

    cut_body(encode(batch, Signal.LOGS, Encoding.JSON), Signal.LOGS, JsonScribe(), bystander)

    resource = {"resource": {"attributes": [rows.attribute("k", "v")]}}
    assert bystander.entered == [(resource, {"scope": {"name": "tests", "version": "1"}}), (resource, {})]
    assert bystander.seen == rows.own_items(batch, Signal.LOGS)


class Renamer(Bystander):
    """Gives every second span another name."""

    def see(self, item: dict[str, Any]) -> bool:
        super().see(item)
        if len(self.seen) % 2:
            return False
        item["name"] = "renamed"
        return True


@encodings
def test_what_the_inspector_changes_is_what_is_sent(encoding: Encoding) -> None:
    """A changed item is written anew, its neighbours as they are."""
    scribe = JsonScribe() if encoding is Encoding.JSON else WireScribe(Signal.TRACES)
    body = encode(rows.traces([rows.span("a"), rows.span("b"), rows.span("c")]), Signal.TRACES, Encoding.JSON)

    sent = joined([cut_body(body, Signal.TRACES, scribe, Renamer()).fragment(0, 3)], Signal.TRACES, encoding)

    names = [span["name"] for span in rows.own_items(decode(sent, Signal.TRACES, encoding).batch, Signal.TRACES)]
    assert names == ["a", "renamed", "c"]


def test_a_metric_of_two_kinds_is_sent_as_the_first() -> None:
    """protobuf holds one kind; points are counted by the first that is there, so the first is what goes."""
    batch = rows.metrics([rows.point(1)])
    batch["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0] |= {"summary": {"dataPoints": [{}]}, "gauge": None}

    for encoding in Encoding:
        sent = joined([cut(batch, Signal.METRICS, encoding).fragment(0, 1)], Signal.METRICS, encoding)
        metric = decode(sent, Signal.METRICS, encoding).batch["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]
        assert "sum" in metric
        assert "summary" not in metric


@pytest.mark.parametrize("body", [b"", b"[]", b'{"resourceLogs":7}', b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{]}]}]}', b'{"a'])
def test_a_body_that_is_no_batch_raises(body: bytes) -> None:
    """What no gateway wrote is named as such."""
    with pytest.raises(Malformed, match="not an OTLP/JSON logs request"):
        cut_body(body, Signal.LOGS, JsonScribe(), Bystander())


def test_ruler_counts_items_without_wrappers() -> None:
    """Weights without frames are plain sums."""
    ruler = Ruler([5, 7, 11], ())

    assert [ruler.weight(0, 3), ruler.weight(1, 3), ruler.weight(2, 2), ruler.weight(2, 1)] == [23, 18, 0, 0]
