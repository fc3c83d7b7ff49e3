"""The gateway as an agent meets it: whether it runs, listens, takes batches, and whom it refused last."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

from upwell.config import Settings, split_address
from upwell.doctor.finding import Finding, fail, ok, warn
from upwell.service import locks

_SECONDS = 5.0
_SHOWN = 3  # keys and sources that were refused; all of them are at /refusals
_SOON_SECONDS = 14 * 86400
_EVERY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read from the settings, to be asked from this machine


def door(settings: Settings) -> Iterator[Finding]:
    """Every address that the settings say, and what the door remembers."""
    if not locks.is_held(settings.data_dir, "gateway"):
        yield fail("gateway", f"no gateway runs on {settings.data_dir}", "Start `upwell serve`, with this --config and as this user.")
        return
    if settings.gateway.tls_cert is not None:
        yield certificate(settings.gateway.tls_cert)
    asked = None
    for address in settings.gateway.listen:
        yield _readiness(settings, address)
        asked = asked or _get(settings, address, "/refusals")
    if asked is not None and asked[0] == 200:
        yield from refusals(json.loads(asked[1]), time.time_ns())


def url(settings: Settings, address: str) -> str:
    """Where this machine reaches a listening address."""
    host, port = split_address(address)
    host = _EVERY.get(host, host)
    return f"{'https' if settings.gateway.tls_cert else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def _readiness(settings: Settings, address: str) -> Finding:
    link, answer = f"gateway {address}", _get(settings, address, "/readyz")
    if answer is None:
        hint = "Read the gateway's log; if `serve` was started with --listen, write that address into gateway.listen."
        return fail(link, "a gateway runs, but does not answer here", hint)
    status, body = answer
    if status != 200:
        return fail(link, body.strip() or f"it answers {status}", "Mend what it says; agents get 503 until then, and try again.")
    return ok(link, "ready")


def _get(settings: Settings, address: str, path: str) -> tuple[int, str] | None:
    """What this machine's own gateway answers; its certificate is for another name, and is looked at by itself."""
    host, port = split_address(address)
    host = _EVERY.get(host, host)
    if settings.gateway.tls_cert:
        connection: HTTPConnection = HTTPSConnection(host, port, timeout=_SECONDS, context=_unverified())
    else:
        connection = HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(2**20).decode("utf-8", "replace")
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def certificate(path: Path) -> Finding:
    """How long the certificate is good."""
    link = "certificate"
    try:
        decoded = ssl._ssl._test_decode_cert(str(path))  # type: ignore[attr-defined]  # the only reader of dates in the standard library
        ends = ssl.cert_time_to_seconds(decoded["notAfter"])
    except (OSError, ValueError, KeyError) as error:
        return fail(link, f"{path} cannot be read ({type(error).__name__})", "Point gateway.tls_cert at a PEM file with the chain.")
    left, day = ends - time.time(), f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
    if left < 0:
        return fail(link, f"it ended on {day}: agents that check it send nothing", "Renew it, and restart the gateway.")
    if left < _SOON_SECONDS:
        return warn(link, f"it ends on {day}", "Renew it, and restart the gateway.")
    return ok(link, f"good until {day}")


def refusals(found: Mapping[str, Any], now_ns: int) -> Iterator[Finding]:
    """The last batches of known keys that could not be taken, and who knocked without a key."""
    link, hint = "refusals", "Tell whoever holds the key; `Every day` in README.md has the block to paste."
    last: dict[tuple[str, str], dict[str, Any]] = {}
    numbers: dict[tuple[str, str], int] = {}
    for batch in found["batches"]:
        case = batch["key_id"], batch["code"]
        last[case], numbers[case] = batch, numbers.get(case, 0) + 1
    newest = sorted(last, key=lambda case: -last[case]["time_ns"])
    for case in newest[:_SHOWN]:
        batch = last[case]
        ago = _ago(now_ns - batch["time_ns"])
        yield warn(link, f"key {case[0]}: {numbers[case]} refused, the last {ago} ago: {batch['sentence']}", hint, batch["code"])
    yield from _strangers(link, found["strangers"])
    if not last and not found["strangers"]:
        yield ok(link, "none since the gateway started")


def _strangers(link: str, found: Mapping[str, int]) -> Iterator[Finding]:
    worst: Sequence[tuple[str, int]] = sorted(found.items(), key=lambda entry: -entry[1])[:_SHOWN]
    for source, count in worst:
        yield warn(
            link, f"{source}: {count} requests without a valid key", "Give that agent a live key: `upwell keys list`.", "unauthenticated"
        )


def _ago(nanoseconds: int) -> str:
    minutes = max(0, nanoseconds) // 60_000_000_000
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
