"""What a fake finds out about one export request, and what it decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from upwell.otlp.model import Encoding, Signal
from upwell.testing.answers import Refused


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of each limit a request used.

    `bytes` is counted as the destination counts them. `oldest_ns` and `newest_ns` are 0 where
    no item was looked at. `shares` holds, per limit on the whole request, used / allowed.
    """

    items: int = 0
    bytes: int = 0
    limit_bytes: int = 0
    oldest_ns: int = 0
    newest_ns: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def spread_ns(self) -> int:
        return self.newest_ns - self.oldest_ns

    @property
    def binding(self) -> str:
        """The limit that was used most: the one that kept the request from being bigger; "" where none is known."""
        return max(self.shares, key=lambda name: self.shares[name], default="")

    @property
    def used(self) -> float:
        """The share of the binding limit, 0 to 1 and above."""
        return self.shares.get(self.binding, 0.0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`refusal` rejects the request; else the items numbered in `rejected` are left out, and `message` says why."""

    usage: Usage
    refusal: Refused | None = None
    rejected: frozenset[int] = frozenset()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """One export request as it went, refused ones too.

    `status` is what was answered, 0 where the connection was cut. `rejected` items were left out of a 200.
    `stored` says whether the rest was kept, whatever was answered. `wire_bytes` is the body as it came,
    `bytes` and `limit_bytes` as the destination counts. `spread_ns` is newest minus oldest item time.
    `binding` names the limit that was used most, `used` its share. Headers are kept where bodies are.
    """

    signal: Signal
    time_ns: int
    status: int
    code: str
    message: str
    encoding: Encoding | None
    gzip: bool
    wire_bytes: int
    items: int
    rejected: int
    stored: bool
    bytes: int
    limit_bytes: int
    spread_ns: int
    binding: str
    used: float
    headers: Mapping[str, str]
