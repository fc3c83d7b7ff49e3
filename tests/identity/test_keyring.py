"""What the gateway's view of the keys promises."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upwell.errors import DataDirError, Unauthenticated
from upwell.identity import Keyring, Keys

NOW = 2_000_000_000 * 10**9


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    with Keys(tmp_path / "keys.db", clock_ns=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def ring(keys: Keys, tmp_path: Path) -> Iterator[Keyring]:
    opened = Keyring(tmp_path / "keys.db")
    yield opened
    opened.close()


def test_a_key_is_known_by_its_text(keys: Keys, ring: Keyring) -> None:
    """The text given out at add authenticates as that key."""
    new = keys.add("alice", "platform")
    ring.refresh()

    assert ring.authenticate(new.secret_text, NOW) == new.key


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("a" if text[-1] != "a" else "b"),
        lambda text: text[:-1],
        lambda text: text + "a",
        lambda text: text[:3] + "zzzzzzzz" + text[11:],
        lambda text: text[:12],
        lambda text: text.upper(),
        lambda text: "uw_",
    ],
)
def test_a_key_that_is_not_quite_right_is_unknown(keys: Keys, ring: Keyring, spoil: object) -> None:
    """A flipped, missing or added character, another id, or no secret at all is refused, and the answer never quotes it."""
    text = keys.add("alice", None).secret_text
    ring.refresh()
    assert callable(spoil)

    with pytest.raises(Unauthenticated) as caught:
        ring.authenticate(spoil(text), NOW)

    assert text[12:] not in str(caught.value)


@given(st.text())
def test_no_text_upsets_the_ring(text: str) -> None:
    """Whatever a client sends, the only answer is Unauthenticated."""
    ring = object.__new__(Keyring)
    ring._keys = {}  # a ring without keys; the file is of no interest here

    for candidate in (text, "uw_" + text):
        with pytest.raises(Unauthenticated):
            ring.authenticate(candidate, NOW)


def test_revoked_and_expired_keys_are_told_apart_only_to_their_owner(keys: Keys, ring: Keyring) -> None:
    """Who holds the secret learns why; a guesser learns nothing."""
    revoked, expired = keys.add("alice", None), keys.add("bob", None, NOW + 10)
    keys.revoke(revoked.key.id)
    ring.refresh()

    with pytest.raises(Unauthenticated, match="the key was revoked"):
        ring.authenticate(revoked.secret_text, NOW)
    with pytest.raises(Unauthenticated, match="the key has expired"):
        ring.authenticate(expired.secret_text, NOW + 10)
    with pytest.raises(Unauthenticated, match="the key is not known"):
        ring.authenticate(revoked.secret_text[:-2] + "zz", NOW)


def test_refresh_reads_only_what_changed(keys: Keys, ring: Keyring) -> None:
    """refresh is False until another connection commits, then True once."""
    assert not ring.refresh()
    keys.add("alice", None)

    assert ring.refresh()
    assert not ring.refresh()
    assert len(ring) == 1


def test_a_rotated_key_and_its_successor_both_work(keys: Keys, ring: Keyring) -> None:
    """During the overlap both texts authenticate; after it only the new one."""
    old = keys.add("alice", None)
    new = keys.rotate(old.key.id, 1000)
    ring.refresh()

    assert ring.authenticate(old.secret_text, NOW + 999).id == old.key.id
    assert ring.authenticate(new.secret_text, NOW + 1000).id == new.key.id
    with pytest.raises(Unauthenticated, match="expired"):
        ring.authenticate(old.secret_text, NOW + 1000)


def test_a_file_put_in_its_place_is_read(keys: Keys, ring: Keyring, tmp_path: Path) -> None:
    """A keys.db restored from a backup, or shipped to an edge gateway, takes effect without a restart."""
    shutil.copy(tmp_path / "keys.db", tmp_path / "shipped.db")
    with Keys(tmp_path / "shipped.db") as shipped:
        new = shipped.add("alice", None)
    (tmp_path / "shipped.db").replace(tmp_path / "keys.db")

    assert ring.refresh()
    assert ring.authenticate(new.secret_text, NOW).id == new.key.id


def test_the_last_view_stays_while_the_file_is_gone(keys: Keys, ring: Keyring, tmp_path: Path) -> None:
    """A missing or damaged keys.db is said by refresh, shuts nobody out, and heals."""
    new = keys.add("alice", None)
    ring.refresh()
    (tmp_path / "keys.db").rename(tmp_path / "away.db")

    with pytest.raises(DataDirError, match=r"keys\.db cannot be read: No such file"):
        ring.refresh()
    (tmp_path / "keys.db").write_bytes(b"no database " * 100)
    for _ in range(2):
        with pytest.raises(DataDirError, match=r"keys\.db cannot be used: file is not a database"):
            ring.refresh()
    assert ring.authenticate(new.secret_text, NOW) == new.key

    (tmp_path / "away.db").replace(tmp_path / "keys.db")
    assert not ring.refresh()  # the very file that was known
    assert ring.authenticate(new.secret_text, NOW) == new.key
