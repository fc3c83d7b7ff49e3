"""The secret that the console's links and forms are made of: 32 random bytes in `data_dir`, made once. Deleting it ends every link."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from upwell.config import Settings
from upwell.console.auth import Role, token
from upwell.errors import DataDirError

FILE: Final = "console-secret"
_BYTES: Final = 32


def take(directory: Path) -> bytes:
    """The secret, made where there is none. Raises DataDirError."""
    path = directory / FILE
    try:
        _make(path)
        found = path.read_bytes()
    except OSError as error:
        raise DataDirError(f"{path} cannot be used: {error.strerror}") from None
    if len(found) != _BYTES:
        raise DataDirError(f"{path} is not {_BYTES} bytes long", hint="Delete it: the next start makes a new one, and new links.")
    return found


def _make(path: Path) -> None:
    if path.exists():
        return
    draft = path.with_name(f"{FILE}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_BYTES))
        os.fsync(descriptor)
        os.link(draft, path)  # whole or not at all, and never over one that another process has just made
    except FileExistsError:
        pass
    finally:
        os.close(descriptor)
        draft.unlink(missing_ok=True)


def link(settings: Settings, url: str, role: Role = "admin") -> str:
    """The address to open, for who watches this start: with `auth = "token"` it carries the role's token."""
    if settings.console.auth != "token":
        return url
    return f"{url}/?token={token(take(settings.data_dir), role)}"
