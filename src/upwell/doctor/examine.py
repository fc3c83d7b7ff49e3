"""The order of the look: each link in the way that telemetry takes, so that the first broken one is the first shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from upwell.aws.account import Account
from upwell.aws.probe import Arrival
from upwell.config import Settings
from upwell.doctor import send
from upwell.doctor.books import books
from upwell.doctor.door import door
from upwell.doctor.finding import Finding, State, fail, failed, ok
from upwell.doctor.places import data_dir, journal, keys
from upwell.doctor.serverless import prove, serverless
from upwell.doctor.sinks import sinks
from upwell.errors import ProbeLost, UpwellError
from upwell.service import locks


@dataclass(frozen=True, slots=True)
class Shapes:
    """Which of the two the settings speak of."""

    gateway: bool
    serverless: bool


def shapes(settings: Settings, *, stack_named: bool) -> Shapes:
    """What there is to look at: a stack that was named or has a section; a gateway, unless a stack is all that the settings speak of."""
    has_stack = stack_named or "serverless" in settings.model_fields_set
    written = settings.model_fields_set & {"gateway", "sinks", "journal"}
    has_gateway = not stack_named and (not has_stack or bool(written) or locks.is_held(settings.data_dir, "gateway"))
    return Shapes(has_gateway, has_stack)


def examine(settings: Settings, of: Shapes) -> Iterator[Finding]:
    """Look at every link."""
    if of.gateway:
        yield from _gateway(settings)
    if of.serverless:
        try:
            account = Account(settings.serverless.region, settings.serverless.profile)
        except UpwellError as error:
            yield failed("aws", error)
            return
        yield from serverless(account, settings.serverless.stack)


def sent(settings: Settings, of: Shapes, *, key: str | None, endpoint: str | None, say: Callable[[str], None]) -> Iterator[Finding]:
    """Send marked events through each shape, and tell where they arrived."""
    if of.gateway:
        try:
            with send.key(settings, key) as secret:
                yield from map(_arrival, send.send(settings, secret, endpoint, say=say))
        except UpwellError as error:
            yield failed("marked event", error)
    if of.serverless:
        try:
            account = Account(settings.serverless.region, settings.serverless.profile)
            yield from map(_arrival, prove(account, settings.serverless, say))
        except UpwellError as error:
            yield failed("marked event", error)


def _gateway(settings: Settings) -> Iterator[Finding]:
    place = data_dir(settings)
    yield place
    if place.state is State.FAIL:
        return
    yield keys(settings)
    yield from door(settings)
    yield from journal(settings)
    yield from books(settings)
    yield from sinks(settings)


def _arrival(found: Arrival) -> Finding:
    link = f"event {found.signal}{f' in {found.end}' if found.end else ''}"
    if found.ok:
        return ok(link, f"arrived after {found.arrived_after:.0f} s")
    return fail(link, found.problem, found.hint, ProbeLost.code)
