"""Who asks, and whether what they ask may be answered person by person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from upwell.errors import PersonWithheld
from upwell.store.reports.query import ME, Query
from upwell.store.reports.report import Report


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks. `person` is their name in rows, proven by whoever lets them ask; `reason` why they ask to reveal, as `asker`."""

    person: str | None = None
    reason: str | None = None
    asker: str = ""


ANYBODY: Final = Viewer()


@dataclass(frozen=True, slots=True)
class Access:
    """How a question is answered: under the floor or not, about one person or all, and whether that is to be written down."""

    floored: bool
    person: str | None = None
    reveals: bool = False


def access(report: Report, query: Query, viewer: Viewer, *, one_group: bool) -> Access:
    """Raises PersonWithheld where the question is about one person, and whoever asks is neither that person nor gives a reason."""
    personal = query.person is not None or query.by_person or report.privacy == "interaction"
    if not personal:
        return Access(floored=True)
    if viewer.person is not None and query.person in (None, ME, viewer.person):
        return Access(floored=False, person=viewer.person)
    if viewer.reason and viewer.reason.strip() and query.person != ME:
        return Access(floored=False, person=query.person, reveals=True)
    if one_group and query.person is None and not query.by_person:
        return Access(floored=False)
    raise PersonWithheld(f"{report.name}, asked so, tells of single people")
