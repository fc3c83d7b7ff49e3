"""Who is asking: nobody in particular on this machine, whoever holds a link, or the user that a trusted proxy names.

Everybody may be a viewer or an admin; what each may do is decided where it is done. Secrets are compared in constant time.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, Protocol

from starlette.requests import HTTPConnection

from upwell.config import Console

Role = Literal["viewer", "admin"]
ROLES: Final[tuple[Role, ...]] = ("admin", "viewer")
COOKIE: Final = "upwell-link"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may look. `name` is what audit lines say."""

    name: str
    role: Role

    @property
    def admin(self) -> bool:
        return self.role == "admin"


class Login(Protocol):
    """One way to tell who is asking."""

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        """Who it is; None: nobody who may look."""

    help: str
    """What to do for who may not."""


class Anybody:
    """`auth = "none"`: whoever reaches a loopback address is the one who runs it."""

    help = ""

    def visitor(self, request: HTTPConnection) -> Visitor | None:  # noqa: ARG002 - asked for by the protocol
        """The operator."""
        return Visitor("console on this machine", "admin")


class Links:
    """`auth = "token"`: a link for each role, once; afterwards its cookie. Programs send it as a bearer token."""

    help = "Open the link that `upwell serve` printed, or let `upwell console` print it again."

    def __init__(self, secret: bytes) -> None:
        self._tokens: dict[Role, str] = {role: token(secret, role) for role in ROLES}

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        """The holder of a link."""
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        for given in (request.cookies.get(COOKIE), bearer.strip() if kind.lower() == "bearer" else None):
            if given and (role := self.role(given)):
                return Visitor(f"{role}'s link", role)
        return None

    def role(self, given: str) -> Role | None:
        """Whose token it is."""
        matches = [role for role in ROLES if hmac.compare_digest(self._tokens[role].encode(), given.encode())]
        return matches[0] if matches else None


class Proxied:
    """`auth = "header"`: a proxy that has checked who it is says so, and is believed where it is one of those named."""

    def __init__(self, settings: Console) -> None:
        self._header = settings.user_header
        self._networks = [ipaddress.ip_network(network, strict=False) for network in settings.trusted_proxies]
        self._admins = frozenset(name.casefold() for name in settings.admins)
        self.help = "Open the console through its proxy, which signs you in."

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        """The user that the proxy names."""
        values = request.headers.getlist(self._header)
        if not self._trusted(request) or len(values) != 1 or not values[0].strip():
            return None
        name = values[0].strip()[:256]
        return Visitor(name, "admin" if name.casefold() in self._admins else "viewer")

    def _trusted(self, request: HTTPConnection) -> bool:
        try:
            source = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        return any(source in network for network in self._networks)


def login(settings: Console, secret: bytes) -> Login:
    """The way that the settings name."""
    if settings.auth == "token":
        return Links(secret)
    return Proxied(settings) if settings.auth == "header" else Anybody()


def token(secret: bytes, role: Role) -> str:
    """What a role's link carries: 128 bits, made of the console's secret."""
    return blake2b(f"link {role}".encode(), key=secret, digest_size=16).hexdigest()


class Forms:
    """Against pages elsewhere that would submit our forms: a value that only a page of ours can know of its reader."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def value(self, visit: str) -> str:
        """What a form carries for a visit."""
        return blake2b(f"form {visit}".encode(), key=self._secret, digest_size=16).hexdigest()

    def genuine(self, visit: str, given: str, headers: Mapping[str, str]) -> bool:
        """Whether a form came from a page that this visit was shown."""
        origin = headers.get("origin")
        if origin is not None and origin.partition("//")[2] != headers.get("host"):
            return False
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        return bool(visit) and hmac.compare_digest(self.value(visit).encode(), given.encode())
