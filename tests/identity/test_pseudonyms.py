"""What a pseudonym keeps and hides."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from upwell.identity import Pseudonyms

SALT = bytes(range(32))


@given(st.text())
def test_a_pseudonym_is_short_and_says_nothing(person: str) -> None:
    """Any name, even one with lone surrogates, becomes p- and 16 hex digits."""
    assert re.fullmatch(r"p-[0-9a-f]{16}", Pseudonyms(SALT).of(person))


def test_a_person_keeps_one_pseudonym() -> None:
    """Case and surrounding space don't make another person."""
    pseudonyms = Pseudonyms(SALT)

    assert pseudonyms.of("Alice@Example.com ") == pseudonyms.of("alice@example.com") != pseudonyms.of("bob@example.com")


def test_another_salt_gives_other_pseudonyms() -> None:
    """Two installations can't be joined on pseudonyms."""
    assert Pseudonyms(SALT).of("alice") != Pseudonyms(bytes(32)).of("alice")


def test_claims_differ_between_keys() -> None:
    """The same claimed name within two lines of keys is two people."""
    pseudonyms = Pseudonyms(SALT)

    assert pseudonyms.of("alice", "k1") == pseudonyms.of("alice", "k1") != pseudonyms.of("alice", "k2")


@given(st.text(), st.text(), st.text(min_size=1))
def test_a_claim_never_equals_an_enrolled_person(enrolled: str, claimed: str, line: str) -> None:
    """The two kinds of pseudonym share no value, so no claim can become a person of the roster."""
    pseudonyms = Pseudonyms(SALT)

    assert pseudonyms.of(enrolled)[2] in "01234567"
    assert pseudonyms.of(claimed, line)[2] in "89abcdef"


@given(st.text(alphabet="ab\0"), st.text(alphabet="ab", min_size=1), st.text(alphabet="ab\0"), st.text(alphabet="ab", min_size=1))
def test_key_and_name_do_not_run_together(person: str, line: str, other: str, other_line: str) -> None:
    """Only the same line with the same name gives the same claim."""
    pseudonyms = Pseudonyms(SALT)

    same = (person.strip(), line) == (other.strip(), other_line)
    assert (pseudonyms.of(person, line) == pseudonyms.of(other, other_line)) is same
