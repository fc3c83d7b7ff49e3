"""Whose use it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.usage.build import PSEUDONYMS, batch, key, only, reading, record, stamp
from tests.usage.recordings import KEY, PRICES, RECEIVED_NS
from upwell.identity import Key
from upwell.otlp import Signal
from upwell.policy import CLAIMS
from upwell.policy.claims import PERSON_CLAIMS
from upwell.usage import UsageEvent, read, who

SCOPE = "com.anthropic.claude_code.events"
PROMPT = {"event.name": "user_prompt", "session.id": "s-1", "event.timestamp": "2026-11-21T12:00:00Z"}


def stamped(by: Key, *records: dict[str, Any], resource: dict[str, object] | None = None) -> tuple[UsageEvent, ...]:
    """The rows of records that came in through policy."""
    sent = batch(Signal.LOGS, records, scope=SCOPE, resource=resource or {"service.name": "claude-code"})
    return read(stamp(sent, Signal.LOGS, by), Signal.LOGS, key_id=by.id, received_ns=RECEIVED_NS, prices=PRICES).events


def test_a_persons_key_is_the_person() -> None:
    """What policy stamped fills every column of identity, and nothing of it is a claim."""
    (event,) = stamped(key("ann@example.com"), record(PROMPT | {"user.email": "mallory@example.com"}))

    assert (event.person, event.claimed) == (PSEUDONYMS.of("ann@example.com"), False)
    assert (event.team, event.department, event.cost_center, event.organization) == ("platform", "engineering", "cc-7", "acme")
    assert event.key_id == "k-1"


def test_a_teams_key_leaves_the_person_a_claim() -> None:
    """The client's word becomes a pseudonym within the key, marked as claimed."""
    (event,) = stamped(key(), record(PROMPT | {"user.email": "ann@example.com"}))

    assert event.claimed
    assert event.person == PSEUDONYMS.of("ann@example.com", key().line)


def test_people_who_share_a_resource_are_told_apart() -> None:
    """Where items of one resource claim different people, each row has its own."""
    events = stamped(
        key(), *(record(PROMPT | {"user.email": who, "event.sequence": n}) for n, who in enumerate(("ann@x.com", "bob@x.com", "")))
    )

    assert [event.person for event in events] == [PSEUDONYMS.of("ann@x.com", key().line), PSEUDONYMS.of("bob@x.com", key().line), None]
    assert [event.claimed for event in events] == [True, True, False]


def test_a_key_without_a_person_and_no_claim_is_nobody() -> None:
    """Nobody is invented."""
    (event,) = stamped(key(), record(PROMPT))

    assert (event.person, event.claimed) == (None, False)


@pytest.mark.parametrize(
    ("claims", "person"),
    [
        ({"user.id": "install-1", "user.email": "ann@x.com", "user.account_uuid": "u-1"}, "ann@x.com"),
        ({"user.id": "install-1", "user.account_uuid": "u-1"}, "u-1"),
        ({"user.id": "install-1", "enduser.id": "ann"}, "ann"),
        ({"user.id": "install-1"}, "install-1"),
        ({"cursor.user.id": 99}, "99"),
        ({"user.name": "ann", "enduser.pseudo.id": "x"}, "ann"),
        ({"installation.id": "i-1"}, "i-1"),
    ],
)
def test_unstamped_telemetry_has_claims_in_the_order_of_their_worth(claims: dict[str, object], person: str) -> None:
    """An address comes before an account, an account before an installation, on the record or on its resource."""
    on_record = only(reading(Signal.LOGS, [record(PROMPT | claims)], scope=SCOPE))
    on_resource = only(reading(Signal.LOGS, [record(PROMPT)], scope=SCOPE, resource=claims))

    assert on_record.person == on_resource.person == person
    assert on_record.claimed
    assert on_resource.claimed
    assert on_record.key_id == KEY


def test_unstamped_places_are_the_clients_too() -> None:
    """Team and department are read where the client put them."""
    told = only(
        reading(
            Signal.LOGS, [record(PROMPT | {"team.id": "from-record", "department": "d"})], scope=SCOPE, resource={"team.id": "platform"}
        )
    )

    assert (told.team, told.department, told.organization) == ("platform", "d", None)


def test_the_order_of_claims_is_policys() -> None:
    """Policy and usage read the same claims in the same order."""
    assert who.PERSON_CLAIMS == PERSON_CLAIMS


@pytest.mark.parametrize("name", [claim.name for claim in CLAIMS if not claim.resource_only])
def test_no_claim_is_in_an_id(name: str) -> None:
    """Whatever policy takes for a claim is no label of a series, nor is anything below it."""
    assert who.is_identity(name)
    assert who.is_identity(f"{name}.id")


@pytest.mark.parametrize(
    "name", ["session.id", "model", "type", "terminal.type", "service.instance.id", "agent.name", "user_agent", "teams"]
)
def test_other_labels_are_no_identity(name: str) -> None:
    """What an agent is and does stays a label."""
    assert not who.is_identity(name)
