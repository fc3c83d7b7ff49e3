"""A prompt as a waterfall: steps where they were, waits where nothing was, and leave that ends."""

from __future__ import annotations

from typing import Any

from upwell.console.grants import LASTS_SECONDS, Grants
from upwell.console.pages.sessions import waterfall


def _row(after: float, kind: str, duration_ms: float | None = None, **rest: Any) -> dict[str, Any]:
    return {"after": after, "kind": kind, "duration_ms": duration_ms, **rest}


def test_steps_lie_where_they_began() -> None:
    """A row's time is its end."""
    steps, seconds = waterfall(
        [_row(0, "prompt"), _row(4, "api_request", 4000, model="m"), _row(8, "tool_call", 4000, tool="Bash", success=False)]
    )

    assert seconds == 8
    assert [(one.kind, one.name, one.left, one.width, one.tone) for one in steps] == [
        ("prompt", "not known", 0.0, 0.0, "quiet"),
        ("request", "m", 0.0, 50.0, "accent"),
        ("tool", "Bash", 50.0, 50.0, "bad"),
    ]


def test_a_gap_is_a_wait() -> None:
    """Nobody says what for: perhaps a person was asked."""
    steps, _ = waterfall([_row(2, "api_request", 2000), _row(10, "api_request", 4000)])

    assert [(one.kind, one.left, one.width, one.took) for one in steps] == [
        ("request", 0.0, 20.0, "2.0 s"),
        ("wait", 20.0, 40.0, "4.0 s"),
        ("request", 60.0, 40.0, "4.0 s"),
    ]


def test_what_runs_beside_something_else_is_no_wait() -> None:
    """Two tools at once."""
    steps, _ = waterfall([_row(10, "tool_call", 10_000), _row(3, "tool_call", 1000)])

    assert [one.kind for one in steps] == ["tool", "tool"]


def test_facts_are_counts() -> None:
    """Tokens, characters, subagents, refusals, errors by class."""
    steps, _ = waterfall(
        [
            _row(0.5, "api_request", input_tokens=900, output_tokens=100, error="overloaded"),
            _row(0.6, "tool_call", tool="Bash", success=False, error="exit 1", decision="reject", subagent="explore"),
            _row(0, "prompt", prompt_length=62),
        ]
    )

    assert [one.facts for one in steps] == [
        "62 characters",
        "1,000 tokens · overloaded",
        "by explore · refused · failed: exit 1",
    ]


def test_nothing_is_no_steps() -> None:
    """A prompt that was forgotten."""
    assert waterfall([]) == ([], 1.0)


def test_leave_ends_by_itself() -> None:
    """After half an hour, or when it is taken back; each visit has its own."""
    now = [0.0]
    grants = Grants(monotonic=lambda: now[0])
    grants.own("a", "uw_k_s")
    grants.reveal("b", "ada", "why")

    assert grants.of("c") is None
    found = grants.of("b")
    assert found is not None
    assert found.arguments == {"reason": "why", "asker": "ada"}
    grants.end("b")
    assert grants.of("b") is None
    now[0] = LASTS_SECONDS
    assert grants.of("a") is None


def test_leave_is_bounded_and_keeps_its_key_to_itself() -> None:
    """A thousand visits at most are remembered."""
    grants = Grants()
    for number in range(1200):
        grants.own(str(number), "uw_k_s")

    assert grants.of("0") is None
    assert grants.of("1199") is not None
    assert "uw_k_s" not in repr(grants.of("1199"))
