"""The settings: one model, read from `upwell.toml`, then `UPWELL_*`, then flags.

Unknown keys fail, `${NAME}` expands from the environment, and every error names its field.
Sizes are bytes after reading, durations seconds. docs/configuration.md is held to this model by a test.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import tomllib
import zoneinfo
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationError,
    model_validator,
)

from upwell.errors import ConfigError

_SIZE_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_TIME_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_QUANTITY = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*$")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _quantity(text: str, units: Mapping[str, float]) -> float:
    match = _QUANTITY.match(text)
    if match is None or match[2] not in units:
        allowed = ", ".join(unit for unit in units if unit)
        raise ValueError(f"{text!r} is not a number with one of the units {allowed}")
    return float(match[1]) * units[match[2]]


def _size(value: Any) -> Any:
    return int(_quantity(value, _SIZE_UNITS)) if isinstance(value, str) else value


def _duration(value: Any) -> Any:
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


Bytes = Annotated[int, BeforeValidator(_size), Field(gt=0)]
Seconds = Annotated[float, BeforeValidator(_duration), Field(ge=0)]
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


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Gateway(_Section):
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


class Console(_Section):
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


class Policy(_Section):
    """What becomes of a batch before anything is written."""

    person: Literal["pseudonym", "email", "none"] = Field(
        "pseudonym", description="How a person is written into telemetry: a keyed pseudonym, the name as enrolled, or not at all."
    )


class Journal(_Section):
    """The durable queue on disk."""

    max_bytes: Bytes = Field(10 * 2**30, description="Bytes the journal may take; then requests are answered 503.")
    keep: Seconds = Field(86400, description="How long delivered batches stay; with no sink, how long all of them stay.")
    segment_bytes: Bytes = Field(64 * 2**20, description="A segment file is closed at this size.")
    reserve: Annotated[int, BeforeValidator(_size), Field(ge=0)] = Field(
        512 * 2**20, description="Disk space kept free for the worker's own files; below it requests are answered 503."
    )


class Store(_Section):
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


class Reports(_Section):
    """How usage is reported."""

    timezone: Annotated[str, AfterValidator(_timezone)] = Field("UTC", description="Time zone of days, weeks and hours, by its IANA name.")


class Price(_Section):
    """A model's own price, in US dollars per million tokens; cache rates that are not given are those of input."""

    input: float = Field(ge=0, description="Uncached input.")
    output: float = Field(ge=0, description="Output, with reasoning.")
    cache_read: float | None = Field(None, ge=0, description="Input read from a cache.")
    cache_creation: float | None = Field(None, ge=0, description="Input written to a cache.")


class _Sink(_Section):
    """What every destination has."""

    name: str = Field("", pattern=r"^[a-z0-9_-]{0,32}$", description="Name in ledger and metrics; default: the type.")
    required: bool = Field(True, description="Whether a full journal waits for this sink, or lets its batches go.")
    signals: list[SignalName] = Field(["metrics", "traces", "logs"], min_length=1, description="The signals it gets.")
    linger: Seconds = Field(1, description="How long a lane waits for more batches before it sends.")
    in_flight: int = Field(1, ge=1, le=8, description="Requests of one lane under way at once.")
    timeout: Seconds = Field(30, description="Seconds until a request without an answer counts as failed.")
    max_age: Seconds = Field(14 * 86400, description="Items older than this are no longer retried but booked expired.")

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.get("name"):
            return {**data, "name": data.get("type", "")}
        return data


class Endpoints(_Section):
    """One URL per signal, for PrivateLink and tests."""

    metrics: str | None = Field(None, description="Base URL for metrics.")
    traces: str | None = Field(None, description="Base URL for traces.")
    logs: str | None = Field(None, description="Base URL for logs.")


class CloudWatchSink(_Sink):
    """Amazon CloudWatch's OTLP endpoints."""

    type: Literal["cloudwatch"] = Field("cloudwatch", description="Amazon CloudWatch.")
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="AWS Region, such as us-west-2.")
    log_group: str = Field("/upwell/otlp", description="Log group for the logs signal; created when missing.")
    log_stream: str = Field("gateway", description="Log stream in it; created when missing.")
    profile: str | None = Field(None, description="Named profile of the AWS configuration.")
    role_arn: str | None = Field(None, description="Role to assume for sending.")
    external_id: str | None = Field(None, description="External id for that role.")
    use_fips: bool = Field(False, description="Use FIPS endpoints.")
    endpoint_url: str | None = Field(None, description="One base URL for all signals.")
    endpoints: Endpoints = Field(Endpoints(), description="Base URLs per signal.")


