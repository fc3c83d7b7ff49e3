"""Ingest keys in `keys.db`: made, listed, rotated and revoked in short transactions.

A key's text is `uw_<id>_<secret>`; it leaves this module once, when the key is made, and only
a hash of the secret is kept. What a key may send is not decided here.
"""

from __future__ import annotations

import base64
import secrets
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeAlias

from upwell.database import open_database
from upwell.errors import ConfigError, NoSuchEntry
from upwell.identity.pseudonyms import Pseudonyms, is_pseudonym

MIGRATIONS: Final = (
    """
    CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        line TEXT NOT NULL,
        secret_hash BLOB NOT NULL,
        person TEXT,
        team TEXT,
        department TEXT,
        cost_center TEXT,
        organization TEXT,
        created_ns INTEGER NOT NULL,
        expires_ns INTEGER,
        revoked_ns INTEGER,
        CHECK (person IS NOT NULL OR team IS NOT NULL)
    ) STRICT;
    CREATE TABLE salt (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        salt BLOB NOT NULL CHECK (length(salt) = 32)
    ) STRICT;
    """,
    "CREATE TABLE forgotten (who TEXT PRIMARY KEY, is_key INTEGER NOT NULL, at_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID;",
)

KEY_PREFIX: Final = "uw_"
ROTATION_OVERLAP_NS: Final = 24 * 3600 * 10**9  # a day: laptops that sleep over night still learn of their new key
_NAME_LIMIT: Final = 256  # characters; CloudWatch takes label values up to 1,024 bytes
_ID_BYTES: Final = 5  # 8 characters of base32
_SECRET_BYTES: Final = 20  # 160 bits, 32 characters: no need for a slow hash
_COLUMNS: Final = "id, line, person, team, department, cost_center, organization, created_ns, expires_ns, revoked_ns"


@dataclass(frozen=True, slots=True)
class Key:
    """An ingest key and the identity it stands for. Times are Unix nanoseconds.

    `line` is the id of the first key of its line of rotations: what is pseudonymised within a key stays the same when it is rotated.
    """

    id: str
    line: str
    person: str | None
    team: str | None
    department: str | None
    cost_center: str | None
    organization: str | None
    created_ns: int
    expires_ns: int | None
    revoked_ns: int | None

    def live(self, now_ns: int) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_ns is None and (self.expires_ns is None or now_ns < self.expires_ns)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with the one copy of its text there will ever be."""

    key: Key
    secret_text: str

    def __repr__(self) -> str:
        return f"NewKey(key={self.key!r}, secret_text=…)"


FORGOTTEN: Final = "(forgotten)"
"""In place of a person's name, on the revoked keys of somebody who was forgotten."""


@dataclass(frozen=True, slots=True)
class Person:
    """Everything under which somebody may be known: ids of their keys, pseudonyms, and the names themselves."""

    keys: frozenset[str]
    pseudonyms: frozenset[str]
    names: frozenset[str]


_KeyList: TypeAlias = list[Key]  # inside Keys, `list` is the method


