"""What can be done to the worker's books, as plain functions from a desk and arguments to JSON values.

The worker runs them for the command line; with no worker running the command line runs them itself, holding `worker.lock`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from upwell.errors import ConfigError, DataDirError, NoSuchEntry
from upwell.journal import ledger as sums
from upwell.journal.lanes import USAGE
from upwell.journal.outcomes import Damage
from upwell.journal.quarantine import QuarantineEntry
from upwell.otlp.model import Signal
from upwell.relay import LaneStatus, UsageSum, usage_sum
from upwell.relay.janitor import close_lane
from upwell.service import backup, reporting, reveals, senders, usage
from upwell.service.desk import Desk
from upwell.service.when import format_ns


def perform(desk: Desk, name: str, arguments: Mapping[str, Any]) -> Any:
    """Run an operation by its name. Raises what it raises, NoSuchEntry for an unknown one, DataDirError where the disk fails."""
    if name not in OPERATIONS:
        raise NoSuchEntry(f"the worker knows no operation {name!r}", hint="Run the same version of Upwell for both.")
    try:
        return OPERATIONS[name](desk, **arguments)
    except sqlite3.Error as error:
        raise DataDirError(f"the books in {desk.settings.data_dir} cannot be used: {error}") from None


def ledger(desk: Desk) -> dict[str, Any]:
    """All sums, what each lane is doing, and a sentence for everything that does not add up."""
    found = sums.compute(desk.book, desk.segments)
    stored, unread = _stored(desk, found)
    problems = [*found.problems(), *unread, *(_uncounted(one) for one in stored.values() if one.missing)]
    statuses = {status.lane: status for status in ([*desk.relay.status(), *desk.relay.usage_status()] if desk.relay else [])}
    return {
        "holds": not problems,
        "problems": problems,
        "signals": [{**asdict(entry), "missing": entry.missing} for entry in found.signals],
        "lanes": [{**asdict(entry), "missing": entry.missing, **_doing(statuses.get(entry.lane))} for entry in found.lanes],
        "usage": [
            {**asdict(entry), "missing": entry.missing, **_made_of(stored.get(entry.lane)), **_doing(statuses.get(entry.lane))}
            for entry in found.usage
        ],
        "losses": [_loss(damage) for damage in found.damages],
        "kept": {**asdict(found.kept), "keep_seconds": desk.settings.journal.keep},
    }


def accept_loss(desk: Desk, reason: str) -> dict[str, Any]:
    """Acknowledge the losses booked so far, so that the ledger holds again."""
    if not reason.strip():
        raise ConfigError("a loss is accepted with a reason", hint="Say in --reason what happened; it stays in the ledger.")
    return {"losses": desk.book.outcomes.accept_damage(reason.strip())}


def close(desk: Desk, sink: str) -> dict[str, Any]:
    """Take a sink's lanes that are no longer configured out of the books; what they still held is booked as expired."""
    lanes = [lane for lane in desk.book.lanes.all() if lane.sink == sink and lane.closed_ns is None]
    if not lanes or sink == USAGE:
        raise NoSuchEntry(f"no open lane belongs to a sink {sink!r}", hint="See the lanes in `upwell ledger`.")
    wanted = {f"{configured.name}/{signal}" for configured in desk.settings.sinks for signal in configured.signals}
    unwanted = [lane for lane in lanes if lane.lane not in wanted]
    if not unwanted:
        raise ConfigError(f"sink {sink!r} is still configured", hint="Remove its [[sinks]] block first, or the signal from its `signals`.")
    return {"items": sum(close_lane(desk.book, desk.segments, lane) for lane in unwanted)}


def quarantine_list(desk: Desk) -> list[dict[str, Any]]:
    """Every quarantined batch, without its content."""
    return [_batch(entry) for entry in desk.book.quarantine.list()]


def quarantine_show(desk: Desk, id: int) -> dict[str, Any]:  # noqa: A002 - the name it has in the API
    """One quarantined batch with its content as OTLP/JSON."""
    entry, body = desk.book.quarantine.show(id)
    return {**_batch(entry), "body": json.loads(body)}


def quarantine_replay(desk: Desk, ids: Sequence[int] | None) -> dict[str, Any]:
    """Send batches again; None: all of them."""
    return {"batches": _each(desk, ids, desk.book.quarantine.replay)}


def quarantine_drop(desk: Desk, ids: Sequence[int] | None) -> dict[str, Any]:
    """Throw batches away for good; None: all that are not on their way again."""
    return {"batches": _each(desk, ids, desk.book.quarantine.drop)}


def back_up(desk: Desk, directory: str) -> dict[str, Any]:
    """Copy everything to a folder that does not exist yet, or is empty."""
    copied = backup.copy(desk.settings.data_dir, desk.book, desk.segments, Path(directory), desk.shelf)
    return {"directory": directory, "files": len(copied), "bytes": sum(file.stat().st_size for file in copied)}


