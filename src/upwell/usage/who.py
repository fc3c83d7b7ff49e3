"""Who an item is about: what policy stamped on its resource, or, where nothing was stamped, what the client claims.

Stamped telemetry names the key (`upwell.key.id`); then the client's own words no longer count. Telemetry that never met
policy (read back from CloudWatch) has only claims, and every person found so is marked claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from upwell.usage.casts import attributes as plain
from upwell.usage.casts import text

KEY: Final = "upwell.key.id"
CLAIMED: Final = "upwell.user.claimed"
PERSON: Final = "user.id"

PERSON_CLAIMS: Final = (
    "user.email",
    "cursor.user.email",
    "langsmith.metadata.user_email",
    "user_email",
    "email",
    "enduser.id",
    "user.account_uuid",
    "user.account_id",
    "cursor.user.account_id",
    "cursor.user.id",
    "kiro.user.id",
    "user.name",
    "user_name",
    "username",
    "user.id",
    "user_id",
    "enduser.pseudo.id",
    "ai.telemetry.metadata.userId",
    "installation.id",
)
"""The claims that can stand for a person, best first: an address before an account before an installation."""

PLACES: Final = {
    "team": ("team.id", "cursor.team.id"),
    "department": ("department",),
    "cost_center": ("cost_center",),
    "organization": ("organization", "organization.id"),
}
"""The columns that say where somebody belongs, with the attributes that fill them."""

_PEOPLE: Final = frozenset({"user", "enduser", "user_id", "user_email", "user_name", "username", "email", "manager", "installation"})
_PLACES: Final = frozenset({"team", "team_id", "department", "cost_center", "organization", "host", "process", "upwell", "github.org"})
_BELOW: Final = frozenset({"cursor.user", "cursor.team", "kiro.user", "langsmith.metadata.user_email", "ai.telemetry.metadata.userId"})
_CLAIM_ROOTS: Final = _PEOPLE | _PLACES | _BELOW


def is_identity(key: str) -> bool:
    """Whether an attribute says who or where somebody is. Such attributes never make an id: they change with the key, not with the use."""
    end = len(key)
    while end > 0:
        if key[:end] in _CLAIM_ROOTS:
            return True
        end = key.rfind(".", 0, end)
    return False


@dataclass(frozen=True, slots=True)
class Who:
    """What a resource says of its sender."""

    key_id: str
    stamped: bool
    person: str | None
    claimed: bool
    places: Mapping[str, str | None]


def of_resource(attributes: Mapping[str, Any], key_id: str) -> Who:
    """The sender of a resource; `key_id` is the key that it came in with, which a stamp confirms."""
    stamped = text(attributes.get(KEY))
    places = {column: _first(attributes, names) for column, names in PLACES.items()}
    if stamped is not None:
        return Who(stamped, True, text(attributes.get(PERSON)), bool(attributes.get(CLAIMED)), places)
    person = _first(attributes, PERSON_CLAIMS)
    return Who(key_id, False, person, person is not None, places)


def of_item(who: Who, resource: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The columns in which an item differs from its resource; None if in none, which is the rule."""
    if who.stamped:
        return {"person": text(attributes.get(PERSON)), "claimed": True} if CLAIMED in attributes else None
    person = _best(resource, attributes)
    columns: dict[str, Any] = {"person": person, "claimed": person is not None}
    for column, names in PLACES.items():
        if who.places[column] is None:
            columns[column] = _first(attributes, names)
    return columns


def person_of(resource: Mapping[str, Any], item: Mapping[str, Any]) -> str | None:
    """Who one item of a batch is about, of its resource and itself as they stand in the batch."""
    around, own = plain(resource.get("attributes")), plain(item.get("attributes"))
    who = of_resource(around, "")
    differing = of_item(who, around, own)
    return who.person if differing is None else differing["person"]


def _first(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        if (said := text(attributes.get(name))) is not None:
            return said
    return None


def _best(resource: Mapping[str, Any], attributes: Mapping[str, Any]) -> str | None:
    for name in PERSON_CLAIMS:
        if (said := text(attributes.get(name)) or text(resource.get(name))) is not None:
            return said
    return None
