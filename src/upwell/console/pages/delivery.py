"""Delivery: does everything arrive. The ledger's sums as a flow, what holds a lane and what to do, quarantine, and for admins the keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from upwell.console.drawing import part
from upwell.console.office import Context, Visit
from upwell.console.pages.page import Page

_ENDS: Final = ("delivered", "pending", "rejected", "quarantined", "expired", "lost")
_ALWAYS: Final = frozenset({"delivered", "pending", "quarantined"})
_TONES: Final = {"delivered": "good", "pending": "waiting"}


@dataclass(frozen=True, slots=True)
class Share:
    """Items of a lane that ended, or wait, one way: their number, and where they lie on the lane's bar, in per cent."""

    name: str
    items: int
    tone: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane of the ledger, as it is drawn. `lag` is for how long its oldest waiting batch has waited, in seconds."""

    name: str
    state: str
    offered: int
    shares: Sequence[Share]
    missing: int
    lag: float | None
    since: str | None
    message: str
    hint: str
    made_of: Mapping[str, int]

    @property
    def troubled(self) -> bool:
        return self.state in ("held", "failed")


@dataclass(frozen=True, slots=True)
class Flow:
    """A signal's way from the door to its lanes."""

    signal: str
    accepted: int
    dropped: Mapping[str, int]
    journaled: int
    lanes: Sequence[Lane]


def delivery(visit: Visit) -> Context:
    """All of it; keys for admins only."""
    perform = visit.office.perform
    ledger = perform("ledger", {})
    admin = visit.visitor is not None and visit.visitor.admin
    lanes = [lane(found) for found in (*ledger.get("lanes", ()), *ledger.get("usage", ()))]
    return {
        "ledger": ledger,
        "flows": [_flow(signal, lanes) for signal in ledger.get("signals", ())],
        "troubled": [one for one in lanes if one.troubled],
        "quarantine": perform("quarantine_list", {}),
        "senders": attention(visit.office.senders()) if admin else None,
        "sinks": bool(visit.office.settings.sinks),
        "journal_bytes": visit.office.vitals().journal_bytes,
        "journal_most": visit.office.settings.journal.max_bytes,
        "names": {},
    }


def lane(found: Mapping[str, Any]) -> Lane:
    """A lane of the ledger's JSON."""
    counts = {name: _items(found.get(name)) for name in _ENDS}
    offered, left, shares = int(found["offered"]), 0.0, []
    for name, items in counts.items():
        if items or name in _ALWAYS:
            width = part(items, offered)
            shares.append(Share(name, items, _TONES.get(name, "bad"), left, width))
            left += width
    made_of = {name: found[name] for name in ("inserted", "duplicate", "not_usage", "unrecognised") if found.get(name) is not None}
    words = {name: str(found.get(name) or "") for name in ("message", "hint")}
    return Lane(found["lane"], found["state"], offered, shares, found["missing"], _lag(found), found.get("since"), **words, made_of=made_of)


def attention(found: Mapping[str, Any]) -> dict[str, Any]:
    """The keys in the order of who may need a hand: refused, never heard of, then the longest silent."""
    rows = sorted(found["keys"], key=lambda row: (row["refusal"] is None, row["state"] != "live", row["last_seen"] or ""))
    return {**found, "keys": rows}


def _flow(signal: Mapping[str, Any], lanes: Sequence[Lane]) -> Flow:
    name = str(signal["signal"])
    dropped = signal["dropped"]
    return Flow(
        name,
        int(signal["accepted"]),
        dropped if isinstance(dropped, Mapping) else {"dropped": dropped} if dropped else {},
        int(signal["journaled"]),
        [one for one in lanes if one.name.rpartition("/")[2] == name],
    )


def _items(count: Any) -> int:
    """Items of a figure that may be split by reason, or counted in batches too."""
    if isinstance(count, Mapping):
        return int(count["items"]) if "items" in count else sum(int(value) for value in count.values())
    return int(count or 0)


def _lag(found: Mapping[str, Any]) -> float | None:
    oldest = found.get("oldest_pending")
    if not oldest:
        return None
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(oldest)).total_seconds())


DELIVERY = Page("/delivery", "Delivery", "Does everything arrive?", "delivery.html", delivery, filters=False)
