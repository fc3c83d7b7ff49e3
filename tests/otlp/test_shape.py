"""Counting, dating, cutting: the plain cases, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.otlp.bodies import logs, metrics, spans
from upwell.otlp import METRIC_KINDS, Batch, Item, Signal, Survey, count, items, merge, select, split, survey

TWO_BY_TWO: Batch = {
    "resourceLogs": [
        {
            "resource": {"attributes": [{"key": "r", "value": {"stringValue": one}}]},
            "schemaUrl": one,
            "scopeLogs": [
                {"scope": {"name": name}, "logRecords": [{"eventName": f"{one}{name}{number}"} for number in (1, 2)]} for name in "xy"
            ],
        }
        for one in "ab"
    ]
}


def names(batch: Batch) -> list[str]:
    return [item.item["eventName"] for item in items(batch, Signal.LOGS)]


@pytest.mark.parametrize(
    ("batch", "signal", "found"),
    [
        ({"resourceLogs": []}, Signal.LOGS, Survey(0, 0, 0)),
        (logs({"timeUnixNano": "5"}), Signal.LOGS, Survey(1, 5, 5)),
        (logs({"timeUnixNano": "9"}, {"timeUnixNano": 5}, {"timeUnixNano": 7.0}), Signal.LOGS, Survey(3, 5, 9)),
        (logs({"timeUnixNano": "9"}, {"timeUnixNano": "0"}), Signal.LOGS, Survey(2, 0, 9)),
        (logs({"timeUnixNano": "9"}, {}), Signal.LOGS, Survey(2, 0, 9)),
        (logs({"timeUnixNano": "9", "observedTimeUnixNano": "99"}), Signal.LOGS, Survey(1, 9, 9)),
        (logs({"timeUnixNano": None}, {"timeUnixNano": "4e0"}), Signal.LOGS, Survey(2, 0, 4)),
        (
            spans({"startTimeUnixNano": "3", "endTimeUnixNano": "8"}, {"startTimeUnixNano": "5", "endTimeUnixNano": "6"}),
            Signal.TRACES,
            Survey(2, 3, 8),
        ),
        (spans({"startTimeUnixNano": "3"}), Signal.TRACES, Survey(1, 0, 3)),
        (metrics({"sum": {"dataPoints": [{"timeUnixNano": "7", "startTimeUnixNano": "1"}]}}), Signal.METRICS, Survey(1, 7, 7)),
        (metrics({"name": "no kind"}, {"gauge": {}}, {"gauge": {"dataPoints": None}}), Signal.METRICS, Survey(0, 0, 0)),
    ],
)
def test_survey(batch: Batch, signal: Signal, found: Survey) -> None:
    """Items are counted and dated by their own clocks; an item without a time makes the oldest 0."""
    assert survey(batch, signal) == found
    assert count(batch, signal) == found.items


@pytest.mark.parametrize(
    "wrapper", [{}, {"scopeLogs": None}, {"scopeLogs": []}, {"scopeLogs": [{}]}, {"scopeLogs": [{"logRecords": None}]}]
)
def test_wrappers_without_items(wrapper: dict[str, Any]) -> None:
    """Wrappers may be empty or null at every level, and vanish where batches are cut."""
    batch = {"resourceLogs": [wrapper]}
    assert survey(batch, Signal.LOGS) == Survey(0, 0, 0)
    assert list(items(batch, Signal.LOGS)) == []
    assert split(batch, Signal.LOGS, 10) == []
    assert select(batch, Signal.LOGS, 0, 10) == {"resourceLogs": []}


@pytest.mark.parametrize("kind", METRIC_KINDS)
def test_points_of_every_kind(kind: str) -> None:
    """Data points are found, and cut, in each of the kinds a metric may be of; what else the kind says stays with each part."""
    batch = metrics({"name": "m", kind: {"dataPoints": [{"flags": 1}, {"flags": 2}], "aggregationTemporality": 2}})
    assert count(batch, Signal.METRICS) == 2
    first, second = split(batch, Signal.METRICS, 1)
    assert first == metrics({"name": "m", kind: {"dataPoints": [{"flags": 1}], "aggregationTemporality": 2}})
    assert second == metrics({"name": "m", kind: {"dataPoints": [{"flags": 2}], "aggregationTemporality": 2}})


def test_items_come_with_what_they_hang_under() -> None:
    """An item is given with its resource, its entry in the scope list and, for a point, its metric."""
    metric = {"name": "m", "gauge": {"dataPoints": [{"asInt": "1"}]}}
    entry = {"scope": {"name": "s"}, "metrics": [metric]}
    batch = {"resourceMetrics": [{"resource": {"attributes": []}, "scopeMetrics": [entry]}]}
    assert list(items(batch, Signal.METRICS)) == [Item({"attributes": []}, entry, metric, {"asInt": "1"})]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (0, 8, ["ax1", "ax2", "ay1", "ay2", "bx1", "bx2", "by1", "by2"]),
        (1, 3, ["ax2", "ay1"]),
        (3, 5, ["ay2", "bx1"]),
        (7, 99, ["by2"]),
        (4, 4, []),
        (8, 9, []),
    ],
)
def test_select(first: int, last: int, found: list[str]) -> None:
    """A range of items, numbered in document order, wherever its borders fall."""
    assert names(select(TWO_BY_TWO, Signal.LOGS, first, last)) == found


def test_select_keeps_wrappers_whole_and_drops_empty_ones() -> None:
    """The wrappers of a selected item keep all their other fields; wrappers that hold none of the range are not there."""
    assert select(TWO_BY_TWO, Signal.LOGS, 5, 6) == {
        "resourceLogs": [
            {
                "resource": {"attributes": [{"key": "r", "value": {"stringValue": "b"}}]},
                "schemaUrl": "b",
                "scopeLogs": [{"scope": {"name": "x"}, "logRecords": [{"eventName": "bx2"}]}],
            }
        ]
    }


@pytest.mark.parametrize(("size", "sizes"), [(1, [1] * 8), (3, [3, 3, 2]), (8, [8]), (100, [8])])
def test_split(size: int, sizes: list[int]) -> None:
    """Pieces are full but for the last."""
    pieces = split(TWO_BY_TWO, Signal.LOGS, size)
    assert [count(piece, Signal.LOGS) for piece in pieces] == sizes
    assert names(merge(pieces, Signal.LOGS)) == names(TWO_BY_TWO)


def test_one_resource_twice_stays_two() -> None:
    """The same batch merged with itself has its items twice, each time in place."""
    twice = merge([TWO_BY_TWO, TWO_BY_TWO], Signal.LOGS)
    assert names(select(twice, Signal.LOGS, 7, 9)) == ["by2", "ax1"]


def test_merging_nothing() -> None:
    """No batches merge to an empty one."""
    assert merge([], Signal.TRACES) == {"resourceSpans": []}
