"""The identity step: the key decides who sent a batch, not the client.

Every claim about people and their place in the organisation is removed, wherever attributes may
stand, and what the key says is stamped on each resource. Under a team's key, the client's best
claim stays as a pseudonym confined to that key, marked as claimed. Nothing else is changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias

from upwell.identity import Key, Pseudonyms
from upwell.otlp.model import METRIC_KINDS, Batch, Signal
from upwell.policy.claims import PERSON_CLAIMS, Sieve
from upwell.policy.work import Work

Attribute: TypeAlias = dict[str, Any]
Claimed: TypeAlias = tuple[int, str]
"""How good a claim is (its place in PERSON_CLAIMS), and what it says."""

_RANKS: Final = {name: rank for rank, name in enumerate(PERSON_CLAIMS)}
_NOBODY: Final[Claimed] = (len(PERSON_CLAIMS), "")
_MARK: Final[Attribute] = {"key": "upwell.user.claimed", "value": {"boolValue": True}}
_STAMPS_KEPT: Final = 10_000  # of about 1 KB each: more keys than one gateway serves

_METRICS: Final = Signal.METRICS
_ON_RESOURCE: Final = Sieve(on_resource=True)
_ELSEWHERE: Final = Sieve(on_resource=False)


class Stamp:
    """Replaces what the client claims by what the key says. `person` is the setting `policy.person`."""

    def __init__(self, person: Literal["pseudonym", "email", "none"], pseudonyms: Pseudonyms) -> None:
        self._person = person
        self._pseudonyms = pseudonyms
        self._stamps: dict[str, tuple[Key, tuple[Attribute, ...]]] = {}

    def __call__(self, work: Work) -> Work:
        stamp, signal = self._stamp(work.key), work.signal
        hears_claims = work.key.person is None and self._person != "none"
        for entry in work.batch.get(signal.resource_field) or ():
            resource = entry.get("resource") or {}
            heard = _claims(entry, resource, signal) if hears_claims else ()
            _clean(entry, signal)
            attributes = _ON_RESOURCE.without_claims(resource.get("attributes") or [])
            resource["attributes"] = [*attributes, *stamp, *self._settle(heard, work.key)]
            entry["resource"] = resource
        return work

    def _stamp(self, key: Key) -> tuple[Attribute, ...]:
        """The attributes that a key puts on every resource."""
        known, stamp = self._stamps.get(key.id, (None, ()))
        if known is not key:
            if len(self._stamps) >= _STAMPS_KEPT:
                del self._stamps[next(iter(self._stamps))]
            stamp = tuple(_text(name, value) for name, value in self._identity(key) if value)
            self._stamps[key.id] = key, stamp
        return stamp

    def _identity(self, key: Key) -> Iterator[tuple[str, str | None]]:
        if key.person is not None and self._person == "pseudonym":
            yield "user.id", self._pseudonyms.of(key.person)
        elif key.person is not None and self._person == "email":
            yield "user.id", key.person
            yield "user.email", key.person if "@" in key.person else None
        yield "team.id", key.team
        yield "department", key.department
        yield "cost_center", key.cost_center
        yield "organization", key.organization
        yield "upwell.key.id", key.id

    def _settle(self, heard: Sequence[tuple[Batch, Claimed]], key: Key) -> tuple[Attribute, ...]:
        """What a resource says of who was claimed, if its items agree; if not, each item says it."""
        if len({claimed for _, claimed in heard}) <= 1:
            return self._pseudonymous(heard[0][1], key) if heard else ()
        for item, claimed in heard:
            item["attributes"] = [*(item.get("attributes") or ()), *self._pseudonymous(claimed, key)]
        return ()

    def _pseudonymous(self, claimed: Claimed, key: Key) -> tuple[Attribute, ...]:
        return (_text("user.id", self._pseudonyms.of(claimed[1], key.line)), _MARK) if claimed != _NOBODY else ()


def _text(name: str, value: str | None) -> Attribute:
    return {"key": name, "value": {"stringValue": value}}


def _claims(entry: Batch, resource: Batch, signal: Signal) -> list[tuple[Batch, Claimed]]:
    """Every item of a resource with the best claim about its person, its own or its resource's."""
    own = _best_claim(resource)
    return [(item, min(own, _best_claim(item))) for item in _items(entry, signal)] or [(resource, own)]


def _best_claim(holder: Batch) -> Claimed:
    best = _NOBODY
    for attribute in holder.get("attributes") or ():
        rank = _RANKS.get(attribute.get("key"))
        if rank is not None and rank < best[0] and (said := _said(attribute.get("value"))):
            best = (rank, said)
    return best


def _said(value: Batch | None) -> str:
    """The text of a string or number (Cursor's ids are numbers); empty for anything else."""
    text = (value or {}).get("stringValue") or (value or {}).get("intValue")
    return str(text).strip() if isinstance(text, str | int) else ""


def _items(entry: Batch, signal: Signal) -> Iterator[Batch]:
    """The log records, spans or data points of one resource."""
    for scope_entry in entry.get(signal.scope_field) or ():
        for holder in scope_entry.get(signal.entry_field) or ():
            if signal is _METRICS:
                yield from _points(holder)
            else:
                yield holder


def _points(metric: Batch) -> Iterator[Batch]:
    for kind in METRIC_KINDS:
        if data := metric.get(kind):
            yield from data.get("dataPoints") or ()


def _clean(entry: Batch, signal: Signal) -> None:
    """Remove the claims below a resource: from scopes, items, and what items hold."""
    clean = _CLEANERS[signal]
    for scope_entry in entry.get(signal.scope_field) or ():
        if scope := scope_entry.get("scope"):
            _drop_claims(scope, "attributes")
        for holder in scope_entry.get(signal.entry_field) or ():
            clean(holder)


def _clean_record(record: Batch) -> None:
    if attributes := record.get("attributes"):
        record["attributes"] = _ELSEWHERE.without_claims(attributes)
    if (body := record.get("body")) and (members := body.get("kvlistValue")):
        _drop_claims(members, "values")


def _clean_span(span: Batch) -> None:
    _drop_claims(span, "attributes")
    for part in ("events", "links"):
        for holder in span.get(part) or ():
            _drop_claims(holder, "attributes")


def _clean_metric(metric: Batch) -> None:
    _drop_claims(metric, "metadata")
    for point in _points(metric):
        _drop_claims(point, "attributes")
        for exemplar in point.get("exemplars") or ():
            _drop_claims(exemplar, "filteredAttributes")


_CLEANERS: Final = {Signal.LOGS: _clean_record, Signal.TRACES: _clean_span, Signal.METRICS: _clean_metric}


def _drop_claims(holder: Batch, field: str) -> None:
    attributes = holder.get(field)
    if attributes:
        holder[field] = _ELSEWHERE.without_claims(attributes)
