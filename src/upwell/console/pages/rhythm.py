"""Rhythm: when agents are used, by weekday and hour. The whole organisation: a team's hours are too close to a person's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from upwell.console.drawing import Chart, Series
from upwell.console.office import Context, Visit
from upwell.console.pages.adoption import Heat
from upwell.console.pages.empty import instead
from upwell.console.pages.page import Page
from upwell.console.panel import Panel, panel, tabulate

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LEVELS: Final = 5
_LENGTHS: Final = (
    ("up_to_5_minutes", "up to 5 min"),
    ("up_to_30_minutes", "5 to 30 min"),
    ("up_to_2_hours", "30 min to 2 h"),
    ("longer", "longer"),
)


def rhythm(visit: Visit) -> Context:
    """The week's hours, and how long sessions are."""
    if (other := instead(visit, visit.ask("overview"))) is not None:
        return other
    whole = replace(visit.view, team=None)
    answer = visit.ask("rhythm", view=whole)
    cells = {(int(row["weekday"]), int(row["hour"])): row.get("prompts") for row in answer.rows}
    most = max((value or 0 for value in cells.values()), default=0)
    week = [(name, [_cell(cells, name, day, hour, most) for hour in range(24)]) for day, name in enumerate(_DAYS, start=1)]
    made = panel(visit, answer, "rhythm", f"Prompts by weekday and hour, in {visit.office.zone()}", view=whole, table=tabulate(answer))
    return {"panel": made, "week": week, "team": visit.view.team, "panels": [_sessions(visit)]}


def _cell(cells: dict[tuple[int, int], float | None], name: str, day: int, hour: int, most: float) -> Heat:
    title = f"{name} {hour}:00"
    if (day, hour) not in cells:
        return Heat("", 0, f"{title}: none")
    value = cells[day, hour]
    if value is None:
        return Heat("", 0, f"{title}: withheld, too few people", withheld=True)
    return Heat(f"{value:,.0f}", max(1, round(_LEVELS * value / most)) if value and most else 0, f"{title}: {value:,.0f} prompts")


def _sessions(visit: Visit) -> Panel:
    answer = visit.ask("sessions")
    data = [answer.first.get(name) for name, _ in _LENGTHS]
    chart = Chart("histogram", [words for _, words in _LENGTHS], [Series("Sessions", "accent", data)], axis="name")
    return panel(visit, answer, "lengths", "Sessions by length, from their first to their last row", chart=chart, table=tabulate(answer))


RHYTHM = Page("/rhythm", "Rhythm", "When is it used?", "rhythm.html", rhythm)
