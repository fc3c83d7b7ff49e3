"""The way of one batch through the door, in order: key, format, rate, body, policy, journal.

Each stage either goes on or raises a Refusal; 200 is given only after the journal has committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from starlette.types import Receive

from upwell.config import Gateway
from upwell.errors import JournalError, Malformed, Refusal, TooLarge, Unauthenticated, Unavailable, UnsupportedMediaType
from upwell.gateway.answers import ACCEPTED, RETRY_AFTER_MOST, Answer
from upwell.gateway.complaints import Complaints
from upwell.gateway.counters import Counters
from upwell.gateway.hand import Grip, Hand
from upwell.gateway.preparing import Arrival, Prepared, Undecodable, inflated, prepare
from upwell.gateway.throttle import Throttle
from upwell.identity import Key, Keyring
from upwell.journal.rows import Entry
from upwell.otlp import Encoding, Signal, media_type
from upwell.policy import Step

Headers = Mapping[bytes, bytes]

BIG: Final = 256 * 1024
"""Bytes from which a body is decoded off the loop; the usual batch has 4 to 20 KB, a quarter megabyte takes some 10 ms."""


class Journal(Protocol):
    """What the door needs of the journal."""

    async def append(self, entry: Entry) -> bool:
        """True once committed; False for a retry of what is already there. Raises JournalError."""

    def digest(self, key_id: str, signal: Signal, body: bytes) -> bytes:
        """The keyed digest that tells a retry."""

    def ready(self) -> str | None:
        """None, or the sentence why nothing can be accepted."""

    def bytes(self) -> int:
        """The journal's size on disk."""


class Gone(Exception):
    """The client left before it had sent its request."""


class Ingest:
    """Accepts batches; one per gateway process."""

    def __init__(self, settings: Gateway, keyring: Keyring, journal: Journal, steps: Sequence[Step], counters: Counters) -> None:
        self.keyring = keyring
        self.journal = journal
        self.hand = Hand()
        self.throttle = Throttle(settings.rate_per_second, settings.burst)
        self.complaints = Complaints()
        self._limit = settings.max_body_bytes
        self._steps = steps
        self._counters = counters
        # One thread, so that the peaks of memory of large bodies don't add up.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="upwell-large-body")

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, signal: Signal, headers: Headers, path_key: str | None, receive: Receive) -> Answer:
        """Take one export request. Raises Refusal or Gone."""
        received_ns = time.time_ns()
        key = self.keyring.authenticate(path_key or _secret(headers), received_ns)
        try:
            encoding, zipped = _formats(headers)
            self._check_declared(headers)
            await self.throttle.admit(key.id)
            with self.hand.grip() as grip:
                body = await self._read(receive, grip)
                prepared = await self._prepare(Arrival(body, zipped, encoding, signal, key, received_ns), grip)
                stored = await self._store(prepared)
        except Undecodable as error:
            self._complain(key, received_ns, error.refusal, error.digest)
            raise error.refusal from None
        except (Malformed, TooLarge, UnsupportedMediaType) as refusal:
            self._complain(key, received_ns, refusal, b"")
            raise
        if stored:
            self._count(prepared, encoding)
        else:
            self._counters.duplicates += 1
        return ACCEPTED[signal, encoding]

    def _check_declared(self, headers: Headers) -> None:
        if int(headers.get(b"content-length", b"0")) > self._limit:
            raise self._too_large()

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body is larger than {self._limit:,} bytes")

    async def _read(self, receive: Receive, grip: Grip) -> bytes:
        """The whole body as it came, held in `grip` piece by piece."""
        message = await receive()
        body: bytes = message.get("body", b"")
        grip.hold(len(body))
        if message.get("more_body"):
            body = await self._read_on(receive, grip, [body])
        elif message["type"] == "http.disconnect":
            raise Gone
        if len(body) > self._limit:
            raise self._too_large()
        return body

    async def _read_on(self, receive: Receive, grip: Grip, pieces: list[bytes]) -> bytes:
        size = len(pieces[0])
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            pieces.append(message["body"])
            size += len(pieces[-1])
            if size > self._limit:
                raise self._too_large()
            grip.hold(size)
            if not message.get("more_body"):
                return b"".join(pieces)

    async def _prepare(self, arrival: Arrival, grip: Grip) -> Prepared:
        """Prepare a small body here and a large one in the thread."""
        near = min(BIG, self._limit)
        if len(arrival.body) <= near:
            try:
                body = inflated(arrival, near)
            except TooLarge:
                if near == self._limit:
                    raise
            else:
                return prepare(arrival, body, self._steps, self.journal.digest)
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(self._thread, inflated, arrival, self._limit)
        grip.hold(len(arrival.body) + len(body) if arrival.zipped else len(body))
        return await loop.run_in_executor(self._thread, prepare, arrival, body, self._steps, self.journal.digest)

    async def _store(self, prepared: Prepared) -> bool:
        """Commit a batch; False if it is there already. Raises Unavailable."""
        if not prepared.entry.items and not prepared.entry.dropped:
            return True  # an empty request is a success, and nothing to keep
        try:
            return await self.journal.append(prepared.entry)
        except JournalError as error:
            raise Unavailable(error.message, retry_after=RETRY_AFTER_MOST) from error

    def _complain(self, key: Key, received_ns: int, refusal: Refusal, digest: bytes) -> None:
        self.complaints.add(received_ns, key.id, refusal.code, digest, refusal.message)

    def _count(self, prepared: Prepared, encoding: Encoding) -> None:
        counters, entry = self._counters, prepared.entry
        counters.batches[entry.signal, encoding] += 1
        counters.items[entry.signal] += entry.items
        counters.bytes[entry.signal] += prepared.size
        counters.unknown_fields += prepared.unknown_fields
        if entry.dropped:
            counters.items[entry.signal] += sum(entry.dropped.values())
            counters.dropped.update(entry.dropped)


def _secret(headers: Headers) -> str:
    """The key's text: `x-api-key`, else a bearer token. Raises Unauthenticated."""
    if given := headers.get(b"x-api-key"):
        return given.decode("latin-1")
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("the request carries no key")
    return token.strip()


def _formats(headers: Headers) -> tuple[Encoding, bool]:
    """The body's encoding, and whether it is gzipped. Raises UnsupportedMediaType."""
    encoding = media_type(headers.get(b"content-type", b""))
    if encoding is None:
        raise UnsupportedMediaType("the Content-Type is not one of OTLP's")
    compression = headers.get(b"content-encoding", b"identity").strip().lower()
    if compression not in (b"identity", b"", b"gzip", b"x-gzip"):
        raise UnsupportedMediaType("the Content-Encoding is not gzip")
    if headers.get(b"transfer-encoding", b"chunked").strip().lower() != b"chunked":
        raise UnsupportedMediaType("the Transfer-Encoding is not chunked")
    return encoding, compression.endswith(b"gzip")
