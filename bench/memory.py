"""Memory of processes under test. PSS and its peak are read where Linux tells them; elsewhere resident size stands in."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil


def pss_mb(pid: int) -> float:
    """Proportional set size in MB, read in one go (psutil adds up every mapping in Python)."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    return _kilobytes(text, "Pss:") * 1024 / 1e6


def peak_mb(pid: int) -> float:
    """The most that was ever resident, in MB, since the process began or `forget_peak`."""
    try:
        return _kilobytes(Path(f"/proc/{pid}/status").read_text(), "VmHWM:") * 1024 / 1e6
    except OSError:
        return float(psutil.Process(pid).memory_info().rss) / 1e6


def forget_peak(pid: int) -> None:
    """Let the peak begin anew, where the system can."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def _kilobytes(text: str, name: str) -> float:
    found = next((line for line in text.splitlines() if line.startswith(name)), "0 0")
    return float(found.split()[1])


@contextlib.contextmanager
def beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Some work in a thread while the block runs; its event tells it to end."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass(slots=True)
class Sampler:
    """Asks something once a second in a thread, while a load runs: (seconds since the start, answer) each."""

    ask: Callable[[], dict[str, float]]
    seconds: float = 1.0
    samples: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    def running(self) -> contextlib.AbstractContextManager[None]:
        return beside(self._sample)

    def _sample(self, stop: threading.Event) -> None:
        start = time.monotonic()
        while not stop.wait(self.seconds):
            with contextlib.suppress(OSError, psutil.Error):
                self.samples.append((time.monotonic() - start, self.ask()))

    def most(self, name: str) -> float:
        return max((answer[name] for _, answer in self.samples), default=float("nan"))

    def series(self, name: str, steps: int = 10) -> str:
        """About so many of the samples in order, as a line of figures."""
        every = max(1, len(self.samples) // steps)
        return " ".join(f"{answer[name]:.1f}" for _, answer in self.samples[::every])


def children_in_role(parent: psutil.Process) -> dict[str, psutil.Process]:
    """The gateway and the worker below `upwell serve`."""
    found: dict[str, psutil.Process] = {}
    for child in parent.children():
        words = child.cmdline()
        for role in ("gateway", "worker"):
            if role in words:
                found[role] = child
    return found
