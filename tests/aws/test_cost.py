"""The estimate: measured sizes, stated assumptions, no invented price."""

from __future__ import annotations

from tests.end_to_end.recorded import recordings
from upwell.aws.cost import BYTES_A_PROMPT, REQUEST_PRICE, estimate

ALL = ("metrics", "traces", "logs")


def test_sizes_are_those_of_the_recordings() -> None:
    """One prompt of Claude Code, as it lies in the fixtures."""
    folder = [each for each in recordings() if each.name.startswith("claude/basic-json/")]

    assert {signal: sum(len(each.body()) for each in folder if each.signal == signal) for signal in ALL} == BYTES_A_PROMPT


def test_unknown_prices_are_unknown() -> None:
    """None is not 0, and the assumptions say so."""
    made = estimate(60, ALL)

    assert [line.dollars is None for line in made.lines] == [False, True, True, True]
    assert made.known_dollars == made.lines[0].dollars
    assert "no price of it is known" in made.assumptions[-1]


def test_it_grows_with_people_and_prompts() -> None:
    """Requests are people times prompts times workdays times exports."""
    made = estimate(10, ("metrics", "logs"), prompts=2)

    assert made.lines[0].amount == 10 * 2 * 21 * 13
    assert made.lines[0].dollars == round(10 * 2 * 21 * 13 * REQUEST_PRICE, 2)
    assert [line.what for line in made.lines] == ["API Gateway requests", "CloudWatch metrics", "CloudWatch logs"]


def test_ones_own_prices_are_used() -> None:
    """With all of them given, nothing is unknown."""
    made = estimate(1000, ALL, prices={"metrics": 1, "traces": 2, "logs": 0.5})

    assert all(line.dollars for line in made.lines)
    assert "known here" not in " ".join(made.assumptions)
