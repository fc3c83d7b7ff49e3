"""Whom the door believes about where a request comes from, and how it counts strangers."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from upwell.gateway.sources import Sources, Strangers, is_this_machine


def scope(host: str | None) -> dict[str, Any]:
    return {"client": None if host is None else (host, 1234)}


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("203.0.113.9", b"", "203.0.113.9"),
        ("203.0.113.9", b"198.51.100.1", "203.0.113.9"),  # not a trusted proxy: it may say what it likes
        ("10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),  # the nearest that is not ours
        ("10.0.0.1", b"6.6.6.6, evil\r\nlog line, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("10.0.0.1", b"10.0.0.3", "10.0.0.3"),
        ("::ffff:10.0.0.1", b"[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::2", b"", "2001:db8::2"),
        (None, b"198.51.100.1", "an unknown address"),
        ("not an address", b"", "an unknown address"),
    ],
)
def test_the_source_is_who_can_be_believed(peer: str | None, forwarded: bytes, source: str) -> None:
    """X-Forwarded-For is read from the right, through trusted proxies only, and only addresses count."""
    assert Sources(["10.0.0.0/8"]).of(scope(peer), {b"x-forwarded-for": forwarded} if forwarded else {}) == source


@pytest.mark.parametrize(
    ("peer", "headers", "local"),
    [
        ("127.0.0.1", {}, True),
        ("127.8.8.8", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("127.0.0.1", {b"x-forwarded-for": b"203.0.113.9"}, False),
        ("127.0.0.1", {b"forwarded": b"for=203.0.113.9"}, False),
        ("127.0.0.1", {b"via": b"1.1 proxy"}, False),
        ("10.0.0.1", {}, False),
        (None, {}, False),
    ],
)
def test_a_proxy_on_this_machine_is_not_this_machine(peer: str | None, headers: dict[bytes, bytes], local: bool) -> None:
    """Operators' pages are for loopback clients, not for whoever comes through a proxy on loopback."""
    assert is_this_machine(scope(peer), headers) is local


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_stranger_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """All are counted; one line a minute says how many there were since the last."""
    clock = Clock()
    strangers = Strangers(clock=clock)
    with caplog.at_level(logging.WARNING, "upwell.gateway"):
        for _ in range(5):
            strangers.note("203.0.113.9", "the key is not known")
        clock.now += 60
        strangers.note("203.0.113.9", "the key is not known")

    assert [record.getMessage() for record in caplog.records] == [
        "refused 1 request(s) from 203.0.113.9: the key is not known",
        "refused 5 request(s) from 203.0.113.9: the key is not known",
    ]
    assert strangers.totals() == {"203.0.113.9": 6}


def test_many_strangers_neither_fill_log_nor_memory(caplog: pytest.LogCaptureFixture) -> None:
    """Five thousand sources in a minute leave sixty lines and a thousand counters."""
    strangers = Strangers(clock=Clock())
    with caplog.at_level(logging.WARNING, "upwell.gateway"):
        for number in range(5000):
            strangers.note(f"2001:db8::{number:x}", "the request carries no key")

    assert len(caplog.records) == 60
    assert len(strangers.totals()) == 1000
    assert f"2001:db8::{4999:x}" in strangers.totals()
