"""The sections of the gateway shape, in the order in which a batch meets them."""

from __future__ import annotations

import zoneinfo
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from upwell.config.quantities import Address, Addresses, Bytes, Network, Seconds, Section, is_loopback, size


class Gateway(Section):
    """The door that agents send to."""

    listen: Addresses = Field(["127.0.0.1:4318"], description="Address to listen on, or a list of them.")
    max_body_bytes: Bytes = Field(
        10 * 2**20, description="The largest request body, before and after inflation (64 MiB at most).", le=64 * 2**20
    )
    rate_per_second: float = Field(100, ge=0, description="Requests a second that one key may send; 0 is no limit.")
    burst: int = Field(200, ge=1, description="Requests that one key may send at once above its rate.")
    max_connections: int = Field(4096, ge=1, description="Open connections at most; one more is answered 503.")
    path_keys: bool = Field(False, description="Also take the key from the path, /k/{key}/v1/...: it then stands in proxies' logs.")
    tls_cert: Path | None = Field(None, description="PEM file with the certificate chain; TLS is on when set.")
    tls_key: Path | None = Field(None, description="PEM file with the certificate's private key.")
    trusted_proxies: list[Network] = Field([], description="Networks whose X-Forwarded-For names the source of a refused request.")
    insecure: bool = Field(False, description="Allow plain HTTP, so keys in clear, beyond loopback.")

    @model_validator(mode="after")
    def _keys_stay_private(self) -> Gateway:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        exposed = [address for address in self.listen if not is_loopback(address)]
        if exposed and not (self.tls_cert or self.insecure):
            raise ValueError(f"{exposed[0]} would carry keys in clear: set tls_cert and tls_key, or insecure = true behind a TLS proxy")
        return self


class Console(Section):
    """The pages that people look at, and what monitoring reads. They are served by the worker."""

    listen: Address = Field("127.0.0.1:8318", description="Address of the console's pages, health, metrics and the ledger.")
    auth: Literal["none", "token", "header"] = Field(
        "none", description="Who may look: everybody on this machine, who holds a link, or whom a trusted proxy names."
    )
    admins: list[str] = Field([], description="Users that may replay, make keys and reveal, as the proxy names them; the others may look.")
    user_header: str = Field("X-Forwarded-User", pattern=r"^[A-Za-z0-9-]{1,64}$", description="Header in which the proxy names the user.")
    trusted_proxies: list[Network] = Field([], description="Networks of the proxies whose user header is believed.")
    hosts: list[str] = Field([], description="Further names that browsers may ask for, such as the proxy's; others are refused.")
    reveal: Literal["off", "reason"] = Field("off", description="Whether an admin may see a person's name, each time with a reason.")
    floor: int = Field(5, ge=2, description="People that a figure rests on at least, in reports and exports; see docs/privacy.md.")

    @model_validator(mode="after")
    def _pages_stay_private(self) -> Console:
        if self.auth == "none" and not is_loopback(self.listen):
            raise ValueError(f'{self.listen} is not loopback, and auth = "none" lets everybody in: set auth to "header" or "token"')
        if self.auth == "header" and not self.trusted_proxies:
            raise ValueError('auth = "header" needs trusted_proxies, or anybody could name a user')
        return self


class Policy(Section):
    """What becomes of a batch before anything is written."""

    person: Literal["pseudonym", "email", "none"] = Field(
        "pseudonym", description="How a person is written into telemetry: a keyed pseudonym, the name as enrolled, or not at all."
    )


class Journal(Section):
    """The durable queue on disk."""

    max_bytes: Bytes = Field(10 * 2**30, description="Bytes the journal may take; then requests are answered 503.")
    keep: Seconds = Field(86400, description="How long delivered batches stay; with no sink, how long all of them stay.")
    segment_bytes: Bytes = Field(64 * 2**20, description="A segment file is closed at this size.")
    reserve: Annotated[int, BeforeValidator(size), Field(ge=0)] = Field(
        512 * 2**20, description="Disk space kept free for the worker's own files; below it requests are answered 503."
    )


class Store(Section):
    """The usage store, `usage.duckdb` in data_dir."""

    retention: Seconds = Field(400 * 86400, description="How long usage rows stay, by the time of what they tell of.", ge=86400)
    memory_limit: Bytes = Field(512 * 10**6, description="Memory that the store's database takes at most.", ge=128 * 10**6)


def _timezone(value: str) -> str:
    if value == "UTC":  # without looking: a system may have no names of zones
        return value
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no time zone, such as UTC or Europe/Berlin") from None
    return value


class Reports(Section):
    """How usage is reported."""

    timezone: Annotated[str, AfterValidator(_timezone)] = Field("UTC", description="Time zone of days, weeks and hours, by its IANA name.")


class Price(Section):
    """A model's own price, in US dollars per million tokens; cache rates that are not given are those of input."""

    input: float = Field(ge=0, description="Uncached input.")
    output: float = Field(ge=0, description="Output, with reasoning.")
    cache_read: float | None = Field(None, ge=0, description="Input read from a cache.")
    cache_creation: float | None = Field(None, ge=0, description="Input written to a cache.")
