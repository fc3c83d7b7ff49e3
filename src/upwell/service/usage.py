"""What can be done to the usage store by hand: look at it, make its rows anew, forget somebody.

Functions from a desk and arguments to JSON values, as in `operations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import asdict
from typing import Any, Final

from upwell import audit
from upwell.config import CloudWatchSink, Settings
from upwell.errors import NoSuchEntry
from upwell.identity import Forgotten, Keys, Tombstones
from upwell.journal import layout
from upwell.otlp import Signal
from upwell.relay import compare
from upwell.relay.forgetting import purge_quarantine
from upwell.relay.rebuild import Rebuild, Rebuilt
from upwell.relay.usage import UsageLane
from upwell.service.desk import Desk
from upwell.service.when import format_ns
from upwell.usage import Prices, Rates

_ALWAYS: Final = 2**63 - 1
_SEGMENT_SECONDS: Final = 3600.0
"""A segment that is being written ends after this at the latest (rules of the journal)."""
_KEPT_AT_LEAST: Final = 300.0


def prices(settings: Settings) -> Prices:
    """The price lists, with the overrides of the settings."""
    return Prices({model: Rates(one.input, one.output, one.cache_read, one.cache_creation) for model, one in settings.prices.items()})


def status(desk: Desk) -> dict[str, Any]:
    """How much is in the store, of when, how much of it a rebuild can make anew, and what no dialect knows."""
    store, names = desk.shelf.store(), desk.segments.names()
    found = store.summary(names)
    return {
        "events": found.events,
        "points": found.points,
        "from": format_ns(found.oldest_ns or None),
        "to": format_ns(found.newest_ns or None),
        "bytes": store.bytes(),
        "rebuildable": found.rebuildable,
        "journal_since": format_ns(layout.made_ns(names[0])) if names else None,
        "dialects": dict(found.dialects),
        "unrecognised": {signal.value: store.unrecognised(signal) for signal in Signal},
    }


def sources(desk: Desk) -> list[dict[str, Any]]:
    """The segments that a rebuild reads, oldest first."""
    return [{"segment": name, "bytes": desk.segments.bytes(name)} for name in desk.segments.names()]


def rebuild(desk: Desk, segment: str) -> list[dict[str, Any]]:
    """Make the rows of one segment anew; an entry per signal, none where the journal has let it go."""
    store = desk.shelf.store()
    found = Rebuild(desk.segments, desk.book, store, prices(desk.settings)).segment(segment)
    lanes = {lane.signal: lane for lane in _lanes(desk)}
    for one in found:
        with ExitStack() as held:
            if one.signal in lanes:
                held.enter_context(lanes[one.signal].between_turns())
            compare(desk.book, desk.segments, store, one.signal)
    return [_rebuilt(one) for one in found]


def forget(desk: Desk, person: str, asker: str = "unnamed") -> dict[str, Any]:
    """Write the tombstone, revoke the keys and take the name off them, delete rows and quarantined items; what remains elsewhere.

    Raises NoSuchEntry for somebody whom nothing here knows.
    """
    store, path = desk.shelf.store(), desk.settings.data_dir / "keys.db"
    with closing(Tombstones(path)) as tombstones:
        with closing(Keys(path)) as keys:
            who = keys.who(person)
            told = tombstones()
            if not (who.keys or store.knows(who.pseudonyms | who.names) or who.pseudonyms & told.people.keys()):
                raise NoSuchEntry(
                    f"nobody here is known as {person!r}: no key is theirs, and no row of the usage store",
                    hint="Give the name as in `upwell keys list`, or the pseudonym as reports show it.",
                )
            audit.write(desk.settings.data_dir, audit.FORGET, asker, keys=sorted(who.keys))
            keys.forget(who)
        told = tombstones()
    rows = store.forget(Forgotten(told.keys, {**told.people, **dict.fromkeys(who.pseudonyms | who.names, _ALWAYS)}))
    with ExitStack() as held:
        for lane in _lanes(desk):
            held.enter_context(lane.between_turns())
        purged = purge_quarantine(desk.book, told.keys, told.people.keys() | who.names)
    done = {"keys": len(who.keys), "rows": rows, "quarantined_items": purged.items, "busy_batches": purged.busy}
    return {**done, "remains": _remains(desk)}


OPERATIONS: Mapping[str, Any] = {
    "usage_status": status,
    "usage_sources": sources,
    "usage_rebuild": rebuild,
    "usage_forget": forget,
}


def _lanes(desk: Desk) -> list[UsageLane]:
    return list(desk.relay.usage) if desk.relay is not None else []


def _rebuilt(found: Rebuilt) -> dict[str, Any]:
    times = {"from": format_ns(found.oldest_ns or None), "to": format_ns(found.newest_ns or None)}
    rows = {"before": found.before, "after": found.after}
    return {"signal": found.signal.value, **times, **rows, **asdict(found.counts), "kept": found.kept or None}


def _remains(desk: Desk) -> list[dict[str, Any]]:
    """Where else something may be, what it is, and until when it stays."""
    settings = desk.settings
    seconds = _SEGMENT_SECONDS + max(settings.journal.keep, _KEPT_AT_LEAST)
    until = format_ns(desk.book.db.clock_ns() + int(seconds * 1e9))
    received = "batches received until now; the usage store leaves them out"
    found = [_place("journal", received, until, "later where a sink has not settled them")]
    for sink in settings.sinks:
        if isinstance(sink, CloudWatchSink):
            found += _in_cloudwatch(sink)
        else:
            found.append(_place(f"sink {sink.name}", f"what was sent to {_without_login(sink.endpoint)}", None, "as kept there"))
    pending = sum(desk.book.parcels.waiting(lane.lane).items for lane in desk.book.lanes.all() if lane.closed_ns is None)
    if pending:
        found.append(_place("lanes", f"{pending} items of anybody that are still to be sent", None, "until they are settled"))
    aside = sorted(path.name for path in settings.data_dir.iterdir() if ".bak" in path.name or ".damaged" in path.name)
    if aside:
        found.append(_place("data_dir", f"copies from before: {', '.join(aside)}", None, "until you delete them"))
    if (settings.data_dir / audit.NAME).exists():
        found.append(_place("audit", f"{audit.NAME}: whom reports were asked about", None, "as long as you keep it"))
    return [*found, _place("backups", "every copy that `upwell backup` has made until now", None, "until you delete it")]


def _in_cloudwatch(sink: CloudWatchSink) -> list[dict[str, Any]]:
    place, found = f"CloudWatch in {sink.region}", []
    if "logs" in sink.signals:
        found.append(_place(place, f"log group {sink.log_group}, stream {sink.log_stream}", None, "as long as its retention says"))
    if "traces" in sink.signals:
        found.append(_place(place, "log group aws/spans", None, "as long as its retention says"))
    if "metrics" in sink.signals:
        found.append(_place(place, "metrics, labelled with the pseudonym or the key", None, "15 months"))
    return found


def _place(where: str, what: str, until: str | None, note: str) -> dict[str, Any]:
    return {"where": where, "what": what, "until": until, "note": note}


def _without_login(address: str) -> str:
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