def report(desk: Desk, name: str, **question: Any) -> dict[str, Any]:
    """Answer a report's question: since, until, by, agent, team, model, person, more; and who asks: key, reason, asker."""
    asked, who = reporting.question(question), reporting.viewer(desk.settings, question)
    return desk.reporting.reporter(desk.settings, desk.shelf.store()).answer(name, asked, who).as_json()


def export(desk: Desk, path: str, format: str, since: str | None = None, until: str | None = None) -> dict[str, Any]:  # noqa: A002
    """Write usage rows to a folder of Parquet files (`parquet`) or to a file (`csv`) that does not exist yet."""
    if format not in ("parquet", "csv"):
        raise ConfigError(f"{format!r} is no format of an export", hint="Use parquet or csv.")
    asked = reporting.question({"since": since, "until": until})
    reporter = desk.reporting.reporter(desk.settings, desk.shelf.store())
    return reporter.export(Path(path), "parquet" if format == "parquet" else "csv", asked).as_json()


def reports(desk: Desk) -> list[dict[str, Any]]:  # noqa: ARG001 - every operation is given the desk
    """Every report there is."""
    return reporting.catalogue()


def who_sends(desk: Desk, names: bool = False) -> dict[str, Any]:
    """Every key with when it was last heard from and what was last refused of it; `names` adds whose they are."""
    return senders.senders(desk.settings, desk.shelf.store(), names=names)


def revealed(desk: Desk) -> list[dict[str, Any]]:
    """Who had people revealed, and why."""
    return reveals.read(desk.settings.data_dir)


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "ledger": ledger,
    "accept_loss": accept_loss,
    "close": close,
    "quarantine_list": quarantine_list,
    "quarantine_show": quarantine_show,
    "quarantine_replay": quarantine_replay,
    "quarantine_drop": quarantine_drop,
    "backup": back_up,
    "report": report,
    "reports": reports,
    "senders": who_sends,
    **usage.OPERATIONS,
    "revealed": revealed,
    "export": export,
}

CHANGES = frozenset({"accept_loss", "close", "quarantine_replay", "quarantine_drop", "backup", "export", "usage_rebuild", "usage_forget"})
"""Operations worth a line in the worker's log."""


def _stored(desk: Desk, found: sums.Ledger) -> tuple[dict[str, UsageSum], list[str]]:
    """What the usage store counted, by lane; or, where it cannot be asked, the sentence that nothing proves the lanes' sums."""
    if not found.usage:
        return {}, []
    try:
        if desk.relay is not None:
            told = [lane.sum() for lane in desk.relay.usage]
        else:
            store = desk.shelf.store()
            told = [usage_sum(desk.book, desk.segments, store, signal) for signal in Signal]
    except DataDirError as error:
        return {}, [f"{USAGE}: the store's own counts cannot be read: {error.message}"]
    return {one.lane: one for one in told}, []


def _uncounted(found: UsageSum) -> str:
    if found.missing > 0:
        return f"{found.lane}: the store counted {found.missing} items less than it was given"
    return f"{found.lane}: the store counted {-found.missing} items more than it was given"


def _made_of(found: UsageSum | None) -> dict[str, Any]:
    """What the store made of a lane's delivered items."""
    if found is None:
        return dict.fromkeys(("inserted", "duplicate", "not_usage", "unrecognised", "unrecognised_names"))
    return {**asdict(found.counts), "unrecognised_names": dict(found.unrecognised)}


def _each(desk: Desk, ids: Sequence[int] | None, do: Callable[[int], None]) -> int:
    """Do something to each batch, all of them there beforehand or none touched; how many."""
    entries = {entry.id: entry for entry in desk.book.quarantine.list()}
    if ids is None:
        ids = [entry.id for entry in entries.values() if not entry.replaying]
    for missing in (number for number in ids if number not in entries):
        raise NoSuchEntry(f"there is no quarantined batch {missing}")
    for number in ids:
        do(number)
    return len(ids)


def _doing(status: LaneStatus | None) -> dict[str, Any]:
    """What a lane is at, beside its sums."""
    if status is None:
        return {"state": "stopped", "code": "", "message": "", "hint": "", "since": None, "oldest_pending": None}
    words = {"state": status.state, "code": status.code, "message": status.message, "hint": status.hint}
    return {**words, "since": format_ns(status.since_ns or None), "oldest_pending": format_ns(status.oldest_pending_ns or None)}


def _loss(damage: Damage) -> dict[str, Any]:
    found = {"id": damage.id, "at": format_ns(damage.at_ns), "lane": damage.lane, "segment": damage.segment, "items": damage.items}
    return {**found, "message": damage.message, "accepted": format_ns(damage.accepted_ns), "reason": damage.reason}


def _batch(entry: QuarantineEntry) -> dict[str, Any]:
    times = {"at": format_ns(entry.at_ns), "received": format_ns(entry.received_ns)}
    words = {"code": entry.code, "message": entry.message, "key": entry.key_id, "items": entry.items, "replaying": entry.replaying}
    return {"id": entry.id, "lane": entry.lane, **times, **words}
