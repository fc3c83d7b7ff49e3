"""A view is its address: what is read from one is written back the same, and nonsense falls away."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from upwell.console.view import PERIODS, View

TODAY = date(2026, 11, 21)


def test_the_default_is_four_whole_weeks_and_today() -> None:
    """As many weekends as the weeks before."""
    view = View.read({}, TODAY)

    assert (view.since, view.until, view.days) == (date(2026, 10, 25), date(2026, 11, 22), 28)
    assert view.query() == ""


def test_two_dates_are_a_period() -> None:
    """The second one is the day after the last, as on the command line."""
    view = View.read({"since": "2026-11-01", "until": "2026-11-04"}, TODAY)

    assert view.dates() == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert view.before.dates() == ["2026-10-29", "2026-10-30", "2026-10-31"]
    assert view.words == "the 3 days before"


def test_nonsense_falls_away() -> None:
    """A link that somebody edited still opens."""
    view = View.read({"since": "yesterday", "until": "2026-13-01", "period": "eternal", "team": "  ", "agent": "a" * 999}, TODAY)

    assert (view.period, view.team) == ("28d", None)
    assert view.agent == "a" * 200
    assert View.read({"since": "2026-11-03", "until": "2026-11-01"}, TODAY).period == "28d"


def test_the_same_question_on_the_command_line() -> None:
    """Names that a shell would split are quoted."""
    view = View.read({"period": "7d", "team": "web & apps"}, TODAY)

    assert view.command("tools", "tool") == "upwell report tools --since 2026-11-15 --until 2026-11-22 --by tool --team 'web & apps'"


def test_only_a_page_s_own_names_are_kept_beside_the_filters() -> None:
    """Whatever else stands in an address is not asked for."""
    assert View.read({"tool": "Bash", "x": "1"}, TODAY, more=("tool",)).more == {"tool": "Bash"}


names = st.text(min_size=1, max_size=40).map(str.strip).filter(bool)


@given(st.sampled_from(sorted(PERIODS)), st.none() | names, st.none() | names)
def test_an_address_leads_back_to_its_view(period: str, team: str | None, model: str | None) -> None:
    """Whatever names clients make up."""
    view = View.read({"period": period, **({"team": team} if team else {}), **({"model": model} if model else {})}, TODAY)

    assert View.read(dict(parse_qsl(view.query().removeprefix("?"))), TODAY) == view
