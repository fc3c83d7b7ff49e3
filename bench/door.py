"""The door: requests accepted and fsynced per second, beside the bare server and a raw fsync loop in the same run.

First as many as the connections carry, which gives the ratio to the bare server; then a fixed rate in an open loop, which gives
honest latencies. To reach: 0.30 of bare for JSON and 0.12 for protobuf at 64 and 256 connections, 0.20 for JSON at one; p99 25 ms.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import load, processes
from bench.bodies import Bodies
from upwell.identity import Keys
from upwell.otlp import Encoding

_WARM_UP = 0.5
_RATE = 1_000.0


@dataclass(frozen=True, slots=True)
class Lengths:
    """Rounds and seconds of each measurement."""

    rounds: int = 3
    seconds: float = 3.0
    steady: float = 20.0


_QUICK = Lengths(1, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    process: psutil.Process
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Measured:
    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    memory_mb: float
    refused: int


def measure(server: Server, encoding: Encoding, connections: int, start: int, seconds: float) -> Measured:
    """As many requests as so many connections carry."""
    bodies = Bodies(encoding, now_ns=time.time_ns(), start=start)
    options = {"headers": server.headers, "connections": connections}
    load.closed_loop("127.0.0.1", server.port, bodies, "/v1/logs", encoding.value, seconds=_WARM_UP, **options)  # type: ignore[arg-type]
    before = processes.cpu_seconds(server.process)
    result = load.closed_loop("127.0.0.1", server.port, bodies, "/v1/logs", encoding.value, seconds=seconds, **options)  # type: ignore[arg-type]
    used = processes.cpu_seconds(server.process) - before
    return _measured(server, result, used)


def measure_steady(server: Server, encoding: Encoding, start: int, seconds: float) -> Measured:
    """A fixed rate, each latency counted from when its request was due."""
    bodies = Bodies(encoding, now_ns=time.time_ns(), start=start)
    before = processes.cpu_seconds(server.process)
    result = load.open_loop(
        "127.0.0.1", server.port, bodies, "/v1/logs", encoding.value,
        headers=server.headers, connections=64, seconds=seconds, rate=_RATE,
    )  # fmt: skip
    return _measured(server, result, processes.cpu_seconds(server.process) - before)


def _measured(server: Server, result: load.Result, used: float) -> Measured:
    answered = sum(result.statuses.values())
    return Measured(
        result.per_second,
        1e6 * used / max(1, answered),
        1e3 * result.quantile(0.5),
        1e3 * result.quantile(0.99),
        processes.memory_mb(server.process),
        answered - result.statuses.get(200, 0),
    )


def fsyncs_per_second(folder: Path, seconds: float = 2.0) -> float:
    """A raw sequential loop: append 4 KB, fdatasync, again."""
    block = os.urandom(4096)
    sync = getattr(os, "fdatasync", os.fsync)
    descriptor = os.open(folder / "fsync", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        count, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            os.write(descriptor, block)
            sync(descriptor)
            count += 1
        return count / (time.perf_counter() - start)
    finally:
        os.close(descriptor)


def main(*, quick: bool = False) -> None:
    """Print the tables."""
    lengths = _QUICK if quick else Lengths()
    with processes.pinned(processes.LOAD_CORE):
        _measure_all(lengths)


def _measure_all(lengths: Lengths) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data_dir = folder / "data"
        data_dir.mkdir(mode=0o700)
        key = Keys(data_dir / "keys.db").add(person="bench@example.com", team="bench", expires_ns=None).secret_text
        bare_port, door_port = processes.free_port(), processes.free_port()
        (folder / "upwell.toml").write_text(
            f'data_dir = "{data_dir}"\n[gateway]\nlisten = "127.0.0.1:{door_port}"\nrate_per_second = 0\n[journal]\nreserve = 0\n'
        )
        print(f"\nraw fdatasync of 4 KB, one after another: {fsyncs_per_second(folder):.0f} a second")
        core = processes.SERVER_CORE
        bare_arguments = ["-m", "bench.bare", "--port", str(bare_port)]
        door_arguments = ["-m", "upwell", "gateway", "--config", str(folder / "upwell.toml")]
        with (
            processes.running(bare_arguments, bare_port, core=core) as bare,
            processes.running(door_arguments, door_port, core=core, quiet=True) as door,
        ):
            _table(Server("bare", bare_port, bare, {}), Server("upwell", door_port, door, {"x-api-key": key}), lengths)


def _table(bare: Server, door: Server, lengths: Lengths) -> None:
    print(f"{'':24s} {'requests/s':>11s} {'of bare':>8s} {'range':>13s} {'CPU us':>7s} {'p50 ms':>7s} {'p99 ms':>7s} {'MB':>5s} not 200")
    start = 0
    for encoding in Encoding:
        for connections in (1, 64, 256):
            rounds: list[tuple[Measured, Measured]] = []
            for _ in range(lengths.rounds):  # side by side, so that both meet the same noise
                start += 10_000_000
                bare_one = measure(bare, encoding, connections, start, lengths.seconds)
                rounds.append((bare_one, measure(door, encoding, connections, start, lengths.seconds)))
            ratios = sorted(mine.per_second / theirs.per_second for theirs, mine in rounds)
            label = f"{encoding.name.lower()} {connections:3d}"
            _row(f"{label} bare", [theirs for theirs, _ in rounds], "")
            _row(f"{label} upwell", [mine for _, mine in rounds], f"{statistics.median(ratios):8.2f} {ratios[0]:6.2f}-{ratios[-1]:.2f}")
    for encoding in Encoding:
        start += 10_000_000
        _row(f"{encoding.name.lower()} {_RATE:,.0f}/s, open", [measure_steady(door, encoding, start, lengths.steady)], "")


def _row(label: str, rounds: list[Measured], ratio: str) -> None:
    def middle(name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in rounds))

    print(
        f"{label:24s} {middle('per_second'):11.0f} {ratio or '':>22s} {middle('cpu_us'):7.0f} {middle('p50_ms'):7.2f} "
        f"{middle('p99_ms'):7.2f} {max(one.memory_mb for one in rounds):5.0f} {sum(one.refused for one in rounds)}"
    )


if __name__ == "__main__":
    main()
