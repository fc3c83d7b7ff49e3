"""The usage store: how fast a worker brings a journal into it, and how soon what is accepted is seen in reports.

The backlog is what real agents sent, over and over, with new times and ids; the worker is a process of its own with no sinks. Then
`upwell serve` takes a steady stream, while a report is asked all the time. To reach: 20,000 items a second, the worker's
memory at most 300 MB beside the store's limit, reports 2 s behind at most and answered meanwhile.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from bench import agents, backlog, load, processes
from bench.bodies import Bodies
from bench.memory import beside, children_in_role, peak_mb
from bench.relay import fetched
from upwell.config import Store
from upwell.errors import UpwellError
from upwell.identity import Keys
from upwell.otlp import Encoding
from upwell.service import client

RATE = 200.0
_MIXES: dict[str, tuple[str, ...]] = {"Claude Code": ("claude",), "Copilot CLI": ("copilot",), "all agents": ()}
_PENDING = re.compile(r'^upwell_lane_pending_items\{sink="usage",signal="\w+"\} (\S+)$', re.MULTILINE)
_TAKEN = re.compile(r'^upwell_received_items_total\{signal="logs"\} (\S+)$', re.MULTILINE)
_RECORDS = 4


def main(*, quick: bool = False) -> None:
    """Print both parts."""
    items = 20_000 if quick else 150_000
    print(f"\nusage: a journal of {items:,} items into the store; memory limit of the store {Store().memory_limit // 10**6} MB")
    print(f"{'':14s} {'items/s':>8s} {'rows/s':>8s} {'CPU us/item':>12s} {'rows':>8s} {'worker MB at most':>18s}")
    for name, who in _MIXES.items():
        drain(name, who, items)
    visible(8.0 if quick else 30.0)


def drain(name: str, who: tuple[str, ...], items: int) -> None:
    """A worker alone with a backlog, from its first answer until nothing waits."""
    with _place() as (folder, config, _, console):
        backlog.fill(folder / "data", agents.bodies(agents.recorded(*who), items))
        with processes.running(["-m", "upwell", "worker", "--config", str(config)], console, quiet=True) as worker:
            processes.wait_until_answered(console, "/healthz")
            begun, before, there = time.perf_counter(), processes.cpu_seconds(worker), _waiting(console)
            while _waiting(console):
                time.sleep(0.25)
            took, used = time.perf_counter() - begun, processes.cpu_seconds(worker) - before
            found = client.call(folder / "data", "usage_status", {})
            rows = found["events"] + found["points"]
            share = there / items if there < items else 1.0
            speed = f"{there / took:8,.0f} {rows * share / took:8,.0f} {1e6 * used / max(1, there):12.1f}"
            print(f"{name:14s} {speed} {rows:8,d} {peak_mb(worker.pid):18.0f}", flush=True)


def visible(seconds: float) -> None:
    """How far reports are behind a steady stream of batches, and how long they take meanwhile."""
    with _place() as (folder, config, door, console):
        (folder / "data").mkdir(mode=0o700, exist_ok=True)
        key = Keys(folder / "data" / "keys.db").add(person="bench@example.com", team="bench", expires_ns=None).secret_text
        with processes.running(["-m", "upwell", "serve", "--config", str(config)], door, quiet=True) as serve:
            processes.wait_until_answered(console, "/readyz")
            watch, worker = _Watch(folder / "data", door), children_in_role(serve)["worker"]
            before = processes.cpu_seconds(worker)
            with watch.running():
                bodies = Bodies(Encoding.JSON, now_ns=time.time_ns())
                result = load.open_loop(
                    "127.0.0.1", door, bodies, "/v1/logs", Encoding.JSON.value,
                    headers={"x-api-key": key}, connections=16, seconds=seconds, rate=RATE,
                )  # fmt: skip
            used = processes.cpu_seconds(worker) - before
            _print_visible(watch, result, f"{used:.1f} s of CPU in {seconds:.0f} s, {peak_mb(worker.pid):.0f} MB at most")


def _print_visible(watch: _Watch, result: load.Result, worker: str) -> None:
    behind, took = sorted(watch.behind()), sorted(watch.took)
    if not behind:
        raise SystemExit("no report was answered")
    accepted = result.statuses.get(200, 0)
    print(f"\nusage: {RATE:.0f} batches of {_RECORDS} records a second, {accepted:,} accepted; overview asked {len(took)} times meanwhile")
    print(f"  behind: median {statistics.median(behind):.2f} s, at most {behind[-1]:.2f} s")
    print(f"  answered in: median {1e3 * statistics.median(took):.0f} ms, at most {1e3 * took[-1]:.0f} ms")
    print(f"  worker: {worker}")


class _Watch:
    """Asks for the overview all the time: when, how long that took, how many requests it knew of, and how many the door had taken."""

    def __init__(self, directory: Path, door: int) -> None:
        self._directory = directory
        self._door = door
        self._taken: list[tuple[float, int]] = []
        self._seen: list[tuple[float, int]] = []
        self.took: list[float] = []

    def running(self) -> AbstractContextManager[None]:
        return beside(self._ask)

    def behind(self) -> list[float]:
        """Seconds between a look and the moment at which the door had taken more than it showed; what ran empty before counts too."""
        return [max(0.0, at - next((then for then, taken in self._taken if taken > seen), at)) for at, seen in self._seen]

    def _ask(self, stop: threading.Event) -> None:
        while not stop.wait(0.1):
            with suppress(OSError, UpwellError):
                taken = _TAKEN.findall(fetched(self._door, "/metrics").decode())
                asked = time.perf_counter()
                self._taken.append((asked, int(sum(map(float, taken)))))
                found: dict[str, Any] = client.call(self._directory, "report", {"name": "overview"})
                self.took.append(time.perf_counter() - asked)
                self._seen.append((asked, sum(int(row["api_requests"] or 0) for row in found["rows"])))


def _waiting(console: int) -> int:
    return int(sum(float(found) for found in _PENDING.findall(fetched(console, "/metrics").decode())))


@contextmanager
def _place() -> Iterator[tuple[Path, Path, int, int]]:
    """A folder, settings in it without sinks, and the ports of door and console."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir(mode=0o700)
        door, console = processes.free_port(), processes.free_port()
        config = folder / "upwell.toml"
        config.write_text(
            f'data_dir = "{folder / "data"}"\n[gateway]\nlisten = "127.0.0.1:{door}"\nrate_per_second = 0\n'
            f'[console]\nlisten = "127.0.0.1:{console}"\n[journal]\nreserve = 0\n'
        )
        yield folder, config, door, console


if __name__ == "__main__":
    main()
