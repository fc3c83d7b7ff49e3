"""What keys.db promises about ingest keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from upwell.errors import ConfigError, NoSuchEntry
from upwell.identity import ROTATION_OVERLAP_NS, Keys

HOUR = 3600 * 10**9


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000 * HOUR

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path, clock: Clock) -> Iterator[Keys]:
    with Keys(tmp_path / "keys.db", clock_ns=clock) as opened:
        yield opened


def test_a_new_key_has_an_id_and_a_long_secret(keys: Keys) -> None:
    """The text is uw_, eight characters of id and 160 bits of secret."""
    new = keys.add("alice@example.com", "platform")

    assert re.fullmatch(r"uw_[a-z2-7]{8}_[a-z2-7]{32}", new.secret_text)
    assert new.secret_text.split("_")[1] == new.key.id == new.key.line
    assert (new.key.person, new.key.team, new.key.revoked_ns, new.key.expires_ns) == ("alice@example.com", "platform", None, None)


def test_the_secret_is_kept_nowhere(keys: Keys, tmp_path: Path) -> None:
    """Neither the file nor a printed NewKey shows the secret."""
    new = keys.add("alice", None)
    secret = new.secret_text.split("_")[2]

    assert secret not in repr(new)
    assert all(secret.encode() not in file.read_bytes() for file in tmp_path.iterdir())


def test_every_key_differs(keys: Keys) -> None:
    """No two keys share an id or a secret."""
    made = [keys.add("alice", None) for _ in range(40)]

    assert len({new.key.id for new in made}) == len({new.secret_text[12:] for new in made}) == 40


def test_list_shows_all_in_order_of_making(keys: Keys, clock: Clock) -> None:
    """Keys come back as made, oldest first, revoked ones too."""
    first = keys.add("alice", "platform", clock.now + HOUR, department="R&D", cost_center="42", organization="Example")
    clock.now += 1
    second = keys.add(None, "web")
    keys.revoke(second.key.id)

    listed = keys.list()

    assert listed[0] == first.key
    assert (listed[0].department, listed[0].cost_center, listed[0].organization) == ("R&D", "42", "Example")
    assert (listed[1].id, listed[1].person, listed[1].team, listed[1].revoked_ns) == (second.key.id, None, "web", clock.now)


@pytest.mark.parametrize(("person", "team"), [("", "web"), ("alice", " "), ("a\nb", None), (None, "x" * 257)])
def test_a_name_that_cannot_be_one_is_refused(keys: Keys, person: str | None, team: str | None) -> None:
    """Empty, overlong and unprintable names say which field is wrong."""
    with pytest.raises(ConfigError, match=r"(person|team) is 1 to 256 printable characters"):
        keys.add(person, team)


def test_a_key_needs_an_owner(keys: Keys) -> None:
    """Neither person nor team is an error with a next step."""
    with pytest.raises(ConfigError, match="belongs to a person, a team, or a person in a team"):
        keys.add(None, None, department="R&D")


def test_a_key_cannot_be_born_expired(keys: Keys, clock: Clock) -> None:
    """An expiry in the past is refused."""
    with pytest.raises(ConfigError, match="already have expired"):
        keys.add("alice", None, clock.now)


def test_a_key_lives_until_it_expires(keys: Keys, clock: Clock) -> None:
    """live() is true up to the nanosecond before the expiry."""
    key = keys.add("alice", None, clock.now + HOUR).key

    assert key.live(clock.now + HOUR - 1)
    assert not key.live(clock.now + HOUR)


def test_rotation_overlaps_a_day(keys: Keys, clock: Clock) -> None:
    """The new key has the same identity and line; the old one goes on for 24 hours."""
    old = keys.add("alice", "platform", department="R&D").key
    clock.now += HOUR

    new = keys.rotate(old.id).key

    listed = {key.id: key for key in keys.list()}
    assert (new.person, new.team, new.department, new.line, new.expires_ns) == ("alice", "platform", "R&D", old.line, None)
    assert listed[old.id].expires_ns == clock.now + ROTATION_OVERLAP_NS
    assert listed[old.id].live(clock.now)
    assert listed[new.id] == new


def test_rotation_without_overlap_revokes(keys: Keys, clock: Clock) -> None:
    """An overlap of 0 ends the old key at once."""
    old = keys.add("alice", None).key

    keys.rotate(old.id, 0)

    assert keys.list()[0].revoked_ns == clock.now


def test_rotation_gives_the_same_length_of_life(keys: Keys, clock: Clock) -> None:
    """A key made for ten hours is followed by one of ten hours, and never outlives its own end."""
    old = keys.add("alice", None, clock.now + 10 * HOUR).key
    clock.now += 9 * HOUR

    new = keys.rotate(old.id).key

    assert new.expires_ns == clock.now + 10 * HOUR
    assert keys.list()[0].expires_ns == old.expires_ns


def test_a_line_goes_on_through_rotations(keys: Keys) -> None:
    """The third key of a line still carries the first one's id."""
    first = keys.add(None, "web").key

    third = keys.rotate(keys.rotate(first.id).key.id).key

    assert third.line == first.id != third.id


def test_a_dead_key_cannot_be_rotated(keys: Keys, clock: Clock) -> None:
    """Rotating a revoked or expired key would bring it back to life."""
    revoked, expired = keys.add("alice", None).key, keys.add("bob", None, clock.now + 1).key
    keys.revoke(revoked.id)
    clock.now += 1

    for key in (revoked, expired):
        with pytest.raises(NoSuchEntry, match="no longer live"):
            keys.rotate(key.id)

    assert len(keys.list()) == 2


def test_revoking_twice_keeps_the_first_time(keys: Keys, clock: Clock) -> None:
    """The time of revocation is when it first took effect."""
    key = keys.add("alice", None).key
    keys.revoke(key.id)
    clock.now += HOUR
    keys.revoke(key.id)

    assert keys.list()[0].revoked_ns == clock.now - HOUR


def test_an_unknown_id_is_named(keys: Keys) -> None:
    """rotate and revoke say which key is not there."""
    for change in (keys.rotate, keys.revoke):
        with pytest.raises(NoSuchEntry, match="there is no key 'nothere'"):
            change("nothere")


def test_the_salt_is_made_once(tmp_path: Path) -> None:
    """Every opening of one file has the same 32 bytes; another file has others."""
    with Keys(tmp_path / "keys.db") as first:
        salt = first.salt
    with Keys(tmp_path / "keys.db") as again, Keys(tmp_path / "other.db") as other:
        assert again.salt == salt != other.salt

    assert len(salt) == 32


def test_the_file_is_private(keys: Keys, tmp_path: Path) -> None:
    """keys.db is for its owner only."""
    assert (tmp_path / "keys.db").stat().st_mode & 0o777 == 0o600
