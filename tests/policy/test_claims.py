"""What counts as a client's claim."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.policy.claims import CLAIMS, PERSON_CLAIMS, Sieve


@pytest.mark.parametrize(
    "key",
    [
        "user",
        "user.id",
        "user.email",
        "user.account_uuid",
        "user.groups",
        "User.Email",
        " user.id ",
        "enduser.pseudo.id",
        "team.id",
        "department",
        "cost_center",
        "organization",
        "organization.id",
        "cursor.user.email",
        "cursor.team.id",
        "kiro.user.id",
        "langsmith.metadata.user_email",
        "ai.telemetry.metadata.userId",
        "installation.id",
        "host.name",
        "process.owner",
        "process.user.name",
        "upwell.user.claimed",
        "upwell.key.id",
    ],
)
def test_what_says_who_is_a_claim(key: str) -> None:
    """Keys that name people, their machines and their place are claims, on the resource and elsewhere."""
    assert Sieve(on_resource=True).is_claim(key)
    assert Sieve(on_resource=False).is_claim(key)


@pytest.mark.parametrize(
    "key",
    [
        "session.id",
        "terminal.type",
        "service.name",
        "service.instance.id",
        "host.arch",
        "user_agent.original",
        "user_prompt_length",
        "github.copilot.user.message.source",
        "cpu_usage_user",
        "teammate",
        "cursor.conversation.id",
        "gen_ai.agent.id",
        "process.pid",
        "",
        ".",
        ".user",
        None,
    ],
)
def test_what_says_what_is_no_claim(key: str | None) -> None:
    """Keys that tell of the agent, its session and its work stay, however much they look like people's."""
    assert not Sieve(on_resource=True).is_claim(key)
    assert not Sieve(on_resource=False).is_claim(key)


@pytest.mark.parametrize("key", ["role", "location"])
def test_some_words_say_who_only_on_the_resource(key: str) -> None:
    """Gemini's records have a role (the agent's); on a resource it is a person's."""
    assert Sieve(on_resource=True).is_claim(key)
    assert not Sieve(on_resource=False).is_claim(key)


def test_every_claim_has_its_reason_once() -> None:
    """The table names each key once, and says why."""
    assert len({claim.name for claim in CLAIMS}) == len(CLAIMS)
    assert all(len(claim.reason) > 20 for claim in CLAIMS)


def test_every_claim_on_a_person_is_a_claim() -> None:
    """What may stand for a person under a team's key is always removed in its own spelling."""
    sieve = Sieve(on_resource=False)

    assert [name for name in PERSON_CLAIMS if not sieve.is_claim(name)] == []


attributes: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {}, optional={"key": st.sampled_from(["user.id", "a", "b", "team", "a.user.id", None]) | st.text(), "value": st.just({})}
    ),
)


@given(st.lists(attributes))
def test_sieving_keeps_all_else_in_order(lists: list[list[dict[str, Any]]]) -> None:
    """Only claims go, whatever was sieved before; sieving twice is sieving once."""
    sieve = Sieve(on_resource=True)

    for given_list in lists:
        fresh = Sieve(on_resource=True)
        kept = sieve.without_claims(given_list)
        assert kept == [attribute for attribute in given_list if not fresh.is_claim(attribute.get("key"))]
        assert sieve.without_claims(kept) == kept


def test_memory_is_bounded_and_verdicts_hold_beyond_it() -> None:
    """A client that makes up keys and lists for ever fills a bounded memory, and its claims still go."""
    sieve = Sieve(on_resource=False)
    for index in range(10_000):
        sieve.without_claims([{"key": f"made.up.{index}"}, {"key": f"user.{index}"}])
    sieve.without_claims([{"key": "x" * 10_000}] * 10_000)

    assert len(sieve._verdicts) <= 4096
    assert len(sieve._plans) <= 512
    assert max(len(key or "") for key in sieve._verdicts) <= 200
    assert sieve.without_claims([{"key": "user.new"}, {"key": "new"}]) == [{"key": "new"}]
    assert sieve.without_claims([{"key": "user." + "x" * 10_000}]) == []


def test_the_document_lists_every_claim() -> None:
    """docs/identity.md has the whole table, with the same reasons, and nothing else."""
    page = (Path(__file__).parents[2] / "docs" / "identity.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)`( \(on the resource\))? \| (.+) \|$", page.partition("## What counts as a claim")[2], re.MULTILINE)

    assert rows == [(claim.name, " (on the resource)" if claim.resource_only else "", claim.reason) for claim in CLAIMS]
