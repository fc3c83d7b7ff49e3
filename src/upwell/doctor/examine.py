"""The order of the look: each link in the way that telemetry takes, so that the first broken one is the first shown."""

from __future__ import annotations

from collections.abc import Iterator

from upwell.config import Settings
from upwell.doctor.books import books
from upwell.doctor.door import door
from upwell.doctor.finding import Finding, State
from upwell.doctor.places import data_dir, journal, keys
from upwell.doctor.sinks import sinks


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at the gateway shape, link after link."""
    place = data_dir(settings)
    yield place
    if place.state is State.FAIL:
        return
    yield keys(settings)
    yield from door(settings)
    yield from journal(settings)
    yield from books(settings)
    yield from sinks(settings)
