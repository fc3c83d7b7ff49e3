"""Where a request comes from, as far as that can be believed, and who knocks without a key.

X-Forwarded-For counts only behind `gateway.trusted_proxies`. Strangers are counted per source and
logged at most once a minute each, so that a knocked-on door doesn't fill the disk with its log.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_log: Final = logging.getLogger("upwell.gateway")
_FORWARDING: Final = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")
_SOURCES_KEPT: Final = 1000
_LINES_A_MINUTE: Final = 60  # of all sources together
_MINUTE: Final = 60.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def is_this_machine(scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> bool:
    """Whether a client on this machine itself asks, and not a proxy on it for somebody else."""
    client = scope.get("client")
    address = _address(client[0]) if client else None
    return address is not None and address.is_loopback and not any(name in headers for name in _FORWARDING)


class Sources:
    """Names the source of a request: its peer, or whom a trusted proxy names."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted = [ipaddress.ip_network(network, strict=False) for network in trusted_proxies]

    def of(self, scope: Mapping[str, Any], headers: Mapping[bytes, bytes]) -> str:
        """An IP address as text; the nearest one that is not a trusted proxy."""
        client = scope.get("client")
        address = _address(client[0]) if client else None
        if address is None:
            return "an unknown address"
        for hop in reversed(headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")):
            if not any(address in network for network in self._trusted) or (named := _address(hop)) is None:
                break
            address = named
        return str(address)


@dataclass(slots=True)
class _Stranger:
    total: int = 0
    unlogged: int = 0
    logged_at: float = float("-inf")


class Strangers:
    """Requests without a valid key, per source."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._strangers: OrderedDict[str, _Stranger] = OrderedDict()
        self._minute = float("-inf")
        self._lines = 0

    def note(self, source: str, why: str) -> None:
        """Count one refused request; `why` is a sentence of ours and holds no key."""
        stranger = self._strangers.setdefault(source, _Stranger())
        self._strangers.move_to_end(source)
        if len(self._strangers) > _SOURCES_KEPT:
            self._strangers.popitem(last=False)
        stranger.total += 1
        stranger.unlogged += 1
        now = self._clock()
        if now - stranger.logged_at >= _MINUTE and self._may_log(now):
            _log.warning("refused %d request(s) from %s: %s", stranger.unlogged, source, why)
            stranger.unlogged, stranger.logged_at = 0, now

    def totals(self) -> dict[str, int]:
        """Refused requests per source, of the sources last heard."""
        return {source: stranger.total for source, stranger in self._strangers.items()}

    def _may_log(self, now: float) -> bool:
        if now - self._minute >= _MINUTE:
            self._minute, self._lines = now, 0
        self._lines += 1
        return self._lines <= _LINES_A_MINUTE
