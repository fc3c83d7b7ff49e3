"""Counting what protobuf has no place for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.otlp.bodies import logs, metrics
from upwell.otlp import Batch, Signal, encode, from_message, to_message, unknown_fields
from upwell.otlp.model import Encoding


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({}, 0),
        ({"severityText": "a", "body": None, "attributes": None}, 0),
        ({"heard": 1}, 1),
        ({"heard": {"of": 1, "never": 2}}, 1),
        ({"body": {"newValue": 1, "stringValue": "a"}}, 1),
        ({"attributes": [{"key": "a", "value": {"x": 1}, "y": 2}, {"z": 3}]}, 3),
        ({"body": {"arrayValue": {"values": [None, {"x": 1}, {"kvlistValue": {"values": [{"y": 1}], "z": 1}}]}}}, 3),
    ],
)
def test_unknown_fields_are_counted_at_every_depth(record: dict[str, Any], found: int) -> None:
    """Each field that to_message() leaves out counts one, with all that it holds."""
    batch = logs(record)
    assert unknown_fields(batch, Signal.LOGS) == found
    kept = from_message(to_message(batch, Signal.LOGS))
    assert unknown_fields(kept, Signal.LOGS) == 0


def test_unknown_fields_stay_in_json() -> None:
    """What protobuf drops, JSON keeps."""
    batch: Batch = metrics({"name": "m", "new": {"a": [1, 2.5, None, "x"]}})
    assert b'"new":{"a":[1,2.5,null,"x"]}' in encode(batch, Signal.METRICS, Encoding.JSON)
    assert unknown_fields(batch, Signal.METRICS) == 1
