"""What hostile input costs the gateway: the most memory that is ever resident, and whether others are served meanwhile.

One gateway per input, started anew. The peak is the kernel's, so nothing between two looks is missed; beside it stands what the
same gateway takes with nothing to do. A well-behaved client sends a batch every 50 ms all the while: `slowest` is the longest that
one of them took. It shares its process with the attacker, so for large bodies it shows a little more than the gateway's part.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import processes
from bench.bodies import Bodies
from bench.memory import forget_peak, peak_mb, pss_mb
from upwell.identity import Keys
from upwell.otlp import Encoding

_LIMIT = 10 * 2**20  # gateway.max_body_bytes
_HEADER_MB = 40
_SOCKETS = 1_000
_AT_ONCE = 32
_PATIENCE_SECONDS = 60.0

Answers = Counter[str]
Attack = Callable[["Door"], Coroutine[Any, Any, Answers]]


@dataclass(frozen=True, slots=True)
class Door:
    """Where to send, and with which key."""

    port: int
    key: str

    def head(self, media_type: str, length: int, *more: str) -> bytes:
        lines = ["POST /v1/logs HTTP/1.1", "host: bench", f"x-api-key: {self.key}", f"content-type: {media_type}", *more]
        return "\r\n".join([*lines, f"content-length: {length}", "", ""]).encode()


@dataclass(slots=True)
class Bystander:
    """The well-behaved client."""

    slowest: float = 0.0
    answers: Answers = field(default_factory=Counter)

    async def send(self, door: Door) -> None:
        """Until cancelled."""
        for body in Bodies(Encoding.JSON, now_ns=time.time_ns(), start=10**9):
            start = time.perf_counter()
            self.answers[await _one(door, body, Encoding.JSON.value)] += 1
            self.slowest = max(self.slowest, time.perf_counter() - start)
            await asyncio.sleep(0.05)


def main(*, quick: bool = False) -> None:
    """Print a line per input."""
    print("\npeak memory of the gateway under hostile input")
    print(f"{'':58s} {'idle MB':>8s} {'peak MB':>8s} {'slowest s':>10s}  answers; to others")
    for title, attack in _attacks(quick=quick):
        with tempfile.TemporaryDirectory() as name, _gateway(Path(name)) as (door, pid):
            asyncio.run(_one(door, next(Bodies(Encoding.JSON, now_ns=time.time_ns())), Encoding.JSON.value))
            idle = pss_mb(pid)
            forget_peak(pid)
            bystander = Bystander()
            answers = asyncio.run(_meanwhile(door, attack, bystander))
            print(
                f"{title:58s} {idle:8.0f} {peak_mb(pid):8.0f} {bystander.slowest:10.2f}  {_listed(answers)}; {_listed(bystander.answers)}"
            )


async def _meanwhile(door: Door, attack: Attack, bystander: Bystander) -> Answers:
    standing_by = asyncio.create_task(bystander.send(door))
    await asyncio.sleep(0.5)
    answers = await attack(door)
    await asyncio.sleep(0.5)
    standing_by.cancel()
    await asyncio.gather(standing_by, return_exceptions=True)
    return answers


def _listed(answers: Answers) -> str:
    return ", ".join(f"{number} x {what}" for what, number in answers.most_common()) or "none"


def _attacks(*, quick: bool) -> Iterator[tuple[str, Attack]]:
    json, protobuf, packed = Encoding.JSON.value, Encoding.PROTOBUF.value, "content-encoding: gzip"
    times = 8 if quick else _AT_ONCE

    def sent(bodies: list[bytes], media_type: str, *headers: str) -> Attack:
        return lambda door: _many(door, bodies, media_type, *headers)

    yield "nothing", lambda _: _none()
    bomb = _bomb()
    yield f"gzip bomb, 1 GB in {len(bomb) // 1024} KB, {times} at once", sent([bomb] * times, json, packed)
    empty = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b"{}," * ((_LIMIT - 100) // 3) + b"{}]}]}]}"
    yield f"{empty.count(b'{}'):,} empty records in 10 MiB JSON", sent([empty], json)
    yield f"the same, {times} at once", sent([empty] * times, json)
    bomb = gzip.compress(empty)
    yield f"the same as gzip of {len(bomb) // 1024} KB, {times} at once", sent([bomb] * times, json, packed)
    empty = _records_protobuf(b"\x12\x00" * (_LIMIT // 2 - 16))
    yield f"{_LIMIT // 2:,} empty records in 10 MiB protobuf", sent([empty], protobuf)
    yield f"the same, {times} at once", sent([empty] * times, protobuf)
    bomb = gzip.compress(empty)
    yield f"the same as gzip of {len(bomb) // 1024} KB, {times} at once", sent([bomb] * times, protobuf, packed)
    deep = b'{"arrayValue":{"values":[' * 10_000 + b"{}" + b"]}}" * 10_000
    deep = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + deep + b"}]}]}]}"
    yield "10,000 levels deep, JSON, 32 at once", sent([deep] * 32, json)
    yield "10,000 levels deep, protobuf, 32 at once", sent([_deep_protobuf(10_000)] * 32, protobuf)
    honest = next(Bodies(Encoding.JSON, now_ns=time.time_ns(), records=8_000))
    yield f"honest {len(honest) / 2**20:.0f} MiB bodies, JSON, {times} at once", sent(_distinct(honest, times), json)
    honest = next(Bodies(Encoding.PROTOBUF, now_ns=time.time_ns(), records=20_000))
    yield f"honest {len(honest) / 2**20:.0f} MiB bodies, protobuf, {times} at once", sent(_distinct(honest, times), protobuf)
    yield f"{_HEADER_MB} MB of headers on one connection", _endless_headers
    yield f"{_SOCKETS:,} connections that say nothing", lambda door: _idlers(door, b"")
    half = b"POST /v1/logs HTTP/1.1\r\nhost: bench\r\nx-filler: " + b"x" * 30_000
    yield f"{_SOCKETS:,} connections with half a head of 30 KB", lambda door: _idlers(door, half)


@contextlib.contextmanager
def _gateway(folder: Path) -> Iterator[tuple[Door, int]]:
    port = processes.free_port()
    data_dir = folder / "data"
    data_dir.mkdir(mode=0o700)
    key = Keys(data_dir / "keys.db").add(person="bench@example.com", team="bench", expires_ns=None).secret_text
    config = folder / "upwell.toml"
    config.write_text(f'data_dir = "{data_dir}"\n[gateway]\nlisten = "127.0.0.1:{port}"\nrate_per_second = 0\n[journal]\nreserve = 0\n')
    with processes.running(["-m", "upwell", "gateway", "--config", str(config)], port, quiet=True) as process:
        processes.wait_until_answered(port, "/readyz")
        yield Door(port, key), process.pid


def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 2**20
    return b"".join(packer.compress(block) for _ in range(1024)) + packer.flush()


def _length_delimited(tag: bytes, content: bytes) -> bytes:
    length, size = bytearray(), len(content)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return tag + bytes(length) + content


def _records_protobuf(records: bytes) -> bytes:
    """`records` as the log records of one scope of one resource."""
    return _length_delimited(b"\x0a", _length_delimited(b"\x12", records))


def _deep_protobuf(levels: int) -> bytes:
    value = b""
    for _ in range(levels):
        value = _length_delimited(b"\x2a", _length_delimited(b"\x0a", value))  # an array value with one value
    return _records_protobuf(_length_delimited(b"\x12", _length_delimited(b"\x2a", value)))  # as the body of one record


def _distinct(body: bytes, times: int) -> list[bytes]:
    """The same body with its marks changed: a retry would be answered without being stored."""
    return [body.replace(b"%016d" % 1, b"%016d" % (number + 2)) for number in range(times)]


async def _none() -> Answers:
    await asyncio.sleep(1)
    return Counter()


async def _many(door: Door, bodies: list[bytes], media_type: str, *headers: str) -> Answers:
    """All bodies at once, a connection each."""
    return Counter(await asyncio.gather(*(_one(door, body, media_type, *headers) for body in bodies)))


async def _one(door: Door, body: bytes, media_type: str, *headers: str) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            try:
                writer.write(door.head(media_type, len(body), *headers))
                writer.write(body)
                return _status(await reader.readline())
            finally:
                writer.close()
    except TimeoutError:
        return "no answer"
    except OSError:
        return "cut"


async def _endless_headers(door: Door) -> Answers:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    line = b"x-filler: " + b"x" * 1000 + b"\r\n"
    try:
        writer.write(b"POST /v1/logs HTTP/1.1\r\nhost: bench\r\n")
        for _ in range(_HEADER_MB * 1000):
            writer.write(line)
            await writer.drain()
    except OSError:
        pass
    with contextlib.suppress(OSError):
        return Counter([_status(await reader.readline())])
    return Counter(["cut"])


async def _idlers(door: Door, begun: bytes) -> Answers:
    """Connections that hold on for two seconds; how many were still open then."""
    opened = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", door.port) for _ in range(_SOCKETS)), return_exceptions=True)
    held = [pair for pair in opened if isinstance(pair, tuple)]
    for _, writer in held:
        writer.write(begun)
    await asyncio.sleep(2)
    open_now = sum(not reader.at_eof() for reader, _ in held)
    for _, writer in held:
        writer.close()
    return Counter({"held": open_now})


def _status(line: bytes) -> str:
    return line[9:12].decode("ascii", "replace") or "cut"


if __name__ == "__main__":
    main()
