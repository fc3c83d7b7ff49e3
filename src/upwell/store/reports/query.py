"""What is asked of a report, checked: a period of whole days, how to break it down, what to confine it to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from upwell.errors import ConfigError
from upwell.store.reports.dimensions import FILTERS, PERSON, TOOL
from upwell.store.reports.report import Report

_GROUPINGS: Final = 2  # more of them leave hardly a cell above the floor

ME: Final = "me"
"""As `person`: whoever asks."""

DAYS: Final = 30
"""How many days an answer covers where nobody says since when."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question to a report. `since` is a day, `until` the day after the last; `by` names groupings, joined by commas.

    `person` is somebody's name in rows, or ME. `more` has what single reports need or take: a `session`, a `prompt`, a `tool`.
    """

    since: date | None = None
    until: date | None = None
    by: str | None = None
    agent: str | None = None
    team: str | None = None
    model: str | None = None
    person: str | None = None
    more: Mapping[str, str] = field(default_factory=dict)

    def groupings(self) -> tuple[str, ...]:
        """What `by` asks for."""
        return tuple(name.strip() for name in self.by.split(",")) if self.by else ()

    def check(self, report: Report) -> None:
        """Raises ConfigError where a report cannot be asked so."""
        wanted = self.groupings()
        for name in wanted:
            if name not in report.groupings and not (name == PERSON and report.privacy == "aggregate"):
                allowed = ", ".join(report.groupings) or "nothing"
                raise ConfigError(f"{report.name} cannot be broken down by {name!r}", hint=f"Leave --by out, or use: {allowed}.")
        if len(wanted) > _GROUPINGS or len(set(wanted)) < len(wanted):
            raise ConfigError(f"{self.by!r} is not one grouping, or two of them joined by a comma", hint="For example: --by day,agent")
        self.needed(report)

    @property
    def by_person(self) -> bool:
        """Whether the answer is to have a row per person."""
        return PERSON in self.groupings()

    def needed(self, report: Report) -> dict[str, str]:
        """What a report cannot do without. Raises ConfigError where it is missing."""
        if report.needs and not self.more.get(report.needs):
            raise ConfigError(
                f"{report.name} needs a {report.needs}", hint=f"Name it: --{report.needs} ID; `session_list` and `session` have them."
            )
        return {report.needs: self.more[report.needs]} if report.needs else {}

    def filters(self) -> dict[str, str]:
        """The filters that are set."""
        found = {name: value for name in FILTERS if (value := getattr(self, name)) is not None}
        return found | ({TOOL: self.more[TOOL]} if self.more.get(TOOL) else {})

    def period(self, today: date) -> tuple[date, date]:
        """First day, and the day after the last. Raises ConfigError where nothing lies between them."""
        until = self.until or today + timedelta(days=1)
        since = self.since or until - timedelta(days=DAYS)
        if since >= until:
            raise ConfigError(f"no day lies between {since} and {until}", hint="--until is the day after the last one counted.")
        return since, until
