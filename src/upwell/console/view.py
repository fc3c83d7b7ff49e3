"""What somebody looks at: period, team, agent and model, as they stand in the address, so that a view is a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

PERIODS: Final[Mapping[str, tuple[int, str]]] = {
    "7d": (7, "Last 7 days"),
    "28d": (28, "Last 28 days"),
    "90d": (90, "Last 90 days"),
    "365d": (365, "Last 365 days"),
}
DEFAULT: Final = "28d"
"""Four whole weeks: the weeks before hold as many weekends."""

FILTERS: Final = ("team", "agent", "model")
_LONGEST: Final = 200  # characters of a name in the address


@dataclass(frozen=True, slots=True)
class View:
    """A period of whole days, `until` exclusive, and at most one team, agent and model.

    `period` is a name of PERIODS, or "" where two dates were given. `more` holds what one page alone asks for.
    """

    since: date
    until: date
    period: str = DEFAULT
    team: str | None = None
    agent: str | None = None
    model: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def read(query: Mapping[str, str], today: date, *, more: tuple[str, ...] = ()) -> View:
        """From the address. What makes no sense is left out rather than refused: somebody edited a link."""
        names = {name: value for name in FILTERS if (value := query.get(name, "").strip()[:_LONGEST])}
        rest = {name: query[name][:_LONGEST] for name in more if query.get(name)}
        first, last = _date(query.get("since")), _date(query.get("until"))
        if first and last and first < last:
            return View(first, last, "", **names, more=rest)
        period = query.get("period", DEFAULT)
        period = period if period in PERIODS else DEFAULT
        until = today + timedelta(days=1)
        return View(until - timedelta(days=PERIODS[period][0]), until, period, **names, more=rest)

    @property
    def days(self) -> int:
        return (self.until - self.since).days

    @property
    def last(self) -> date:
        """The last day that belongs to it."""
        return self.until - timedelta(days=1)

    @property
    def before(self) -> View:
        """The same view of the period before, of the same length."""
        return replace(self, since=self.since - timedelta(days=self.days), until=self.since, period="")

    @property
    def words(self) -> str:
        """`the 28 days before`, for comparisons."""
        return "the day before" if self.days == 1 else f"the {self.days} days before"

    def at_least(self, days: int) -> View:
        """The same over so many days, or more."""
        return self if self.days >= days else replace(self, since=self.until - timedelta(days=days), period="")

    @property
    def narrowest(self) -> str:
        """The filter to leave out first where a group is too small; "" where there is none."""
        return next((name for name in ("model", "agent", "team") if getattr(self, name)), "")

    def without(self, name: str) -> View:
        """The same without one of its filters."""
        kept = {one: None if one == name else getattr(self, one) for one in FILTERS}
        return View(self.since, self.until, self.period, **kept, more=self.more)

    def asked(self) -> dict[str, Any]:
        """As a report's arguments."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "agent": self.agent,
            "team": self.team,
            "model": self.model,
        }

    def query(self, **changes: str | None) -> str:
        """The address's query, `?` included; "" for the default view. A change to None leaves a filter out."""
        stated = {"period": self.period if self.period != DEFAULT else None} if self.period else self._dates()
        found = {**stated, "team": self.team, "agent": self.agent, "model": self.model, **changes}
        kept = {name: value for name, value in found.items() if value}
        return "?" + urlencode(kept) if kept else ""

    def api(self, report: str, by: str | None = None, **more: str) -> str:
        """The address of a report over this view."""
        found = {**self._dates(), "team": self.team, "agent": self.agent, "model": self.model, "by": by, **more}
        return f"/api/reports/{report}?" + urlencode({name: value for name, value in found.items() if value})

    def command(self, report: str, by: str | None = None, **more: str) -> str:
        """The same question on the command line."""
        stated = {"since": self.since.isoformat(), "until": self.until.isoformat(), "by": by}
        found = {**stated, "team": self.team, "agent": self.agent, "model": self.model, **more}
        return " ".join(["upwell report", report, *(f"--{name} {_quoted(value)}" for name, value in found.items() if value)])

    def dates(self) -> list[str]:
        """Every day of it."""
        return [(self.since + timedelta(days=number)).isoformat() for number in range(self.days)]

    def _dates(self) -> dict[str, str | None]:
        return {"since": self.since.isoformat(), "until": self.until.isoformat()}


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _quoted(value: str) -> str:
    return (
        value
        if value.replace("-", "").replace("_", "").replace(".", "").replace(",", "").isalnum()
        else "'" + value.replace("'", "'\\''") + "'"
    )
