"""Recorded payloads moved in time."""

from __future__ import annotations

import pytest

from tests.end_to_end.meaning import items, meaning, multiset
from tests.end_to_end.recorded import Recording, recordings
from upwell.otlp import Encoding, Signal, survey
from upwell.otlp import decode as read_batch

RECORDINGS = recordings()


def test_all_agents_and_signals_are_there() -> None:
    """Six agents were recorded, in all three signals and both encodings."""
    assert len(RECORDINGS) == 42
    assert {recording.agent for recording in RECORDINGS} == {"claude", "codex", "copilot", "gemini", "opencode", "qwen"}
    assert {(recording.signal, recording.encoding) for recording in RECORDINGS} == {
        (signal, encoding) for signal in Signal for encoding in Encoding
    }


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name)
def test_moving_changes_times_alone(recording: Recording) -> None:
    """A moved body has other times by exactly the seconds asked for; moved back it means what it meant."""
    moved = recording.body(3600)
    before = survey(read_batch(recording.body(), recording.signal, recording.encoding).batch, recording.signal)
    after = survey(read_batch(moved, recording.signal, recording.encoding).batch, recording.signal)
    assert after.items == before.items
    assert (after.oldest_ns, after.newest_ns) == tuple(time and time + 3600 * 10**9 for time in (before.oldest_ns, before.newest_ns))

    differ = multiset(items(moved, recording.signal, recording.encoding)) - multiset(
        items(recording.body(), recording.signal, recording.encoding)
    )
    assert differ.total() == before.items
    if recording.encoding is Encoding.JSON:
        assert len(moved) == recording.path.stat().st_size


def test_meaning_knows_spellings_from_differences() -> None:
    """Defaults and number spellings don't count; an attribute that is empty, zero or null does."""
    assert meaning({"flags": 0, "severityText": "", "asDouble": 1.0}) == meaning({"asDouble": 1})
    assert meaning({"attributes": {"a": 0}}) != meaning({"attributes": {}})
    assert meaning({"attributes": {"a": None}}) != meaning({"attributes": {"a": ""}})
    assert meaning({"asDouble": 1.5}) != meaning({"asDouble": 1})
