"""From door to sinks: `upwell serve` with two sinks at a steady rate, then how fast a backlog drains.

At the steady rate both sinks are the shipped fakes, and five processes share the machine: CPU seconds say who took what. The drain
asks what the worker can do, so there both sinks are receivers that only count. To reach: p99 at most 25 ms at the door, gateway
150 MB and worker 250 MB, lag at most 5 s, a drain three times the rate, one upstream request per 50 batches.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import load, processes
from bench.bodies import Bodies
from bench.memory import Sampler, children_in_role, pss_mb
from bench.receiver import COUNTS
from upwell.identity import Keys
from upwell.otlp import Encoding
from upwell.testing.cloudwatch.fake import DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY

RATE = 1_000.0
_CONNECTIONS = 64
_SMALL, _LARGE = "us-west-1", "us-west-2"  # Regions that take 1 MB and 20 MB of logs in a request
_LAG = re.compile(r'^upwell_lane_lag_seconds\{sink="(\w+)",signal="logs"\} (\S+)$', re.MULTILINE)
_PENDING = re.compile(r'^upwell_lane_pending_batches\{sink="(\w+)",signal="logs"\} (\S+)$', re.MULTILINE)
_SINKS = ("cloudwatch", "otlp")


@dataclass(frozen=True, slots=True)
class World:
    """Two fakes, and a folder with settings that send to them."""

    config: Path
    key: str
    door: int
    console: int
    fakes: dict[str, tuple[int, psutil.Process]]

    def delivered(self) -> dict[str, tuple[int, int]]:
        """Per sink: requests and items of logs that it took."""
        counts = {name: json.loads(fetched(port, COUNTS))["logs"] for name, (port, _) in self.fakes.items()}
        return {name: (count["requests"], count["items"]) for name, count in counts.items()}

    def cpu(self) -> dict[str, float]:
        return {f"fake {name}": processes.cpu_seconds(process) for name, (_, process) in self.fakes.items()}


def main(*, quick: bool = False) -> None:
    """Print both parts."""
    with _world(_SMALL) as world:
        steady(world, 20.0 if not quick else 8.0)
    for region in (_SMALL, _LARGE):
        with _world(region, counting=True) as world:
            drain(world, region, 60_000 if not quick else 15_000)


def steady(world: World, seconds: float) -> None:
    """A fixed rate, whether or not the answers keep up."""
    with processes.running(["-m", "upwell", "serve", "--config", str(world.config)], world.door, quiet=True) as serve:
        processes.wait_until_answered(world.console, "/readyz")
        roles = children_in_role(serve)
        bodies = Bodies(Encoding.JSON, now_ns=time.time_ns())
        _open_loop(world, bodies, 2.0, RATE)
        before, at_sinks = _cpu(world, roles), world.delivered()
        sampler = Sampler(lambda: _figures(world, roles))
        with sampler.running():
            result = _open_loop(world, bodies, seconds, RATE)
        used = {name: spent - before[name] for name, spent in _cpu(world, roles).items()}
        time.sleep(3)
        _print_steady(bodies, result, sampler, used, seconds)
        _print_upstream(at_sinks, world.delivered())


def drain(world: World, region: str, batches: int) -> None:
    """Fill the journal with no worker running; then start one, and time it until both sinks have it all."""
    bodies = Bodies(Encoding.JSON, now_ns=time.time_ns(), start=500_000_000)
    with processes.running(["-m", "upwell", "gateway", "--config", str(world.config)], world.door, quiet=True):
        accepted = 0
        while accepted < batches:
            accepted += _closed_loop(world, bodies, 2.0).statuses.get(200, 0)
    wanted = 4 * accepted
    with processes.running(["-m", "upwell", "worker", "--config", str(world.config)], world.console, quiet=True) as worker:
        begun, at_start = time.perf_counter(), min(items for _, items in world.delivered().values())
        cpu = processes.cpu_seconds(worker)
        sampler = Sampler(lambda: {"worker": pss_mb(worker.pid)}, 0.5)
        with sampler.running():
            ends = _wait_for(world, wanted, begun)
        cpu = processes.cpu_seconds(worker) - cpu
    rate = (accepted - at_start / 4) / max(ends.values())
    print(f"\ndrain: {accepted:,} batches of a stopped worker, two sinks, limits of {region}")
    print(f"  {rate:,.0f} batches/s until the slower sink had all; to reach: {3 * RATE:,.0f}")
    for name, seconds in ends.items():
        requests, items = world.delivered()[name]
        print(f"  {name:10s} done after {seconds:5.1f} s, {requests:,} requests, {items / 4 / requests:,.0f} batches each")
    cores, each = cpu / max(ends.values()), 1e6 * cpu / accepted
    print(f"  worker: {cores:.2f} of a core, {each:,.0f} CPU us per batch, {sampler.most('worker'):.0f} MB")


def _wait_for(world: World, items: int, begun: float) -> dict[str, float]:
    ends: dict[str, float] = {}
    while len(ends) < len(_SINKS):
        for name, (_, got) in world.delivered().items():
            if got >= items and name not in ends:
                ends[name] = time.perf_counter() - begun
        if time.perf_counter() - begun > 300:
            raise SystemExit(f"not drained after 300 s: {world.delivered()}")
        time.sleep(0.05)
    return ends


@contextmanager
def _world(region: str, *, counting: bool = False) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        door, console = processes.free_port(), processes.free_port()
        ports = {sink: processes.free_port() for sink in _SINKS}
        cloudwatch = ["-m", "upwell.testing.cloudwatch", "--region", region, "--keep", "counts"]
        commands = {"cloudwatch": ["-m", "bench.receiver"] if counting else cloudwatch, "otlp": ["-m", "bench.receiver"]}
        fakes = {
            sink: (port, running.enter_context(processes.running([*commands[sink], "--port", str(port)], port)))
            for sink, port in ports.items()
        }
        config = folder / "upwell.toml"
        config.write_text(_settings(folder / "data", region, door, console, ports))
        (folder / "data").mkdir(mode=0o700)
        key = Keys(folder / "data" / "keys.db").add(person="bench@example.com", team="bench", expires_ns=None).secret_text
        running.enter_context(
            processes.environment(
                AWS_ACCESS_KEY_ID=DEFAULT_ACCESS_KEY,
                AWS_SECRET_ACCESS_KEY=DEFAULT_SECRET_KEY,
                AWS_EC2_METADATA_DISABLED="true",
                NO_PROXY="127.0.0.1",
            )
        )
        yield World(config, key, door, console, fakes)


def _settings(data_dir: Path, region: str, door: int, console: int, ports: dict[str, int]) -> str:
    return f"""
