"""The way of one batch through the door, in order: key, format, rate, body, policy, journal.

Each stage either goes on or raises a Refusal; 200 is given only after the journal has committed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
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
from upwell.journal import Counts, Entry, Told
from upwell.otlp import Encoding, Signal, media_type
from upwell.policy import Step

Headers = Mapping[bytes, bytes]
Tell = Callable[["Answer | Refusal"], None]

BIG: Final = 256 * 1024
"""Bytes from which a body is decoded off the loop; the usual batch has 4 to 20 KB, a quarter megabyte takes some 10 ms."""


_FORMATS_KEPT: Final = 100  # combinations of headers; a team's agents use about five
_FORMAT_LIMIT: Final = 200  # bytes of them


class Journal(Protocol):
    """What the door needs of the journal."""

    async def append(self, entry: Entry) -> bool:
        """True once committed; False for a retry of what is already there. Raises JournalError."""

    def submit(self, entry: Entry, told: Told) -> None:
        """The same, by a call of `told`. Raises JournalError where the batch cannot be taken at all."""

    def digest(self, key_id: str, signal: Signal, body: bytes) -> bytes:
        """The keyed digest that tells a retry."""

    def ready(self) -> str | None:
        """None, or the sentence why nothing can be accepted."""

    def bytes(self) -> int:
        """The journal's size on disk."""

    def counts(self) -> Counts:
        """What it did since it was opened."""


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
        self._formats_seen: dict[tuple[bytes | None, bytes | None, bytes | None], tuple[Encoding, bool]] = {}
        # One thread, so that the peaks of memory of large bodies don't add up.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="upwell-large-body")

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, signal: Signal, headers: Headers, path_key: str | None, receive: Receive) -> Answer:
        """Take one export request. Raises Refusal or Gone."""
        received_ns = time.time_ns()
        key = self.keyring.authenticate(path_key or _secret(headers), received_ns)
        try:
            encoding, zipped = self._formats(headers)
            self._check_declared(headers)
            if (wait := self.throttle.place(key.id)) > 0:
                await self.throttle.wait(wait)
            with self.hand.grip() as grip:
                body = await self._read(receive, grip)
                arrival = Arrival(body, zipped, encoding, signal, key, received_ns)
                prepared = self._prepare_here(arrival) or await self._prepare_aside(arrival, grip)
                stored = await self._store(prepared)
        except (Undecodable, Refusal) as error:
            raise self._blamed(key, received_ns, error) from None
        return self._accepted(prepared, encoding, stored)

    def at_once(self, signal: Signal, headers: Headers, path_key: str | None, body: bytes, tell: Tell) -> bool:
        """Take a small request that is here whole, without a task of its own: `tell` hears how it ended, after the commit.

        False where it has to wait for more than the commit, and so needs to be called. Raises Refusal.
        """
        received_ns = time.time_ns()
        key = self.keyring.authenticate(path_key or _secret(headers), received_ns)
        if len(body) > BIG or not self.throttle.is_free(key.id):
            return False
        grip = self.hand.grip()
        try:
            encoding, zipped = self._formats(headers)
            self._check_declared(headers)
            grip.hold(len(body))
            prepared = self._prepare_here(Arrival(body, zipped, encoding, signal, key, received_ns))
            if prepared is not None:
                self.throttle.place(key.id)
                self._submit(prepared, partial(self._landed, prepared, encoding, grip, tell))
        except (Undecodable, Refusal) as error:
            grip.let_go()
            raise self._blamed(key, received_ns, error) from None
        except BaseException:
            grip.let_go()
            raise
        if prepared is None:  # it unfolds to something large
            grip.let_go()
        return prepared is not None

    def _landed(self, prepared: Prepared, encoding: Encoding, grip: Grip, tell: Tell, end: bool | JournalError) -> None:
        grip.let_go()
        tell(_unstored(end) if isinstance(end, JournalError) else self._accepted(prepared, encoding, end))

    def _blamed(self, key: Key, received_ns: int, error: Undecodable | Refusal) -> Refusal:
        """The refusal to answer with, kept for `doctor` where the batch itself is to blame."""
        refusal, digest = (error.refusal, error.digest) if isinstance(error, Undecodable) else (error, b"")
        if isinstance(refusal, Malformed | TooLarge | UnsupportedMediaType):
            self.complaints.add(received_ns, key.id, refusal.code, digest, refusal.message)
        return refusal

    def _formats(self, headers: Headers) -> tuple[Encoding, bool]:
        """The body's encoding, and whether it is gzipped. Raises UnsupportedMediaType."""
        said = headers.get(b"content-type"), headers.get(b"content-encoding"), headers.get(b"transfer-encoding")
        formats = self._formats_seen.get(said)
        if formats is None:
            formats = _formats(*said)
            if len(self._formats_seen) < _FORMATS_KEPT and sum(len(value or b"") for value in said) < _FORMAT_LIMIT:
                self._formats_seen[said] = formats
        return formats

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

    def _prepare_here(self, arrival: Arrival) -> Prepared | None:
        """Prepare a small body; None for one that is large, or becomes so."""
        near = min(BIG, self._limit)
        if len(arrival.body) > near:
            return None
        try:
            body = inflated(arrival, near) if arrival.zipped else arrival.body
        except TooLarge:
            if near == self._limit:
                raise
            return None
        return prepare(arrival, body, self._steps, self.journal.digest)

    async def _prepare_aside(self, arrival: Arrival, grip: Grip) -> Prepared:
        """Prepare a large body in the thread."""
        loop = asyncio.get_running_loop()
        body = await loop.run_in_executor(self._thread, inflated, arrival, self._limit)
        grip.hold(len(arrival.body) + len(body) if arrival.zipped else len(body))
        return await loop.run_in_executor(self._thread, prepare, arrival, body, self._steps, self.journal.digest)

    async def _store(self, prepared: Prepared) -> bool:
        """Commit a batch; False if it is there already. Raises Unavailable."""
        if _is_empty(prepared.entry):
            return True
        try:
            return await self.journal.append(prepared.entry)
        except JournalError as error:
            raise _unstored(error) from error

    def _submit(self, prepared: Prepared, told: Told) -> None:
        """The same, by a call of `told`."""
        if _is_empty(prepared.entry):
            told(True)
            return
        try:
            self.journal.submit(prepared.entry, told)
        except JournalError as error:
            raise _unstored(error) from error

    def _accepted(self, prepared: Prepared, encoding: Encoding, stored: bool) -> Answer:
        """Count a batch that is safe; its answer."""
        counters, entry = self._counters, prepared.entry
        if not stored:
            counters.duplicates += 1
            return ACCEPTED[entry.signal, encoding]
        counters.batches[entry.signal, encoding] += 1
        counters.items[entry.signal] += entry.items
        counters.bytes[entry.signal] += prepared.size
        counters.unknown_fields += prepared.unknown_fields
        if entry.dropped:
            counters.items[entry.signal] += sum(entry.dropped.values())
            counters.dropped.update(entry.dropped)
        return ACCEPTED[entry.signal, encoding]


def _is_empty(entry: Entry) -> bool:
    """An empty request is a success, and nothing to keep."""
    return not entry.items and not entry.dropped


def _unstored(error: JournalError) -> Unavailable:
    return Unavailable(error.message, retry_after=RETRY_AFTER_MOST)


def _secret(headers: Headers) -> str:
    """The key's text: `x-api-key`, else a bearer token. Raises Unauthenticated."""
    if given := headers.get(b"x-api-key"):
        return given.decode("latin-1")
    scheme, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("the request carries no key")
    return token.strip()


def _formats(content_type: bytes | None, coding: bytes | None, transfer_coding: bytes | None) -> tuple[Encoding, bool]:
    encoding = media_type(content_type or b"")
    if encoding is None:
        raise UnsupportedMediaType("the Content-Type is not one of OTLP's")
    coding = (coding or b"identity").strip().lower()
    if coding not in (b"identity", b"gzip", b"x-gzip"):
        raise UnsupportedMediaType("the Content-Encoding is not gzip")
    if (transfer_coding or b"chunked").strip().lower() != b"chunked":
        raise UnsupportedMediaType("the Transfer-Encoding is not chunked")
    return encoding, coding.endswith(b"gzip")
