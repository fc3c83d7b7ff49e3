"""From the bytes of a body to a journal entry: inflate, decode, policy, encode.

Pure but for the digest's key, so that it runs on the event loop for the usual small body and in a
thread for a large one. Raises Refusal, never anything of the libraries beneath.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from upwell import otlp
from upwell.errors import Malformed, Refusal, TooLarge
from upwell.identity import Key
from upwell.journal.rows import Entry
from upwell.otlp import Encoding, Signal
from upwell.policy import Step, Work

MAX_RESOURCES: Final = 10_000
"""Each gets a stamp of up to 2 KB, so a million empty ones would become gigabytes. Agents send one, vendors' exports one per person."""

Digest: TypeAlias = Callable[[str, Signal, bytes], bytes]
"""Key id, signal and inflated body → the keyed digest that tells a retry."""


class Arrival(NamedTuple):  # made for every request, and a frozen dataclass takes three times as long
    """A body as it came off the wire, with what its request said of it."""

    body: bytes
    zipped: bool
    encoding: Encoding
    signal: Signal
    key: Key
    received_ns: int


class Prepared(NamedTuple):
    """A batch ready for the journal: what was sent, in numbers, and the entry that is left of it."""

    entry: Entry
    size: int
    unknown_fields: int


class Undecodable(Exception):
    """A refusal, with the digest of the body that it is about."""

    def __init__(self, refusal: Refusal, digest: bytes) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.digest = digest


def inflated(arrival: Arrival, limit: int) -> bytes:
    """The body, at most `limit` bytes. Raises TooLarge and Malformed."""
    body = otlp.inflate(arrival.body, limit) if arrival.zipped else arrival.body
    if len(body) > limit:
        raise TooLarge(f"the body is larger than {limit:,} bytes")
    return body


def prepare(arrival: Arrival, body: bytes, steps: Sequence[Step], digest: Digest) -> Prepared:
    """Turn an inflated body into an entry. Raises Undecodable."""
    key, signal = arrival.key, arrival.signal
    mark = digest(key.id, signal, body)
    try:
        decoded = _decoded(body, signal, arrival.encoding)
        work = Work(decoded.batch, signal, key)
        for step in steps:
            work = step(work)
        survey = otlp.survey(work.batch, signal)
        encoded = otlp.encode(work.batch, signal, Encoding.JSON)
    except (Malformed, TooLarge) as refusal:
        raise Undecodable(refusal, mark) from None
    entry = Entry(signal, key.id, mark, arrival.received_ns, survey.items, survey.oldest_ns, survey.newest_ns, encoded, work.dropped)
    return Prepared(entry, len(body), decoded.unknown_fields)


def _decoded(body: bytes, signal: Signal, encoding: Encoding) -> otlp.Decoded:
    decoded = otlp.decode(body, signal, encoding)
    if len(decoded.batch[signal.resource_field]) > MAX_RESOURCES:
        raise TooLarge(f"more than {MAX_RESOURCES:,} resources in one request", hint="Send smaller batches.")
    return decoded
