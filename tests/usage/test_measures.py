"""Deltas and totals."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.usage.build import NOON_NS, SECOND, batch, histogram, only, only_point, point, reading, total
from tests.usage.recordings import PRICES, RECEIVED_NS, differences
from upwell.otlp import Signal
from upwell.usage import CumulativePoint, Kind, Reading, read

COMMITS = "claude_code.commit.count"
LINES = "claude_code.lines_of_code.count"
SCOPE = "com.anthropic.claude_code"
SESSION = {"session.id": "s-1"}


def metrics(*listed: dict[str, object], resource: Mapping[str, object] | None = None) -> Reading:
    return reading(Signal.METRICS, list(listed), scope=SCOPE, resource=resource)


def test_a_delta_is_a_row() -> None:
    """Three commits in an interval are one row that counts three."""
    event = only(metrics(total(COMMITS, point(SESSION, 3))))

    assert (event.kind, event.count, event.session, event.time_ns) == (Kind.COMMIT, 3, "s-1", NOON_NS + 60 * SECOND)


@pytest.mark.parametrize("field", ["asDouble", "asInt"])
def test_a_value_may_be_an_integer_or_a_double(field: str) -> None:
    """Agents write counts as either."""
    assert only(metrics(total(COMMITS, point(SESSION, 2, field=field)))).count == 2


def test_a_row_that_adds_lines_is_no_edit_more() -> None:
    """Rows of lines count no edits, which are counted by their decisions."""
    event = only(metrics(total(LINES, point(SESSION | {"type": "added"}, 12))))

    assert (event.kind, event.count, event.lines_added, event.lines_removed) == (Kind.EDIT, 0, 12, None)


@pytest.mark.parametrize("value", [0, -3, 1e300])
def test_what_adds_nothing_makes_no_row(value: float) -> None:
    """Nothing, less than nothing and nonsense are not usage."""
    found = metrics(total(COMMITS, point(SESSION, value)))

    assert (found.events, found.points, found.not_usage) == ((), (), 1)


def test_a_sum_that_may_fall_counts_nothing() -> None:
    """Only totals that grow are use."""
    assert metrics(total(COMMITS, point(SESSION, 3), monotonic=False)).not_usage == 1


def test_a_gauge_counts_nothing() -> None:
    """A level is not use."""
    assert metrics({"name": COMMITS, "gauge": {"dataPoints": [point(SESSION, 3)]}}).not_usage == 1


def test_a_total_is_kept_raw() -> None:
    """A cumulative point keeps its series, start, time and value, with the row that a difference of one would make."""
    found = only_point(metrics(total(COMMITS, point(SESSION, 5), temporality=2)))

    assert (found.value, found.field, found.start_ns, found.time_ns) == (5.0, "count", NOON_NS, NOON_NS + 60 * SECOND)
    assert (found.event.kind, found.event.count, found.event.time_ns) == (Kind.COMMIT, 1, found.time_ns)


def test_a_payload_that_does_not_say_is_cumulative() -> None:
    """An unspecified temporality is taken for a total: differences can't count twice."""
    assert only_point(metrics(total(COMMITS, point(SESSION, 5), temporality=0))).value == 5


def test_of_a_histogram_its_sum_counts() -> None:
    """Codex' tokens are a histogram per turn."""
    tokens = histogram("codex.turn.token_usage", point({"token_type": "output", "model": "gpt-5.5"}, 435, field="sum"))

    assert only(reading(Signal.METRICS, [tokens], scope="codex")).output_tokens == 435


def at(minute: int, value: float, *, start: int = NOON_NS, told: Mapping[str, object] = SESSION) -> CumulativePoint:
    return only_point(metrics(total(COMMITS, point(told, value, start=start, at=NOON_NS + minute * 60 * SECOND), temporality=2)))


def test_differences_follow_the_points_own_times() -> None:
    """Points that arrive late, twice or out of order give the same differences, and an idle agent adds none."""
    points = [at(1, 2), at(2, 2), at(3, 5), at(3, 5), at(4, 6)]

    counted = [sorted((row.time_ns, row.count) for row in differences(order)) for order in (points, points[::-1], points * 2)]
    assert counted[0] == counted[1] == counted[2]
    assert sum(count for _, count in counted[0]) == 6


def test_a_restart_counts_anew() -> None:
    """A new start, or a smaller value later, begins at nothing."""
    assert sum(row.count for row in differences([at(1, 4), at(2, 3, start=NOON_NS + 90 * SECOND)])) == 7
    assert sum(row.count for row in differences([at(1, 4), at(2, 1)])) == 5


def test_series_are_told_apart_by_their_labels() -> None:
    """Points that differ in one label only belong to two series, in whatever order labels come."""
    one, other, again = at(1, 4), at(1, 4, told={"session.id": "s-2"}), at(2, 5, told={"b": "x", "session.id": "s-1"})

    assert len({one.series, other.series, again.series}) == 3
    assert again.series == at(2, 5, told={"session.id": "s-1", "b": "x"}).series


def test_series_are_told_apart_by_the_running_agent() -> None:
    """Two machines may send equal labels."""
    series = {
        only_point(metrics(total(COMMITS, point({}, 4), temporality=2), resource={"service.instance.id": name})).series for name in "ab"
    }

    assert len(series) == 2


def test_a_series_outlives_a_move_to_another_team() -> None:
    """Identity is in no series: else a move would count every total again."""
    mine = [{"upwell.key.id": "k", "user.id": "p-1", "team.id": team, "service.name": "claude-code"} for team in ("red", "blue")]

    assert len({only_point(metrics(total(COMMITS, point(SESSION, 4), temporality=2), resource=who)).series for who in mine}) == 1


def test_a_series_belongs_to_one_key() -> None:
    """Two keys' totals never run into one another, whatever their agents leave out."""
    sent = batch(Signal.METRICS, [total(COMMITS, point({}, 4, start=0), temporality=2)], scope=SCOPE)
    series = {read(sent, Signal.METRICS, key_id=key, received_ns=RECEIVED_NS, prices=PRICES).points[0].series for key in "ab"}

    assert len(series) == 2
