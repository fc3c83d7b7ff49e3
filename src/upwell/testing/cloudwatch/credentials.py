"""The access keys that the fake knows: fixed ones, and temporary ones given out by its STS."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credential:
    """`token` and `expires_ns` (Unix ns) are None for a fixed access key."""

    access_key: str
    secret_key: str
    token: str | None = None
    expires_ns: int | None = None


class Credentials:
    """All credentials; `now_ns` is the clock that temporary ones expire by."""

    def __init__(self, fixed: Credential, now_ns: Callable[[], int]) -> None:
        self._fixed = fixed
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._known: dict[str, Credential] = {}
        self._expired: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Only the first access key, and nothing expired."""
        with self._lock:
            self._known = {self._fixed.access_key: self._fixed}
            self._expired = set()

    def add(self, credential: Credential) -> None:
        with self._lock:
            self._known[credential.access_key] = credential

    def lend(self, seconds: int) -> Credential:
        """A new temporary credential."""
        expires_ns = self._now_ns() + seconds * 1_000_000_000
        credential = Credential(f"ASIA{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30), secrets.token_urlsafe(60), expires_ns)
        self.add(credential)
        return credential

    def get(self, access_key: str) -> Credential | None:
        return self._known.get(access_key)

    def expire(self, *, temporary_only: bool = False) -> None:
        """Every credential known now counts as expired until `restore`; those lent later are good."""
        with self._lock:
            self._expired |= {key for key, credential in self._known.items() if credential.token or not temporary_only}

    def restore(self) -> None:
        with self._lock:
            self._expired = set()

    def is_expired(self, credential: Credential) -> bool:
        over = credential.expires_ns is not None and credential.expires_ns <= self._now_ns()
        return over or credential.access_key in self._expired
