"""The door: requests accepted and fsynced per second, beside the bare server and a raw fsync loop in the same run."""

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

_ROUNDS, _SECONDS, _WARM_UP = 3, 3.0, 0.5


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


def measure(server: Server, encoding: Encoding, connections: int, start: int) -> Measured:
    bodies = Bodies(encoding, now_ns=time.time_ns(), start=start)
    options = {"headers": server.headers, "connections": connections}
    load.closed_loop("127.0.0.1", server.port, bodies, "/v1/logs", encoding.value, seconds=_WARM_UP, **options)  # type: ignore[arg-type]
    before = processes.cpu_seconds(server.process)
    result = load.closed_loop("127.0.0.1", server.port, bodies, "/v1/logs", encoding.value, seconds=_SECONDS, **options)  # type: ignore[arg-type]
    used = processes.cpu_seconds(server.process) - before
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


def main() -> None:
    """Print the table."""
    processes.pin(processes.LOAD_CORE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data_dir = folder / "data"
        data_dir.mkdir(mode=0o700)
        key = Keys(data_dir / "keys.db").add(person="bench@example.com", team="bench", expires_ns=None).secret_text
        bare_port, door_port = processes.free_port(), processes.free_port()
        (folder / "upwell.toml").write_text(
            f'data_dir = "{data_dir}"\n[gateway]\nlisten = "127.0.0.1:{door_port}"\nrate_per_second = 0\n[journal]\nreserve = 0\n'
        )
        print(f"raw fdatasync of 4 KB, one after another: {fsyncs_per_second(folder):.0f} a second")
        core = processes.SERVER_CORE
        bare_arguments = ["-m", "bench.bare", "--port", str(bare_port)]
        door_arguments = ["-m", "upwell", "gateway", "--config", str(folder / "upwell.toml")]
        with (
            processes.running(bare_arguments, bare_port, core=core) as bare,
            processes.running(door_arguments, door_port, core=core) as door,
        ):
            _table(Server("bare", bare_port, bare, {}), Server("upwell", door_port, door, {"x-api-key": key}))


def _table(bare: Server, door: Server) -> None:
    print(f"{'':24s} {'requests/s':>11s} {'of bare':>8s} {'range':>13s} {'CPU us':>7s} {'p50 ms':>7s} {'p99 ms':>7s} {'MB':>5s} not 200")
    start = 0
    for encoding in Encoding:
        for connections in (1, 64, 256):
            rounds: list[tuple[Measured, Measured]] = []
            for _ in range(_ROUNDS):  # side by side, so that both meet the same noise
                start += 10_000_000
                rounds.append((measure(bare, encoding, connections, start), measure(door, encoding, connections, start)))
            ratios = sorted(mine.per_second / theirs.per_second for theirs, mine in rounds)
            label = f"{encoding.name.lower()} {connections:3d}"
            _row(f"{label} bare", [theirs for theirs, _ in rounds], "")
            _row(f"{label} upwell", [mine for _, mine in rounds], f"{statistics.median(ratios):8.2f} {ratios[0]:6.2f}-{ratios[-1]:.2f}")


def _row(label: str, rounds: list[Measured], ratio: str) -> None:
    def middle(name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in rounds))

    print(
        f"{label:24s} {middle('per_second'):11.0f} {ratio or '':>22s} {middle('cpu_us'):7.0f} {middle('p50_ms'):7.2f} "
        f"{middle('p99_ms'):7.2f} {max(one.memory_mb for one in rounds):5.0f} {sum(one.refused for one in rounds)}"
    )


if __name__ == "__main__":
    main()
