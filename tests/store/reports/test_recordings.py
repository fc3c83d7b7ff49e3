"""What real agents sent, through the store into reports: the numbers that each recording states, in whatever order it arrives."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.store.making import batch
from tests.store.reports.making import reporter
from tests.usage.recordings import KEY, NAMES, RECEIVED_NS, RUNS, bodies, expected, read_all, run_name
from tests.usage.test_recordings import assert_matches
from upwell.store import Store
from upwell.store.reports import Query


@pytest.mark.parametrize("run", RUNS, ids=run_name)
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "backwards and twice"])
def test_a_recording_gives_its_numbers(store: Store, run: Path, backwards: bool) -> None:
    """Overview, tools and models say what expected.json says, under the agent's own name."""
    found = list(zip(bodies(run), read_all(bodies(run)), strict=True))
    for seq, ((_, signal), reading) in enumerate([*found[::-1], *found] if backwards else found):
        # the key was first heard of long before, so that a cumulative series' first point counts whole
        store.write(signal, [batch(reading, seq=seq + 1, signal=signal, received_ns=RECEIVED_NS - 400 * 86400 * 10**9, key_id=KEY)], {})
    asked = reporter(store, enrolled=1)
    everything = Query(since=date(2020, 1, 1), until=date(2030, 1, 1))

    (whole,) = asked.answer("overview", everything).rows
    tools = asked.answer("tool_reliability", everything).rows
    models = asked.answer("models", everything).rows
    agents = asked.answer("overview", Query(everything.since, everything.until, by="agent")).rows

    figures = {name: whole[name] for name in ("prompts", "api_requests", "input_tokens", "output_tokens", "sessions")}
    figures |= {name: whole[name] for name in ("cache_read_tokens", "cache_creation_tokens")} | {"api_errors": whole["errors"]}
    figures["tool_calls"] = {row["tool"] or "": row["calls"] for row in tools}
    figures["tool_failures"] = {row["tool"] or "": row["failures"] for row in tools if row["failures"]}
    figures["tool_rejections"] = {row["tool"] or "": row["rejected"] for row in tools if row["rejected"]}
    assert_matches(figures, expected(run))
    (caused,) = asked.answer("prompts", everything).rows
    if whole["prompts"]:  # every request belongs to the prompt, whether it names it or not
        assert round(caused["requests_per_prompt"] * caused["prompts"]) == whole["api_requests"]
        assert round(caused["calls_per_prompt"] * caused["prompts"]) == whole["tool_calls"]
    assert {row["model"] for row in models if row["model"]} <= set(expected(run)["models"])
    assert sum(row["cost_reported_usd"] or 0 for row in models) == pytest.approx(expected(run)["cost_usd"] or 0)
    assert {row["agent"] for row in agents} == {NAMES[run.parent.name]}