class OtlpSink(_Sink):
    """Any OTLP/HTTP endpoint."""

    type: Literal["otlp"] = Field("otlp", description="Any OTLP/HTTP endpoint.")
    endpoint: str = Field(pattern=r"^https?://", description="Base URL; /v1/{signal} is added.")
    headers: dict[str, SecretStr] = Field({}, description="Headers to send, such as a token.")
    encoding: Literal["protobuf", "json"] = Field("protobuf", description="How bodies are written.")


RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
"""What CloudWatch Logs takes as the retention of a group (PutRetentionPolicy)."""

TeamName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Cidrs = Annotated[list[Network], Field(max_length=200)]  # a resource policy holds 8,192 characters
KeyNumbers = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]


def _retention(value: int) -> int:
    if value not in RETENTION_DAYS:
        raise ValueError(f"{value} is not one of the days that CloudWatch Logs takes: {', '.join(map(str, RETENTION_DAYS))}")
    return value


def _alphanumerics(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


class TeamLimit(_Section):
    """A team's own limit in the serverless shape; what is not given is that of `[serverless]`."""

    rate: float | None = Field(None, gt=0, description="Requests a second that each of its keys may send.")
    burst: int | None = Field(None, ge=1, description="Requests that each of its keys may send at once above that.")


class Serverless(_Section):
    """The serverless shape: API Gateway in front of CloudWatch, made by `upwell deploy` or `upwell template`."""

    stack: str = Field("upwell", pattern=r"^[A-Za-z][A-Za-z0-9-]{0,127}$", description="Name of the CloudFormation stack.")
    region: str | None = Field(
        None, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="AWS Region, such as us-west-2; default: the AWS configuration's."
    )
    profile: str | None = Field(None, description="Named profile of the AWS configuration.")
    teams: list[TeamName] = Field(["platform"], min_length=1, description="Teams; each gets an API key and a log stream of its own.")
    keys: dict[str, KeyNumbers] = Field(
        {}, description="Numbers of a team's keys, default [1]; [1, 2] while a rotation overlaps, [2] after it."
    )
    rate: float = Field(50, gt=0, description="Requests a second that one key may send.")
    burst: int = Field(100, ge=1, description="Requests that one key may send at once above its rate.")
    limits: dict[str, TeamLimit] = Field({}, description="Teams with a limit of their own.")
    log_group: str = Field("/upwell/otlp", pattern=r"^[.\-_/#A-Za-z0-9]{1,512}$", description="Log group for the logs signal.")
    retention_days: Annotated[int, AfterValidator(_retention)] = Field(90, description="Days that the log group keeps events.")
    kms_key: str | None = Field(
        None, pattern=r"^arn:[^:]+:kms:", description="ARN of the KMS key for the log groups; its policy must let CloudWatch Logs use it."
    )
    alarm_email: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="Where alarms go: refused requests, failures of CloudWatch, silence."
    )
    allow_cidrs: Cidrs = Field([], description="Networks that may send; none listed means all.")
    access_logs: bool = Field(False, description="Write one line per request, without bodies and keys, to a log group of its own.")
    dashboard: bool = Field(False, description="Make a CloudWatch dashboard: requests, tokens, dollars, sessions.")
    tags: dict[str, str] = Field({}, description="Tags for everything in the stack.")
    permissions_boundary: str | None = Field(
        None, pattern=r"^arn:[^:]+:iam:", description="ARN of the permissions boundary for the stack's roles."
    )
    transaction_search: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Traces need CloudWatch's Transaction Search, which is account-wide: on switches it on, off leaves /v1/traces out, "
        "auto uses it where it is on already and asks otherwise.",
    )

    @model_validator(mode="after")
    def _teams_fit(self) -> Serverless:
        seen: dict[str, str] = {}
        for team in self.teams:
            if other := seen.get(_alphanumerics(team)):
                raise ValueError(f"teams {other!r} and {team!r} would share the names of their resources: letters and digits must differ")
            seen[_alphanumerics(team)] = team
        for section, named in (("keys", self.keys), ("limits", self.limits)):
            if unknown := sorted(set(named) - set(self.teams)):
                raise ValueError(f"{section} names {unknown[0]!r}, which is not in teams")
        if doubled := next((team for team, numbers in self.keys.items() if len(set(numbers)) < len(numbers)), None):
            raise ValueError(f"keys lists a number twice for {doubled!r}")
        return self


