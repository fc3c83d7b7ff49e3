"""What real agents sent, read: the numbers that each recording states, whatever way it comes in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.usage.recordings import NAMES, RUNS, bodies, expected, read_all, rows, run_name, summary
from upwell.otlp import count

ON_EACH = pytest.mark.parametrize("run", RUNS, ids=run_name)


def assert_matches(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    also = wanted["also_acceptable"]
    for figure, value in found.items():
        assert value == wanted[figure] or value in also.get(figure, []), figure


@ON_EACH
def test_a_recording_gives_its_numbers(run: Path) -> None:
    """Every figure of expected.json comes out of the recording, under the agent's own name."""
    found = rows(read_all(bodies(run)))

    assert_matches(summary(found), expected(run))
    assert {event.agent for event in found} == {NAMES[run.parent.name]}


@ON_EACH
def test_every_item_is_accounted_for(run: Path) -> None:
    """Usage, not usage and unrecognised add up to the items, and real agents send nothing that nobody knows."""
    for (batch, signal), reading in zip(bodies(run), read_all(bodies(run)), strict=True):
        assert reading.usage_items + reading.not_usage == count(batch, signal)
        assert reading.unrecognised == {}
