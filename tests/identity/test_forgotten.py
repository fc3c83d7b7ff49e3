"""Tombstones: who is forgotten is known by pseudonyms and keys, never by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from upwell.errors import DataDirError, NoSuchEntry, Unauthenticated
from upwell.identity import FORGOTTEN, NOBODY, Forgotten, Keyring, Keys, Person, Pseudonyms, Tombstones

NOW = 1_790_000_000 * 10**9
ANN = "Ann@Example.com"


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    with Keys(tmp_path / "keys.db", clock_ns=lambda: NOW) as opened:
        yield opened


def test_somebody_is_found_by_name_or_pseudonym(keys: Keys) -> None:
    """Case and surrounding space do not count; all keys of one person are theirs, and no other's."""
    first, second = keys.add(ANN, "core").key, keys.add(ANN, None).key
    keys.add("bob@example.com", "core")
    pseudonym = Pseudonyms(keys.salt).of(ANN)

    for spelled in (ANN, " ann@example.COM ", pseudonym):
        who = keys.who(spelled)
        assert who.keys == {first.id, second.id}
        assert pseudonym in who.pseudonyms
        assert ANN in who.names


def test_a_claimed_name_is_known_within_every_team_key(keys: Keys) -> None:
    """Under a team's key a name is pseudonymised within that key's line, also when the key was rotated."""
    team = keys.add(None, "core").key
    rotated = keys.rotate(team.id).key
    pseudonyms = Pseudonyms(keys.salt)

    who = keys.who(ANN)

    assert rotated.line == team.line
    assert who.keys == frozenset()
    assert who.pseudonyms == {pseudonyms.of(ANN), pseudonyms.of(ANN, team.line)}


def test_a_claimed_pseudonym_stands_for_itself(keys: Keys) -> None:
    """Nobody can go back from it to a name."""
    who = keys.who("p-8123456789abcdef")

    assert who == Person(frozenset(), frozenset({"p-8123456789abcdef"}), frozenset())


def test_who_is_forgotten_has_no_name_and_no_live_key(keys: Keys, tmp_path: Path) -> None:
    """The keys end, the name is off them and out of the file, and the tombstone says neither."""
    made = keys.add(ANN, "core", department="r&d")
    other = keys.add("bob@example.com", "core")

    keys.forget(keys.who(ANN))

    mine, theirs = keys.list()
    assert (mine.person, mine.team, mine.department, mine.revoked_ns) == (FORGOTTEN, None, None, NOW)
    assert (theirs.person, theirs.revoked_ns) == ("bob@example.com", None)
    assert ANN.encode() not in (tmp_path / "keys.db").read_bytes()
    ring = Keyring(tmp_path / "keys.db")
    with pytest.raises(Unauthenticated):
        ring.authenticate(made.secret_text, NOW)
    assert ring.authenticate(other.secret_text, NOW).id == other.key.id
    ring.close()
    with pytest.raises(NoSuchEntry):
        keys.rotate(made.key.id)


def test_tombstones_follow_the_file(keys: Keys, tmp_path: Path) -> None:
    """A tombstone is seen as soon as it is written, also in a file that was put in the place of another."""
    with Keys(tmp_path / "other.db", clock_ns=lambda: NOW) as empty:
        assert empty.list() == []
    tombstones = Tombstones(tmp_path / "keys.db")
    assert tombstones() == NOBODY
    key = keys.add(ANN, None).key

    keys.forget(keys.who(ANN))

    assert tombstones() == Forgotten(frozenset({key.id}), {Pseudonyms(keys.salt).of(ANN): NOW})
    (tmp_path / "other.db").replace(tmp_path / "keys.db")
    assert tombstones() == NOBODY
    tombstones.close()


def test_without_a_file_nobody_is_forgotten(tmp_path: Path) -> None:
    """A worker may run before there is any key."""
    assert not Tombstones(tmp_path / "keys.db")()


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Who cannot know who is forgotten must not store anybody."""
    (tmp_path / "keys.db").write_bytes(b"no database" * 1000)

    with pytest.raises(DataDirError):
        Tombstones(tmp_path / "keys.db")()


def test_a_tombstone_covers_what_was_before_it() -> None:
    """A key is covered for ever; a pseudonym until the tombstone: who is enrolled anew begins anew."""
    forgotten = Forgotten(frozenset({"k"}), {"p-1": NOW})

    assert forgotten.covers("k", None, NOW + 1)
    assert [forgotten.covers("other", "p-1", NOW + after) for after in (-1, 0, 1)] == [True, True, False]
    assert not forgotten.covers("other", "p-2", 0)
    assert not forgotten.covers("other", None, 0)
