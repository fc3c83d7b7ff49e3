"""What settings are made of: sizes in bytes, durations in seconds, addresses and networks, and the base of every section."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_SIZE_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_TIME_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_QUANTITY = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*$")


def _quantity(text: str, units: Mapping[str, float]) -> float:
    match = _QUANTITY.match(text)
    if match is None or match[2] not in units:
        allowed = ", ".join(unit for unit in units if unit)
        raise ValueError(f"{text!r} is not a number with one of the units {allowed}")
    return float(match[1]) * units[match[2]]


def size(value: Any) -> Any:
    """`"64MiB"` → 67108864; numbers stay."""
    return int(_quantity(value, _SIZE_UNITS)) if isinstance(value, str) else value


def duration(value: Any) -> Any:
    """`"24h"` → 86400; numbers stay."""
    return _quantity(value, _TIME_UNITS) if isinstance(value, str) else value


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{value!r} is not host:port, such as 127.0.0.1:4318 or [::1]:4318")
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _network(value: str) -> str:
    ipaddress.ip_network(value, strict=False)
    return value


Bytes = Annotated[int, BeforeValidator(size), Field(gt=0)]
Seconds = Annotated[float, BeforeValidator(duration), Field(ge=0)]
Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[list[Address], BeforeValidator(_listed), Field(min_length=1)]
Network = Annotated[str, AfterValidator(_network)]
SignalName = Literal["metrics", "traces", "logs"]


def split_address(address: str) -> tuple[str, int]:
    """`"[::1]:4318"` → `("::1", 4318)`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach a listening address."""
    host, _ = split_address(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Section(BaseModel):
    """A table of `upwell.toml`: unknown keys fail, and nothing changes once it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
