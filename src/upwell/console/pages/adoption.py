"""Adoption: who has started, who stays, who is missing. In groups; nobody by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from upwell.console.answer import Answer
from upwell.console.drawing import Chart, Series, one_line
from upwell.console.office import Context, Visit
from upwell.console.pages.empty import instead
from upwell.console.pages.page import Page
from upwell.console.panel import Panel, Shape, panel, tabulate

_LEVELS = 5
_WEEKS = 12
"""Cohorts are followed for so long at least, however short the period is."""


@dataclass(frozen=True, slots=True)
class Heat:
    """A cell of the triangle: its text, its level from 0 to 5, and what it says where one points at it."""

    text: str
    level: int
    title: str
    withheld: bool = False


def adoption(visit: Visit) -> Context:
    """Active people, new and returning ones, cohorts, versions, coverage."""
    daily = visit.ask("active", "day")
    if not any(row.get("people") for row in daily.rows) and (other := instead(visit, visit.ask("overview"))) is not None:
        return other
    return {
        "panels": [_active(visit, daily), _new(visit), _months(visit)],
        "retention": _retention(visit),
        "rest": [_coverage(visit), _versions(visit)],
    }


def _active(visit: Visit, daily: Answer) -> Panel:
    days = visit.view.dates()
    chart = Chart("lines", days, [one_line(daily, days, "people", "People")])
    return panel(visit, daily, "active", "People active per day", by="day", chart=chart, table=tabulate(daily), wide=False)


def _new(visit: Visit) -> Panel:
    answer, whole = visit.ask("adoption"), visit.ask("active", "week")
    totals = {week: people or 0 for week, people in whole.series("week", "people").items()}
    weeks = sorted(totals)
    found = {(str(row["week"]), row["tenure"]): row.get("people") for row in answer.rows}
    told = [[found.get((week, name)) for week in weeks] for name in ("returning", "new")]
    rest = [totals[week] - sum(one[place] or 0 for one in told) for place, week in enumerate(weeks)]
    series = [Series("Returning", "accent", told[0]), Series("New", "series-2", told[1]), Series("Returning or new", "series-other", rest)]
    chart = Chart("bars", [_week(week) for week in weeks], [one for one in series if any(one.data)], axis="name")
    title = "People active per week, new and returning"
    return panel(visit, answer, "new", title, chart=chart, table=tabulate(answer), wide=False)


def _months(visit: Visit) -> Panel:
    answer = visit.ask("active", "month")
    shapes = [Shape("month", "Month from"), Shape("people", bar="accent"), Shape("sessions"), Shape("prompts")]
    return panel(visit, answer, "months", "People active per month", by="month", table=tabulate(answer, shapes), shown=True)


def _retention(visit: Visit) -> Mapping[str, Any]:
    answer = visit.ask("retention")
    made = panel(
        visit, answer, "retention", "Of those who began in a week, how many were active in the weeks after", table=tabulate(answer)
    )
    cells = {
        (str(row["cohort"]), int(row["age"])): row.get("people") for row in answer.rows if row.get("cohort") and row.get("age") is not None
    }
    cohorts = sorted({cohort for cohort, _ in cells})
    ages = range(max((age for _, age in cells), default=-1) + 1)
    rows = [(_week(cohort), [_heat(cells, cohort, age) for age in ages]) for cohort in cohorts]
    return {"panel": made, "ages": list(ages), "rows": rows}


def _heat(cells: Mapping[tuple[str, int], Any], cohort: str, age: int) -> Heat | None:
    if (cohort, age) not in cells:
        return None
    people, began = cells[cohort, age], cells.get((cohort, 0))
    if people is None:
        return Heat("", 0, "withheld: too few people", withheld=True)
    if not began:
        return Heat(str(people), 1, f"{people} people")
    share = people / began
    return Heat(f"{share * 100:.0f} %" if age else str(people), max(1, round(share * _LEVELS)), f"{people} of {began} people")


def _week(day: str) -> str:
    found = date.fromisoformat(day)
    return f"{found.day} {found:%b}"


def _coverage(visit: Visit) -> Panel:
    answer = visit.ask("coverage")
    shapes = [Shape("agent", "Agent"), Shape("silence", "Last heard from"), Shape("people", bar="accent"), Shape("last_day", "Last heard")]
    title = "People by agent, and for how long it has been silent"
    return panel(visit, answer, "coverage", title, table=tabulate(answer, shapes), shown=True, wide=False)


def _versions(visit: Visit) -> Panel:
    answer = visit.ask("versions")
    shapes = [
        Shape("agent", "Agent"),
        Shape("agent_version", "Version"),
        Shape("people", bar="accent"),
        Shape("prompts"),
        Shape("last_day", "Last seen"),
    ]
    return panel(visit, answer, "versions", "Versions in use", table=tabulate(answer, shapes), shown=True, wide=False)


ADOPTION = Page("/adoption", "Adoption", "Who has started, who stays, who is missing?", "adoption.html", adoption)
