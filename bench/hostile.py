"""What hostile input costs the gateway: the most memory that is ever resident, and whether others are served meanwhile.

One gateway per input, started anew. The peak is the kernel's, so nothing between two looks is missed; beside it stands what the
same gateway takes with nothing to do. A well-behaved client sends one batch before and one after, and both must get 200.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Door:
    """Where to send, and with which key."""

    port: int
    key: str

    def head(self, media_type: str, length: int, *more: str) -> bytes:
        lines = ["POST /v1/logs HTTP/1.1", "host: bench", f"x-api-key: {self.key}", f"content-type: {media_type}", *more]
        return "\r\n".join([*lines, f"content-length: {length}", "", ""]).encode()


def main(*, quick: bool = False) -> None:
    """Print a line per input."""
    print("\npeak memory of the gateway under hostile input")
    print(f"{'':58s} {'idle MB':>8s} {'peak MB':>8s} {'seconds':>8s}  answers")
    for title, attack in _attacks(quick=quick):
        with tempfile.TemporaryDirectory() as name, _gateway(Path(name)) as (door, pid):
            _behave(door, 1)
            idle = pss_mb(pid)
            forget_peak(pid)
            start = time.perf_counter()
            answers = asyncio.run(attack(door))
            seconds = time.perf_counter() - start
            peak = peak_mb(pid)
            _behave(door, 2)
        print(f"{title:58s} {idle:8.0f} {peak:8.0f} {seconds:8.1f}  {', '.join(f'{n} x {what}' for what, n in answers.most_common())}")


def _attacks(*, quick: bool) -> Iterator[tuple[str, Callable[[Door], asyncio.Future[Answers] | object]]]:
    json, protobuf = Encoding.JSON.value, Encoding.PROTOBUF.value
    times = 8 if quick else _AT_ONCE
    empty_json = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + b"{}," * ((_LIMIT - 100) // 3) + b"{}]}]}]}"
    empty_protobuf = _nested_protobuf(b"\x12\x00" * (_LIMIT // 2 - 16))
    deep = b'{"arrayValue":{"values":[' * 10_000 + b"{}" + b"]}}" * 10_000
    deep_json = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + deep + b"}]}]}]}"
    good = next(Bodies(Encoding.JSON, now_ns=time.time_ns(), records=8_000))
    yield "nothing", lambda _: _none()
    yield (
        f"gzip bomb, 1 GB in {len(_bomb()) // 1024} KB, {times} at once",
        lambda door: _many(door, [_bomb()] * times, json, "content-encoding: gzip"),
    )
    yield (
        f"{empty_json.count(b'{}'):,} empty records in {len(empty_json) / 2**20:.0f} MiB JSON, 1",
        lambda door: _many(door, [empty_json], json),
    )
    yield f"the same, {times} at once", lambda door: _many(door, [empty_json] * times, json)
    yield (
        f"{_LIMIT // 2:,} empty records in {len(empty_protobuf) / 2**20:.0f} MiB protobuf, 1",
        lambda door: _many(door, [empty_protobuf], protobuf),
    )
    yield f"the same, {times} at once", lambda door: _many(door, [empty_protobuf] * times, protobuf)
    yield (
        f"the JSON ones as gzip of {len(gzip.compress(empty_json)) // 1024} KB, {times} at once",
        lambda door: _many(door, [gzip.compress(empty_json)] * times, json, "content-encoding: gzip"),
    )
    yield "10,000 levels deep, JSON, 32 at once", lambda door: _many(door, [deep_json] * 32, json)
    yield "10,000 levels deep, protobuf, 32 at once", lambda door: _many(door, [_deep_protobuf(10_000)] * 32, protobuf)
    yield f"honest {len(good) / 2**20:.0f} MiB bodies, {times} at once", lambda door: _many(door, _distinct(good, times), json)
    yield f"{_HEADER_MB} MB of headers on one connection", _endless_headers
    yield f"{_SOCKETS:,} connections that say nothing", lambda door: _idlers(door, b"")
    yield (
        f"{_SOCKETS:,} connections with half a head",
        lambda door: _idlers(door, b"POST /v1/logs HTTP/1.1\r\nhost: bench\r\nx-filler: " + b"x" * 30_000),
    )


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


def _behave(door: Door, number: int) -> None:
    """One ordinary batch; a gateway that does not take it has not survived."""
    body = next(Bodies(Encoding.JSON, now_ns=time.time_ns(), start=number))
    answers = asyncio.run(_many(door, [body], Encoding.JSON.value))
    if answers != Counter({"200": 1}):
        raise SystemExit(f"an ordinary batch got {dict(answers)}")


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


def _nested_protobuf(records: bytes) -> bytes:
    """`records` as the log records of one scope of one resource."""
    return _length_delimited(b"\x0a", _length_delimited(b"\x12", records))


def _deep_protobuf(levels: int) -> bytes:
    value = b""
    for _ in range(levels):
        value = _length_delimited(b"\x2a", _length_delimited(b"\x0a", value))  # an array value with one value
    return _nested_protobuf(_length_delimited(b"\x12", _length_delimited(b"\x2a", value)))  # as the body of one record


def _distinct(body: bytes, times: int) -> list[bytes]:
    """The same body with its marks changed: a retry would be answered without being stored."""
    return [body.replace(b'"%016d-' % 1, b'"%016d-' % (number + 2)) for number in range(times)]


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
    _behave_meanwhile = await _one(door, next(Bodies(Encoding.JSON, now_ns=time.time_ns(), start=77)), Encoding.JSON.value)
    for _, writer in held:
        writer.close()
    return Counter({"held": open_now, f"{_behave_meanwhile} for an ordinary batch meanwhile": 1})


def _status(line: bytes) -> str:
    return line[9:12].decode("ascii", "replace") or "cut"


if __name__ == "__main__":
    main()
