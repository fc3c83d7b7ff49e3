"""How a body becomes an entry."""

from __future__ import annotations

import gzip
import json

import pytest

from upwell.config import Policy
from upwell.errors import Malformed, TooLarge
from upwell.gateway.preparing import MAX_RESOURCES, Arrival, Undecodable, inflated, prepare
from upwell.identity import Key, Pseudonyms
from upwell.otlp import Encoding, Signal
from upwell.policy import Work, pipeline
from upwell.testing.doorway import MemoryJournal

KEY = Key("alicekey", "alicekey", "alice", "platform", None, None, None, 1, None, None)
STEPS = pipeline(Policy(), Pseudonyms(bytes(32)))
BODY = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"7"},{"timeUnixNano":"9"}]}]}],"more":1}'
digest = MemoryJournal().digest


def arrival(body: bytes, *, zipped: bool = False, signal: Signal = Signal.LOGS) -> Arrival:
    return Arrival(body, zipped, Encoding.JSON, signal, KEY, 42)


def test_an_entry_says_what_the_batch_is() -> None:
    """Signal, key, digest of what was sent, arrival, items and times; the body is what policy left, in one form."""
    prepared = prepare(arrival(BODY), BODY, STEPS, digest)
    entry = prepared.entry

    assert (entry.signal, entry.key_id, entry.received_ns, entry.items, entry.oldest_ns, entry.newest_ns) == (
        Signal.LOGS,
        "alicekey",
        42,
        2,
        7,
        9,
    )
    assert entry.digest == digest("alicekey", Signal.LOGS, BODY)
    assert list(json.loads(entry.body)) == ["resourceLogs"]
    assert b"platform" in entry.body
    assert (prepared.size, prepared.unknown_fields, dict(entry.dropped)) == (len(BODY), 1, {})


def test_steps_run_in_their_order_and_their_drops_are_booked() -> None:
    """Each step gets what the one before it left; what was dropped reaches the entry."""

    def drop_last(work: Work) -> Work:
        del work.batch["resourceLogs"][0]["scopeLogs"][0]["logRecords"][-1]
        return Work(work.batch, work.signal, work.key, {"last": 1})

    def drop_more(work: Work) -> Work:
        assert len(work.batch["resourceLogs"][0]["scopeLogs"][0]["logRecords"]) == 1
        return Work({"resourceLogs": []}, work.signal, work.key, {**work.dropped, "rest": 1})

    entry = prepare(arrival(BODY), BODY, (drop_last, drop_more), digest).entry

    assert (entry.items, dict(entry.dropped), entry.body) == (0, {"last": 1, "rest": 1}, b'{"resourceLogs":[]}')


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"resourceLogs":7}', b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[7]}]}]}'])
def test_what_cannot_be_read_is_refused_with_its_digest(body: bytes) -> None:
    """The refusal is Malformed, and the digest tells one bad batch from another."""
    with pytest.raises(Undecodable) as caught:
        prepare(arrival(body), body, STEPS, digest)

    assert isinstance(caught.value.refusal, Malformed)
    assert caught.value.digest == digest("alicekey", Signal.LOGS, body)


def test_too_many_items_are_too_large() -> None:
    """More than 100,000 items in one request are refused as too large."""
    body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b",".join([b"{}"] * 100_001) + b"]}]}]}"
    with pytest.raises(Undecodable) as caught:
        prepare(arrival(body), body, STEPS, digest)

    assert isinstance(caught.value.refusal, TooLarge)


@pytest.mark.parametrize(("resources", "fits"), [(MAX_RESOURCES, True), (MAX_RESOURCES + 1, False)])
def test_too_many_resources_are_too_large(resources: int, fits: bool) -> None:
    """Each resource is stamped, so that many small ones would grow a hundredfold."""
    body = b'{"resourceLogs":[' + b",".join([b"{}"] * resources) + b"]}"
    if fits:
        assert prepare(arrival(body), body, STEPS, digest).entry.items == 0
        return
    with pytest.raises(Undecodable) as caught:
        prepare(arrival(body), body, STEPS, digest)

    assert isinstance(caught.value.refusal, TooLarge)


def test_a_plain_body_is_itself() -> None:
    """What is not compressed passes up to the limit."""
    assert inflated(arrival(b"abc"), 3) == b"abc"
    with pytest.raises(TooLarge):
        inflated(arrival(b"abcd"), 3)


def test_a_gzip_body_is_inflated_up_to_the_limit() -> None:
    """The limit is on what comes out."""
    assert inflated(arrival(gzip.compress(b"abc"), zipped=True), 3) == b"abc"
    with pytest.raises(TooLarge):
        inflated(arrival(gzip.compress(b"abcd"), zipped=True), 3)
    with pytest.raises(Malformed):
        inflated(arrival(b"not gzip", zipped=True), 100)
