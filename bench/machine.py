"""What the figures were taken on, and how noisy it was meanwhile."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

_LOOPS = 3_000_000


def line() -> str:
    """Processor, cores, system, Python, load: one line."""
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}{load}"


class Noise:
    """Times one fixed loop again and again: how far its times lie apart is how far to trust seconds from this run."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def probe(self) -> None:
        start, total = time.perf_counter(), 0
        for number in range(_LOOPS):
            total += number
        self._times.append(time.perf_counter() - start)

    def line(self) -> str:
        low, high = 1e3 * min(self._times), 1e3 * max(self._times)
        return (
            f"noise: the same loop took {low:.0f} to {high:.0f} ms in {len(self._times)} probes of this run ({high / low:.1f} x); "
            "trust ratios within a table before seconds"
        )


def _processor() -> str:
    try:
        names = [each for each in Path("/proc/cpuinfo").read_text().splitlines() if each.startswith("model name")]
    except OSError:
        names = []
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()
