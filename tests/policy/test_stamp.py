"""What the identity step promises: the key decides who you are, not the client."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.config import Policy
from upwell.identity import Key, Pseudonyms
from upwell.otlp.model import METRIC_KINDS, Signal
from upwell.policy import Work, pipeline
from upwell.policy.claims import Sieve

PSEUDONYMS = Pseudonyms(bytes(range(32)))
ALICE = Key("alicekey", "alicekey", "alice@example.com", "platform", "R&D", "42", "Example", 1, None, None)
TEAM = Key("teamkey2", "teamkey1", None, "platform", None, None, None, 1, None, None)
STAMP_OF_ALICE = {
    "user.id": PSEUDONYMS.of("alice@example.com"),
    "team.id": "platform",
    "department": "R&D",
    "cost_center": "42",
    "organization": "Example",
    "upwell.key.id": "alicekey",
}


def attributes(**values: Any) -> list[dict[str, Any]]:
    """`user__id="x"` → one attribute user.id."""
    return [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in values.items()]


def read(holder: dict[str, Any], field: str = "attributes") -> dict[str, Any]:
    return {attribute["key"]: next(iter(attribute["value"].values())) for attribute in holder.get(field, [])}


def stamped(batch: dict[str, Any], signal: Signal, key: Key, **settings: Any) -> dict[str, Any]:
    work = Work(copy.deepcopy(batch), signal, key)
    for step in pipeline(Policy(**settings), PSEUDONYMS):
        work = step(work)
    assert dict(work.dropped) == {}
    return work.batch


def logs(*records: dict[str, Any], resource: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "resourceLogs": [
            {"resource": {"attributes": resource or []}, "scopeLogs": [{"scope": {"name": "s"}, "logRecords": list(records)}]},
        ]
    }


def record(**values: Any) -> dict[str, Any]:
    return {"timeUnixNano": "1", "attributes": attributes(**values)}


CLAIM = attributes(user__id="mallory", team__id="theirs", keep="me", organization="x", upwell__key__id="fake")
EVERYWHERE = {
    Signal.LOGS: {
        "resourceLogs": [
            {
                "resource": {"attributes": CLAIM},
                "scopeLogs": [
                    {
                        "scope": {"name": "s", "attributes": CLAIM},
                        "logRecords": [{"attributes": CLAIM, "body": {"kvlistValue": {"values": CLAIM}}}, {"body": {"stringValue": "x"}}],
                    }
                ],
            }
        ]
    },
    Signal.TRACES: {
        "resourceSpans": [
            {
                "resource": {"attributes": CLAIM},
                "scopeSpans": [
                    {
                        "scope": {"attributes": CLAIM},
                        "spans": [{"attributes": CLAIM, "events": [{"attributes": CLAIM}], "links": [{"attributes": CLAIM}]}],
                    }
                ],
            }
        ]
    },
    Signal.METRICS: {
        "resourceMetrics": [
            {
                "resource": {"attributes": CLAIM},
                "scopeMetrics": [
                    {
                        "scope": {"attributes": CLAIM},
                        "metrics": [
                            {
                                "name": kind,
                                "metadata": CLAIM,
                                kind: {"dataPoints": [{"attributes": CLAIM, "exemplars": [{"filteredAttributes": CLAIM}]}]},
                            }
                            for kind in METRIC_KINDS
                        ],
                    }
                ],
            }
        ]
    },
}


def keys_below(value: Any) -> Iterator[str]:
    """Every attribute key anywhere in a part of a batch."""
    if isinstance(value, dict):
        if "key" in value:
            yield value["key"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from keys_below(part)


@pytest.mark.parametrize("signal", list(Signal))
def test_claims_go_from_everywhere(signal: Signal) -> None:
    """Resource, scope, item, event, link, exemplar, metadata and a record's body: of the client only `keep` is left."""
    batch = stamped(EVERYWHERE[signal], signal, ALICE)
    (entry,) = batch[signal.resource_field]

    assert read(entry["resource"]) == {"keep": "me", **STAMP_OF_ALICE}
    assert set(keys_below(entry[signal.scope_field])) == {"keep"}
    assert json.dumps(batch).count('"keep"') == json.dumps(EVERYWHERE[signal]).count('"keep"')


def test_a_persons_key_says_who() -> None:
    """The stamp stands behind what the client said of itself, in a fixed order."""
    batch = stamped(logs(record(session__id="s"), resource=attributes(service__name="claude-code")), Signal.LOGS, ALICE)

    assert list(read(batch["resourceLogs"][0]["resource"])) == ["service.name", *STAMP_OF_ALICE]


@pytest.mark.parametrize("resource", [None, {}, {"attributes": None}, {"attributes": []}])
def test_a_resource_is_made_where_there_is_none(resource: Any) -> None:
    """A batch without a resource, or with an empty one, is stamped too."""
    batch = stamped({"resourceLogs": [{"resource": resource}, {}]}, Signal.LOGS, ALICE)

    assert [read(entry["resource"]) for entry in batch["resourceLogs"]] == [STAMP_OF_ALICE, STAMP_OF_ALICE]