class Keys:
    """The keys of one data directory. Raises DataDirError or SchemaTooNew where keys.db cannot be used."""

    def __init__(self, path: Path, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._clock_ns = clock_ns
        self._connection = open_database(path, MIGRATIONS)
        self._connection.execute("INSERT OR IGNORE INTO salt VALUES (1, ?)", (secrets.token_bytes(32),))

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Keys:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def salt(self) -> bytes:
        """32 random bytes, made once with the file; they key the pseudonyms and the digests of bodies."""
        return bytes(self._connection.execute("SELECT salt FROM salt").fetchone()[0])

    def add(
        self,
        person: str | None,
        team: str | None,
        expires_ns: int | None = None,
        *,
        department: str | None = None,
        cost_center: str | None = None,
        organization: str | None = None,
    ) -> NewKey:
        """Make a key for a person, a team, or a person in a team. Raises ConfigError where a name cannot be one."""
        person, team = _name("person", person), _name("team", team)
        if person is None and team is None:
            raise ConfigError("a key belongs to a person, a team, or a person in a team", hint="Give --person, --team, or both.")
        now = self._clock_ns()
        if expires_ns is not None and expires_ns <= now:
            raise ConfigError("the key would already have expired", hint="Give a time that is still to come.")
        names = _name("department", department), _name("cost_center", cost_center), _name("organization", organization)
        return self._insert(Key("", "", person, team, *names, now, expires_ns, None))

    def list(self) -> _KeyList:
        """Every key there ever was, oldest first."""
        return [Key(*row) for row in self._connection.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created_ns, rowid")]  # noqa: S608

    def rotate(self, key_id: str, overlap_ns: int = ROTATION_OVERLAP_NS) -> NewKey:
        """Make a key that replaces another: the same identity and length of life; the old one ends after `overlap_ns`, or now if that is 0.

        Raises NoSuchEntry if there is no such key, or it is no longer live.
        """
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            now, old = self._clock_ns(), self._get(key_id)
            if not old.live(now):
                raise NoSuchEntry(f"key {key_id} is no longer live", hint="Make a new one with `upwell keys add`.")
            life = None if old.expires_ns is None else now + (old.expires_ns - old.created_ns)
            new = self._insert(replace(old, created_ns=now, expires_ns=life))
            if overlap_ns <= 0:
                self._connection.execute("UPDATE keys SET revoked_ns = ? WHERE id = ?", (now, key_id))
            else:
                end = now + overlap_ns if old.expires_ns is None else min(now + overlap_ns, old.expires_ns)
                self._connection.execute("UPDATE keys SET expires_ns = ? WHERE id = ?", (end, key_id))
        return new

    def revoke(self, key_id: str) -> None:
        """End a key; running gateways refuse it within a second. Revoking twice keeps the first time. Raises NoSuchEntry."""
        self._get(key_id)
        self._connection.execute("UPDATE keys SET revoked_ns = ? WHERE id = ? AND revoked_ns IS NULL", (self._clock_ns(), key_id))

    def who(self, person: str) -> Person:
        """Somebody, by the name as enrolled or claimed, or by a pseudonym; whoever it is need not be known."""
        pseudonyms, wanted, listed = Pseudonyms(self.salt), person.strip(), self.list()
        named = [key for key in listed if key.person and wanted.casefold() in (key.person.strip().casefold(), pseudonyms.of(key.person))]
        names = {key.person for key in named if key.person} | (set() if is_pseudonym(wanted) else {wanted})
        lines = {key.line for key in listed if key.person is None}
        known = {pseudonyms.of(name, within) for name in names for within in ("", *lines)}
        return Person(frozenset(key.id for key in named), frozenset(known | ({wanted} - names)), frozenset(names))

    def forget(self, person: Person) -> None:
        """Revoke their keys, take the name off them, and write the tombstone, all at once. What was there is overwritten."""
        now = self._clock_ns()
        self._connection.execute("PRAGMA secure_delete = ON")
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for key_id in person.keys:
                self._connection.execute(
                    "UPDATE keys SET person = ?, team = NULL, department = NULL, cost_center = NULL, organization = NULL, "
                    "revoked_ns = coalesce(revoked_ns, ?) WHERE id = ?",
                    (FORGOTTEN, now, key_id),
                )
            tombstones = [(key_id, True, now) for key_id in person.keys] + [(name, False, now) for name in person.pseudonyms]
            self._connection.executemany("INSERT OR REPLACE INTO forgotten VALUES (?, ?, ?)", tombstones)

    def _get(self, key_id: str) -> Key:
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM keys WHERE id = ?", (key_id,)).fetchone()  # noqa: S608
        if row is None:
            raise NoSuchEntry(f"there is no key {key_id!r}", hint="List the keys with `upwell keys list`.")
        return Key(*row)

    def _insert(self, key: Key) -> NewKey:
        """Store a key under a fresh id and secret; a key without a line begins one."""
        while True:
            fresh = replace(key, id=(key_id := _random_text(_ID_BYTES)), line=key.line or key_id)
            secret = _random_text(_SECRET_BYTES)
            try:
                self._connection.execute(
                    f"INSERT INTO keys (secret_hash, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                    (hash_secret(secret), *(getattr(fresh, name) for name in _COLUMNS.split(", "))),
                )
            except sqlite3.IntegrityError:  # an id met again: one in 2^40
                continue
            return NewKey(fresh, f"{KEY_PREFIX}{fresh.id}_{secret}")


def read_all(connection: sqlite3.Connection) -> dict[str, tuple[bytes, Key]]:
    """Each key's secret hash and identity, by id."""
    with closing(connection.execute(f"SELECT secret_hash, {_COLUMNS} FROM keys")) as rows:  # noqa: S608
        return {row[1]: (row[0], Key(*row[1:])) for row in rows}


def hash_secret(secret: str) -> bytes:
    """What is kept of a secret. A fast hash will do: it has 160 random bits, nobody can guess through them."""
    return blake2b(secret.encode(), digest_size=32).digest()


def _random_text(size: int) -> str:
    return base64.b32encode(secrets.token_bytes(size)).decode("ascii").lower()


def _name(field: str, value: str | None) -> str | None:
    if value is None:
        return None
    value = value.strip()
    if not value or len(value) > _NAME_LIMIT or not value.isprintable():
        raise ConfigError(
            f"{field} is 1 to {_NAME_LIMIT} printable characters", hint=f"Leave --{field.replace('_', '-')} out if there is none."
        )
    return value
