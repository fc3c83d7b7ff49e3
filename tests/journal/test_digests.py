"""Retries are told from new data."""

from __future__ import annotations

from tests.journal.place import Clock
from upwell.journal.digests import WINDOW_SECONDS, Digests, digest
from upwell.otlp.model import Signal


def name(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_a_digest_depends_on_all_it_names() -> None:
    """Body, key, signal and secret each change it; the same four give it again."""
    one = digest(b"s", "k1", Signal.LOGS, b"body")

    assert len(one) == 16
    assert one == digest(b"s", "k1", Signal.LOGS, b"body")
    others = {
        digest(b"t", "k1", Signal.LOGS, b"body"),
        digest(b"s", "k2", Signal.LOGS, b"body"),
        digest(b"s", "k1", Signal.TRACES, b"body"),
        digest(b"s", "k1", Signal.LOGS, b"bodz"),
        digest(b"s", "k1\0logs", Signal.LOGS, b"body"),
    }
    assert len(others - {one}) == 5


def test_a_stored_digest_is_known_for_the_window() -> None:
    """Up to five minutes a retry is a retry; after that it is new data."""
    clock = Clock()
    digests: Digests[str] = Digests(monotonic_ns=clock)
    digests.stored([name(1)])

    clock.advance(WINDOW_SECONDS)
    assert name(1) in digests
    clock.advance(0.001)
    assert name(1) not in digests
    assert len(digests) == 0


def test_a_digest_in_flight_leads_to_its_commit() -> None:
    """A retry that comes before the commit finds what to wait for; after the commit there is nothing to wait for."""
    digests: Digests[str] = Digests(monotonic_ns=Clock())
    digests.begin(name(1), "the commit")

    assert name(1) in digests
    assert digests.in_flight(name(1)) == "the commit"

    digests.stored([name(1)])
    assert name(1) in digests
    assert digests.in_flight(name(1)) is None


def test_a_digest_in_flight_does_not_expire() -> None:
    """However long a commit stalls, its retries wait for it."""
    clock = Clock()
    digests: Digests[str] = Digests(monotonic_ns=clock)
    digests.begin(name(1), "the commit")

    clock.advance(10 * WINDOW_SECONDS)

    assert digests.in_flight(name(1)) == "the commit"
    assert name(1) in digests


def test_a_failed_digest_is_forgotten() -> None:
    """The retry of what was not stored is stored."""
    digests: Digests[str] = Digests(monotonic_ns=Clock())
    digests.begin(name(1), "the commit")

    digests.failed([name(1)])

    assert name(1) not in digests


def test_digests_read_back_from_disk_keep_their_age() -> None:
    """What was stored four minutes before a restart is known for one more minute."""
    clock = Clock()
    digests: Digests[str] = Digests(monotonic_ns=clock)
    digests.stored([name(1)], age_ns=240 * 10**9)
    digests.stored([name(2)], age_ns=0)

    clock.advance(61)

    assert name(1) not in digests
    assert name(2) in digests


def test_under_a_flood_the_oldest_go_first() -> None:
    """The number is bounded, and the window says how short it has become."""
    clock = Clock()
    digests: Digests[str] = Digests(limit=10, monotonic_ns=clock)
    assert digests.held_seconds() == WINDOW_SECONDS
    for number in range(20):
        digests.stored([name(number)])
        clock.advance(1)

    assert len(digests) == 10
    assert [number for number in range(20) if name(number) in digests] == list(range(10, 20))
    assert digests.held_seconds() == 10