@pytest.mark.parametrize("batch", [{}, {"resourceLogs": None}, {"resourceLogs": []}])
def test_an_empty_batch_stays_empty(batch: dict[str, Any]) -> None:
    """Nothing to stamp is nothing done."""
    assert stamped(batch, Signal.LOGS, ALICE) == batch


def test_null_and_missing_parts_are_no_reason_to_fail() -> None:
    """Whatever proto3 JSON lets be null or absent passes."""
    nothing: dict[str, Any] = {"attributes": None}
    metric = {"metadata": None, "sum": {"dataPoints": [{"exemplars": None}, {"exemplars": [{"filteredAttributes": None}]}]}, "gauge": None}
    stamped(
        {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": None, **nothing}, {"body": {"kvlistValue": None}}]}, {}]}]},
        Signal.LOGS,
        ALICE,
    )
    stamped({"resourceSpans": [{"scopeSpans": [{"scope": None, "spans": [{"events": None, "links": [nothing]}]}]}]}, Signal.TRACES, TEAM)
    batch = stamped({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric, {}]}]}]}, Signal.METRICS, TEAM)

    assert batch["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0] == metric


def test_policy_email_writes_the_person_as_enrolled() -> None:
    """With person = "email" the id is the enrolled name, and an address is given as one."""
    batch = stamped(logs(record()), Signal.LOGS, ALICE, person="email")

    assert read(batch["resourceLogs"][0]["resource"]) == {
        **STAMP_OF_ALICE,
        "user.id": "alice@example.com",
        "user.email": "alice@example.com",
    }


def test_policy_email_does_not_make_an_address_of_a_name() -> None:
    """A person enrolled without an address gets no user.email."""
    key = Key("bobbykey", "bobbykey", "bob", None, None, None, None, 1, None, None)
    batch = stamped(logs(record()), Signal.LOGS, key, person="email")

    assert read(batch["resourceLogs"][0]["resource"]) == {"user.id": "bob", "upwell.key.id": "bobbykey"}


@pytest.mark.parametrize("key", [ALICE, TEAM])
def test_policy_none_names_nobody(key: Key) -> None:
    """With person = "none" neither the enrolled nor the claimed person is written, only team and key."""
    batch = stamped(logs(record(user__email="x@y.z"), resource=attributes(user__id="x")), Signal.LOGS, key, person="none")
    resource = read(batch["resourceLogs"][0]["resource"])

    assert not [name for name in resource if name.startswith(("user", "upwell.user"))]
    assert resource["team.id"] == "platform"
    assert "user" not in json.dumps(batch["resourceLogs"][0]["scopeLogs"])


def test_a_teams_key_keeps_the_claim_as_a_pseudonym() -> None:
    """Claude's user.id on the records becomes one claimed pseudonym on the resource, confined to the key's line."""
    batch = stamped(logs(record(user__id="abc"), record(user__id="abc"), resource=attributes(team__id="theirs")), Signal.LOGS, TEAM)

    assert read(batch["resourceLogs"][0]["resource"]) == {
        "team.id": "platform",
        "upwell.key.id": "teamkey2",
        "user.id": PSEUDONYMS.of("abc", "teamkey1"),
        "upwell.user.claimed": True,
    }
    assert "abc" not in json.dumps(batch)


def test_a_claim_is_the_same_in_every_agent_and_after_rotation() -> None:
    """The pseudonym depends on what is claimed and the line, not on the attribute, its place or the key's id."""
    rotated = Key("teamkey3", "teamkey1", None, "platform", None, None, None, 9, None, None)
    first = stamped(logs(record(user__email="A@b.c")), Signal.LOGS, TEAM)
    second = stamped(logs(record(), resource=attributes(enduser__id="a@b.c")), Signal.LOGS, rotated)

    assert read(first["resourceLogs"][0]["resource"])["user.id"] == read(second["resourceLogs"][0]["resource"])["user.id"]


def test_the_best_claim_wins() -> None:
    """An address on the record goes before an id on the resource; blanks and odd types are no claims."""
    odd = [{"key": "user.email", "value": {"kvlistValue": {}}}, {"key": "enduser.id", "value": None}, *attributes(user__account_uuid=" ")]
    item = {"attributes": [*odd, *attributes(user__email="a@b.c", user__id="z")]}
    batch = stamped(logs(item, resource=attributes(user__id="resource")), Signal.LOGS, TEAM)

    assert read(batch["resourceLogs"][0]["resource"])["user.id"] == PSEUDONYMS.of("a@b.c", "teamkey1")


def test_a_number_can_be_a_claim() -> None:
    """Cursor's user ids are integers, as numbers or strings."""
    for number in (77, "77"):
        resource = [{"key": "cursor.user.id", "value": {"intValue": number}}]
        batch = stamped(logs(record(), resource=resource), Signal.LOGS, TEAM)

        assert read(batch["resourceLogs"][0]["resource"])["user.id"] == PSEUDONYMS.of("77", "teamkey1")


@pytest.mark.parametrize("signal", [Signal.LOGS, Signal.TRACES, Signal.METRICS])
def test_items_of_several_people_are_told_apart(signal: Signal) -> None:
    """Where items of one resource claim different people, each item carries its own, and the resource none."""
    items = [{"attributes": attributes(user__id=name)} if name else {} for name in ("a", "b", None)]
    entries = [{"sum": {"dataPoints": items}}] if signal is Signal.METRICS else items
    field, scope_field, entry_field = signal.resource_field, signal.scope_field, signal.entry_field
    batch = stamped({field: [{"scope": {}, scope_field: [{entry_field: entries}]}]}, signal, TEAM)

    entry = batch[field][0]
    found = entry[scope_field][0][entry_field]
    found = found[0]["sum"]["dataPoints"] if signal is Signal.METRICS else found
    expected = [{"user.id": PSEUDONYMS.of(name, "teamkey1"), "upwell.user.claimed": True} for name in ("a", "b")]
    assert [read(item) for item in found] == [*expected, {}]
    assert read(entry["resource"]) == {"team.id": "platform", "upwell.key.id": "teamkey2"}


def test_no_claim_is_no_person() -> None:
    """A team's key without any claim stamps only the team."""
    batch = stamped(logs(record(session__id="s")), Signal.LOGS, TEAM)

    assert read(batch["resourceLogs"][0]["resource"]) == {"team.id": "platform", "upwell.key.id": "teamkey2"}


def test_a_claim_cannot_become_an_enrolled_person() -> None:
    """Claiming alice's address, or her very pseudonym, under a team's key gives somebody else."""
    for claim in ("alice@example.com", PSEUDONYMS.of("alice@example.com")):
        batch = stamped(logs(record(user__email=claim)), Signal.LOGS, TEAM, person="email")

        assert read(batch["resourceLogs"][0]["resource"])["user.id"] not in {"alice@example.com", PSEUDONYMS.of("alice@example.com")}


def test_a_change_of_the_roster_changes_the_stamp() -> None:
    """A key that comes back with the same id and another team is stamped anew by the same step."""
    (step,) = pipeline(Policy(), PSEUDONYMS)
    moved = Key("teamkey2", "teamkey1", None, "web", None, None, None, 1, None, None)

    teams = [read(step(Work(logs(record()), Signal.LOGS, key)).batch["resourceLogs"][0]["resource"])["team.id"] for key in (TEAM, moved)]

    assert teams == ["platform", "web"]


def test_stamps_are_not_kept_for_ever() -> None:
    """Ten thousand keys and more are served from a bounded memory."""
    (step,) = pipeline(Policy(), PSEUDONYMS)
    for number in range(10_050):
        step(Work(logs(), Signal.LOGS, Key(f"k{number}", "l", "p", None, None, None, None, 1, None, None)))

    assert len(step._stamps) == 10_000  # type: ignore[attr-defined]


claim_names = st.sampled_from(["user.id", "user.email", "team.id", "upwell.key.id", "host.name", "role"])
values = st.fixed_dictionaries({"stringValue": st.text()}) | st.fixed_dictionaries({"intValue": st.integers()})
any_attributes = st.lists(st.fixed_dictionaries({"key": claim_names | st.text(), "value": values}), max_size=6)
any_records = st.lists(st.fixed_dictionaries({"attributes": any_attributes}), max_size=4)
any_entries = st.fixed_dictionaries(
    {
        "resource": st.fixed_dictionaries({"attributes": any_attributes}),
        "scopeLogs": st.lists(st.fixed_dictionaries({"logRecords": any_records}), max_size=3),
    }
)


@given(st.lists(any_entries, max_size=3), st.sampled_from([ALICE, TEAM]), st.sampled_from(["pseudonym", "email", "none"]))
def test_only_claims_change(entries: list[dict[str, Any]], key: Key, person: str) -> None:
    """Whatever is sent, all that is no claim stays as it was and where it was, and what claims is gone or the step's own."""
    before = {"resourceLogs": entries}
    after = stamped(before, Signal.LOGS, key, person=person)
    on_resource, elsewhere = Sieve(on_resource=True), Sieve(on_resource=False)

    for old, new in zip(entries, after["resourceLogs"], strict=True):
        kept = [attribute for attribute in old["resource"]["attributes"] if not on_resource.is_claim(attribute["key"])]
        assert new["resource"]["attributes"][: len(kept)] == kept
        assert {attribute["key"] for attribute in new["resource"]["attributes"][len(kept) :]} <= {
            *STAMP_OF_ALICE,
            "user.email",
            "upwell.user.claimed",
        }
        for old_scope, new_scope in zip(old["scopeLogs"], new["scopeLogs"], strict=True):
            for old_record, new_record in zip(old_scope["logRecords"], new_scope["logRecords"], strict=True):
                kept = [attribute for attribute in old_record["attributes"] if not elsewhere.is_claim(attribute["key"])]
                own = new_record["attributes"][len(kept) :]
                assert new_record["attributes"][: len(kept)] == kept
                assert [attribute["key"] for attribute in own] in ([], ["user.id", "upwell.user.claimed"])
