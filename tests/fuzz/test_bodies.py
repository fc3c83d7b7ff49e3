"""Tens of thousands of bad bodies through the real HTTP door.

Whatever is sent, the door answers in OTLP's words, never with a 500 or a fault of its own, and
nothing grows. `UPWELL_FUZZ_SEED` and `UPWELL_FUZZ_BODIES` give another or a longer run.
"""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import logging
import os
import random
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from upwell import otlp
from upwell.journal.rows import Entry
from upwell.otlp import Encoding, Signal
from upwell.testing.doorway import Doorway
from upwell.testing.mutation import mutated, mutated_json

FIXTURES = Path(__file__).parents[1] / "fixtures" / "agents"
SEED = int(os.environ.get("UPWELL_FUZZ_SEED", "20261121"))
BODIES = int(os.environ.get("UPWELL_FUZZ_BODIES", "22000"))
ALLOWED = {200, 400, 413, 415}
GROWTH = 24 * 2**20  # of a process that handles bodies of a few KB: arenas and caches, not leaks


class Client:
    """A keep-alive connection that sends exactly the bytes it is told to, and connects again when the door hangs up."""

    def __init__(self, door: Doorway) -> None:
        self._door = door
        self._connection: socket.socket | None = None

    def send(self, head: bytes, body: bytes) -> tuple[int, bytes, bytes]:
        """The answer's status, head and body."""
        if self._connection is None:
            self._connection = self._door.connect()
        self._connection.sendall(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._connection.recv(65536)
        answer, _, rest = received.partition(b"\r\n\r\n")
        length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(rest) < length:
            rest += self._connection.recv(65536)
        if b"connection: close" in answer:
            self.close()
        return int(answer[9:12]), answer, rest

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def seeds() -> Iterator[tuple[Signal, Encoding, bytes]]:
    """A few items from every recording, in both encodings, as a person's agent would send them."""
    for path in sorted(FIXTURES.rglob("*.*.*")):
        if path.suffix not in (".json", ".pb") or path.name.endswith("headers.json"):
            continue
        signal = Signal(path.name.split(".")[1])
        batch = otlp.decode(path.read_bytes(), signal, Encoding.PROTOBUF if path.suffix == ".pb" else Encoding.JSON).batch
        items = otlp.count(batch, signal)
        for first in {0, items // 3, items - 1}:
            piece = otlp.select(batch, signal, first, first + 2)
            for encoding in Encoding:
                if len(body := otlp.encode(piece, signal, encoding)) < 12_000:
                    yield signal, encoding, body


def lines(door: Doorway, signal: Signal, encoding: Encoding) -> bytes:
    head = f"POST /v1/{signal} HTTP/1.1\r\nHost: x\r\nContent-Type: {encoding.value}\r\nx-api-key: {door.key.secret_text}\r\n"
    return head.encode()


def body_of(signal_seeds: list[tuple[Encoding, bytes]], chance: random.Random) -> tuple[Encoding, bytes]:
    encoding, seed = chance.choice(signal_seeds)
    if encoding is Encoding.JSON and chance.random() < 0.5:
        return encoding, mutated_json(seed, chance)
    return encoding, mutated(seed, tuple(body for _, body in signal_seeds), chance)


def packed(body: bytes, chance: random.Random) -> tuple[bytes, bytes]:
    """The body and its Content-Encoding line: plain, gzipped, or gzipped and then damaged."""
    way = chance.random()
    if way < 0.7:
        return body, b""
    body = gzip.compress(body, 1)
    if way > 0.9:
        body = mutated(body, (body,), chance)
    return body, b"Content-Encoding: gzip\r\n"


def check_answer(status: int, head: bytes, body: bytes, encoding: Encoding) -> None:
    """An answer in OTLP's words: allowed status, the request's encoding, a Status body where refused."""
    assert status in ALLOWED, (status, body)
    assert b"content-type: " + encoding.value.encode() in head
    if encoding is Encoding.JSON:
        told = json.loads(body)
        assert told == {} if status == 200 else told["code"] and len(told["message"]) > 20
    else:
        assert (body == b"") if status == 200 else body.startswith(b"\x08")


def check_entry(entry: Entry) -> None:
    """What was accepted can be read, counted and sent on."""
    batch = otlp.decode(entry.body, entry.signal, Encoding.JSON).batch
    assert otlp.count(batch, entry.signal) == entry.items > 0
    otlp.to_message(batch, entry.signal).SerializeToString()
    assert 0 <= entry.oldest_ns <= entry.newest_ns < 2**63


def test_no_body_upsets_the_door(caplog: pytest.LogCaptureFixture) -> None:
    """Over 20,000 mutated bodies: only proper answers, no fault, no log line, no growth of memory, tasks or bytes in hand."""
    chance = random.Random(SEED)
    by_signal: dict[Signal, list[tuple[Encoding, bytes]]] = {signal: [] for signal in Signal}
    for signal, encoding, body in seeds():
        by_signal[signal].append((encoding, body))
    process, baseline, statuses = psutil.Process(), 0, Counter[int]()
    with caplog.at_level(logging.DEBUG, "upwell"), Doorway(rate_per_second=0) as door:
        client = Client(door)
        for number in range(BODIES):
            signal = chance.choice(list(Signal))
            encoding, body = body_of(by_signal[signal], chance)
            sent, extra = packed(body, chance)
            status, head, answer = client.send(lines(door, signal, encoding) + extra, sent)
            check_answer(status, head, answer, encoding)
            statuses[status] += 1
            if number % 500 == 0:
                for entry in door.journal.forget()[:25]:
                    check_entry(entry)
            if number == BODIES // 2:
                gc.collect()
                baseline = process.memory_info().rss
        client.close()
        gc.collect()
        assert process.memory_info().rss - baseline < GROWTH
        assert door.door.watch.faults.count == 0
        assert door.door._ingest.hand.bytes == 0
        assert len(door.call(asyncio.all_tasks)) < 10

    assert caplog.text == ""
    assert statuses[200] > BODIES // 10 < statuses[400]  # both ways out are well used