AnySink = Annotated[
    Annotated[CloudWatchSink, Tag("cloudwatch")] | Annotated[OtlpSink, Tag("otlp")],
    Discriminator(lambda value: value.get("type") if isinstance(value, dict) else getattr(value, "type", None)),
]


class Settings(_Section):
    """All of `upwell.toml`."""

    data_dir: Path = Field(Path("~/.local/share/upwell"), description="Where journal, keys and state live.")
    gateway: Gateway = Gateway()
    console: Console = Console()
    policy: Policy = Policy()
    journal: Journal = Journal()
    store: Store = Store()
    reports: Reports = Reports()
    prices: dict[str, Price] = Field({}, description='Prices per model, `[prices."NAME"]`; they come before the lists of genai-prices.')
    sinks: list[AnySink] = Field([], description="Destinations, one [[sinks]] block each.")
    serverless: Serverless = Serverless()

    @model_validator(mode="after")
    def _sink_names_differ(self) -> Settings:
        names = [sink.name for sink in self.sinks]
        if "usage" in names:
            raise ValueError("a sink cannot be named 'usage': that is the usage store's name in the ledger")
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two sinks are named {repeated.pop()!r}: give each its own name")
        return self


def default_paths() -> list[Path]:
    """Where a configuration file is looked for when none is named."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    return [Path("upwell.toml"), home / "upwell" / "upwell.toml"]


def find_file(path: Path | None) -> Path | None:
    """The file to read: the one named, else the first default that exists. Raises ConfigError."""
    if path is not None:
        if not path.is_file():
            raise ConfigError(f"there is no configuration file {path}", hint="Check the path given to --config.")
        return path
    return next((candidate for candidate in default_paths() if candidate.is_file()), None)


def load(path: Path | None = None, *, environ: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force. `flags` is shaped like the file, and wins. Raises ConfigError."""
    environ = os.environ if environ is None else environ
    found = find_file(path)
    raw = _read(found) if found else {}
    for layer in (_from_environment(environ), flags or {}):
        raw = _overlay(raw, layer)
    try:
        settings = Settings.model_validate(_expand(raw, environ, ""))
    except ValidationError as error:
        raise ConfigError(_describe(error, found)) from None
    return settings.model_copy(update={"data_dir": settings.data_dir.expanduser().absolute()})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    layer: dict[str, Any] = {}
    for name, text in environ.items():
        if not name.startswith("UPWELL_"):
            continue
        *sections, field = name.removeprefix("UPWELL_").lower().split("__")
        place = layer
        for section in sections:
            place = place.setdefault(section, {})
        place[field] = _environment_value(name, text)
    return layer


def _environment_value(name: str, text: str) -> Any:
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if text.lstrip().startswith("[") and ":" in text:  # an IPv6 address
            return text
        raise ConfigError(f"{name} is not JSON: lists and tables in the environment are written as JSON") from None


def _overlay(base: Mapping[str, Any], layer: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in layer.items():
        below = merged.get(key)
        merged[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return merged


def _expand(value: Any, environ: Mapping[str, str], place: str) -> Any:
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _reference(match[1], environ, place), value)
    if isinstance(value, Mapping):
        return {key: _expand(item, environ, f"{place}.{key}" if place else key) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, environ, f"{place}[{index}]") for index, item in enumerate(value)]
    return value


def _reference(name: str, environ: Mapping[str, str], place: str) -> str:
    if name not in environ:
        raise ConfigError(f"{place}: the environment has no variable {name}", hint=f"Export {name}, or write the value itself.")
    return environ[name]


def _describe(error: ValidationError, path: Path | None) -> str:
    where = str(path) if path else "the settings"
    lines = []
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"]) or "upwell.toml"
        reason = "is not a setting" if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
        lines.append(f"{field}: {reason}")
    return f"{where}: " + "; ".join(lines)