data_dir = "{data_dir}"
[gateway]
listen = "127.0.0.1:{door}"
rate_per_second = 0
[console]
listen = "127.0.0.1:{console}"
[journal]
reserve = 0
[[sinks]]
type = "cloudwatch"
region = "{region}"
endpoint_url = "http://127.0.0.1:{ports["cloudwatch"]}"
[[sinks]]
type = "otlp"
endpoint = "http://127.0.0.1:{ports["otlp"]}"
"""


def _open_loop(world: World, bodies: Bodies, seconds: float, rate: float) -> load.Result:
    return load.open_loop(
        "127.0.0.1", world.door, bodies, "/v1/logs", bodies.encoding.value,
        headers={"x-api-key": world.key}, connections=_CONNECTIONS, seconds=seconds, rate=rate,
    )  # fmt: skip


def _closed_loop(world: World, bodies: Bodies, seconds: float) -> load.Result:
    return load.closed_loop(
        "127.0.0.1", world.door, bodies, "/v1/logs", bodies.encoding.value,
        headers={"x-api-key": world.key}, connections=_CONNECTIONS, seconds=seconds,
    )  # fmt: skip


def _figures(world: World, roles: dict[str, psutil.Process]) -> dict[str, float]:
    page = fetched(world.console, "/metrics").decode()
    lags = {f"lag {name}": float(value) for name, value in _LAG.findall(page)}
    pending = {f"pending {name}": float(value) for name, value in _PENDING.findall(page)}
    return {**{role: pss_mb(process.pid) for role, process in roles.items()}, **lags, **pending}


def _cpu(world: World, roles: dict[str, psutil.Process]) -> dict[str, float]:
    mine = psutil.Process()
    return {**{role: processes.cpu_seconds(process) for role, process in roles.items()}, **world.cpu(), "load": processes.cpu_seconds(mine)}


def _print_steady(bodies: Bodies, result: load.Result, sampler: Sampler, used: dict[str, float], seconds: float) -> None:
    answered = sum(result.statuses.values())
    print(f"\nsteady: {RATE:,.0f} requests/s of {bodies.size:,} bytes JSON for {seconds:.0f} s, open loop, two sinks")
    print(f"  answered {answered:,} of {int(RATE * seconds):,}, by status {result.statuses}")
    p50, p99, most = (1e3 * result.quantile(share) for share in (0.5, 0.99, 1.0))
    print(f"  door: p50 {p50:.1f} ms, p99 {p99:.1f} ms (to reach: 25), slowest {most:.0f} ms")
    print(f"  memory: gateway {sampler.most('gateway'):.0f} MB (to reach: 150), worker {sampler.most('worker'):.0f} MB (250)")
    for name in _SINKS:
        print(f"  lag of {name}: most {sampler.most(f'lag {name}'):.1f} s (to reach: 5); over time {sampler.series(f'lag {name}')}")
    print("  cores used: " + ", ".join(f"{name} {spent / seconds:.2f}" for name, spent in used.items()))


def _print_upstream(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> None:
    for name in _SINKS:
        requests, items = (late - early for late, early in zip(after[name], before[name], strict=True))
        print(f"  {name}: {requests:,} requests for {items / 4:,.0f} batches, {items / 4 / max(1, requests):.0f} each (to reach: 50)")


def fetched(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        body: bytes = answer.read()
        return body


if __name__ == "__main__":
    main()
