"""The worker's half: whether it runs, what its lanes do, what waits in quarantine, whether the sums hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from upwell.config import Settings
from upwell.doctor.finding import Finding, fail, failed, ok, warn
from upwell.errors import UpwellError
from upwell.service import client, locks

_NAMES = 3


def books(settings: Settings) -> Iterator[Finding]:
    """The worker, each lane, and the ledger."""
    runs = locks.is_held(settings.data_dir, "worker")
    if not runs:
        yield fail("worker", "no worker runs: nothing is sent on", "Start `upwell serve`, with this --config and as this user.")
    try:
        found = client.ask(settings, "ledger")
    except UpwellError as error:
        yield failed("worker", error)
        return
    if runs:
        yield ok("worker", "runs and answers")
    yield from lanes(found, runs=runs)
    yield sums(found)


def lanes(found: Mapping[str, Any], *, runs: bool) -> Iterator[Finding]:
    """What each lane is at, the usage store's too, and what it refused."""
    for lane in (*found["lanes"], *found["usage"]):
        if lane["closed"]:
            continue
        yield _lane(lane) if runs else _waiting(lane)
        refused = sum(lane["quarantined"].values())
        if refused:
            reasons = ", ".join(list(lane["quarantined"])[:_NAMES])
            yield warn(f"lane {lane['lane']}", f"{refused:,} items are in quarantine: {reasons}", "Run `upwell quarantine list`.")
    for lane in found["usage"]:
        names = list(lane["unrecognised_names"] or {})
        if names:
            told = f"{lane['unrecognised']:,} items that no dialect knows, such as {', '.join(names[:_NAMES])}"
            yield warn(f"lane {lane['lane']}", told, "They are delivered, and not in reports; docs/dialects.md says what is read.")


def _lane(lane: Mapping[str, Any]) -> Finding:
    link, pending = f"lane {lane['lane']}", lane["pending"]["items"]
    if lane["state"] == "flowing":
        return ok(link, f"flowing, {lane['delivered']:,} delivered, {pending:,} pending")
    said = f"{lane['state']} since {lane['since']}, {pending:,} pending: {lane['message']}"
    make = warn if lane["state"] == "retrying" else fail
    return make(link, said, lane["hint"] or "It goes on by itself once the destination answers.", lane["code"])


def _waiting(lane: Mapping[str, Any]) -> Finding:
    link, pending = f"lane {lane['lane']}", lane["pending"]["items"]
    if not pending:
        return ok(link, f"stopped with nothing pending, {lane['delivered']:,} delivered")
    return warn(link, f"stopped, {pending:,} pending since {lane['oldest_pending']}", "They are sent once a worker runs.")


def sums(found: Mapping[str, Any]) -> Finding:
    """Whether every item is accounted for."""
    if found["holds"]:
        return ok("ledger", "every sum holds")
    hint = "See `upwell ledger`; docs/operations.md says what to do about a loss."
    return fail("ledger", "; ".join(found["problems"][:_NAMES]), hint)
