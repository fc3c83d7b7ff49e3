"""The gateway's view of the keys: held in memory, refreshed when `keys.db` changes.

Authentication is a dictionary lookup and one hash, and touches no disk. The ring only reads; it
keeps its last good view while the file cannot be read, and says so by raising from `refresh`.
"""

from __future__ import annotations

import hmac
import sqlite3
from pathlib import Path
from typing import Final

from upwell.database import open_database
from upwell.errors import DataDirError, Unauthenticated
from upwell.identity.keys import KEY_PREFIX, MIGRATIONS, Key, hash_secret, read_all

_NOBODY: Final = (b"\0" * 32, None)
_ID_LENGTH: Final = 8
_TEXT_LIMIT: Final = 128  # a key's text is 44 characters; longer ones are not worth hashing


class Keyring:
    """All keys of one `keys.db`. Raises DataDirError or SchemaTooNew where it cannot be read at the start.

    `refresh` may run in another thread than `authenticate`: the view is replaced whole.
    """

    POLL_SECONDS: Final = 0.25
    """How often the gateway calls `refresh`: an added or revoked key takes effect well within a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, tuple[bytes, Key]] = {}
        self._version = 0
        self._file = (0, 0)
        self._connection = self._opened()

    def authenticate(self, secret_text: str, now_ns: int) -> Key:
        """The live key with this text (`uw_<id>_<secret>`). Raises Unauthenticated."""
        prefix, key_id, secret = secret_text[:3], secret_text[3 : 3 + _ID_LENGTH], secret_text[4 + _ID_LENGTH :]
        if prefix != KEY_PREFIX or len(secret_text) > _TEXT_LIMIT or not secret_text.isascii():
            raise Unauthenticated("the key is not one of this gateway's: they begin with uw_")
        expected, key = self._keys.get(key_id, _NOBODY)
        if not hmac.compare_digest(hash_secret(secret), expected) or key is None:
            raise Unauthenticated("the key is not known")
        if not key.live(now_ns):
            raise Unauthenticated("the key was revoked" if key.revoked_ns is not None else "the key has expired")
        return key

    def __len__(self) -> int:
        return len(self._keys)

    def refresh(self) -> bool:
        """Read the keys again if somebody changed them; True if so. Raises DataDirError and keeps the last view."""
        try:
            status = self._path.stat()
            if (status.st_dev, status.st_ino) != self._file:  # a restored or shipped file was put in its place
                old, self._connection = self._connection, self._opened()
                old.close()
                return True
            version = _data_version(self._connection)
            if version == self._version:
                return False
            self._keys, self._version = read_all(self._connection), version
        except (OSError, sqlite3.Error) as error:
            raise DataDirError(f"{self._path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
        return True

    def close(self) -> None:
        self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        """A connection to the file that stands there now, its keys read."""
        connection = open_database(self._path, MIGRATIONS, any_thread=True)
        status = self._path.stat()
        version = _data_version(connection)
        self._keys = read_all(connection)
        self._version, self._file = version, (status.st_dev, status.st_ino)
        return connection


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])
