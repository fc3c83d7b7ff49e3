"""What the ledger says, as findings."""

from __future__ import annotations

from typing import Any

import pytest

from upwell.doctor.books import lanes, sums
from upwell.doctor.finding import State

FLOWING: dict[str, Any] = {
    "lane": "cloudwatch/logs",
    "closed": False,
    "state": "flowing",
    "code": "",
    "message": "",
    "hint": "",
    "since": None,
    "oldest_pending": None,
    "delivered": 1200,
    "pending": {"batches": 0, "items": 0},
    "quarantined": {},
    "unrecognised": 0,
    "unrecognised_names": {},
}


def _lane(**changes: Any) -> dict[str, Any]:
    return {**FLOWING, **changes}


def _found(*listed: dict[str, Any], usage: tuple[dict[str, Any], ...] = (), runs: bool = True) -> list[tuple[State, str, str, str]]:
    found = lanes({"lanes": list(listed), "usage": list(usage)}, runs=runs)
    return [(one.state, one.message, one.hint, one.code) for one in found]


def test_a_lane_that_flows() -> None:
    """Its figures, and nothing to do."""
    assert _found(FLOWING) == [(State.OK, "flowing, 1,200 delivered, 0 pending", "", "")]


@pytest.mark.parametrize(("state", "verdict"), [("retrying", State.WARN), ("held", State.FAIL), ("failed", State.FAIL)])
def test_a_lane_in_trouble_speaks_for_itself(state: str, verdict: State) -> None:
    """State, code and next step are the lane's own; what goes on by itself is to watch, what does not is broken."""
    lane = _lane(state=state, code="ExpiredToken", message="it expired", hint="sign in", since="then", pending={"batches": 1, "items": 7})

    assert _found(lane) == [(verdict, f"{state} since then, 7 pending: it expired", "sign in", "ExpiredToken")]


def test_a_lane_without_a_hint_has_a_next_step_all_the_same() -> None:
    """A throttled lane needs nobody, and the finding says so."""
    (found,) = _found(_lane(state="retrying", message="slow down", since="then"))

    assert found[2] == "It goes on by itself once the destination answers."


def test_lanes_of_a_worker_that_does_not_run() -> None:
    """What waits is to watch; what is done is done; the missing worker is told once, elsewhere."""
    waiting = _lane(state="stopped", pending={"batches": 1, "items": 7}, oldest_pending="then")

    assert [found[:2] for found in _found(waiting, _lane(state="stopped"), runs=False)] == [
        (State.WARN, "stopped, 7 pending since then"),
        (State.OK, "stopped with nothing pending, 1,200 delivered"),
    ]


def test_closed_lanes_are_history() -> None:
    """A sink that was removed on purpose is no broken link."""
    assert _found(_lane(closed=True, state="stopped")) == []


def test_quarantine_is_named_with_its_reasons() -> None:
    """Items that were refused for good are to look at."""
    _, found = _found(_lane(quarantined={"too-old": 3, "invalid": 2}))

    assert found[:3] == (State.WARN, "5 items are in quarantine: too-old, invalid", "Run `upwell quarantine list`.")


def test_telemetry_that_no_dialect_knows() -> None:
    """It is delivered and not in reports, which whoever misses it should hear."""
    usage = _lane(lane="usage/logs", unrecognised=4, unrecognised_names={"new-agent: x": 3, "new-agent: y": 1})
    _, found = _found(usage=(usage,))

    assert found[:2] == (State.WARN, "4 items that no dialect knows, such as new-agent: x, new-agent: y")


def test_the_sums() -> None:
    """They hold, or the first problems are said."""
    assert sums({"holds": True, "problems": []}).state is State.OK
    broken = sums({"holds": False, "problems": ["a", "b", "c", "d"]})
    assert (broken.state, broken.message) == (State.FAIL, "a; b; c")
