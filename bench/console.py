"""Each page of the console at ten million events: the server's time when nobody has asked before, and what a browser sees of it.

The server's time is of the first request for a page in this worker's life, each over another period, so that no answer is shared.
With a Chromium on the PATH: first contentful paint, and what the first visit transfers.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any, Final

from bench import reports
from bench.processes import free_port, running, wait_until_answered
from upwell.config import Store as StoreSettings
from upwell.console.pages import PAGES
from upwell.store import FILE, Store

ROUNDS: Final = 5
_FLAGS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


def main(*, quick: bool) -> None:
    """Make the store, start a worker on it, look at every page."""
    events = 200_000 if quick else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / FILE, memory_limit=StoreSettings().memory_limit)
        reports.fill(store, events)
        store.close()
        look(Path(folder), events)


def look(folder: Path, events: int) -> None:
    """Measure on a folder that holds a store."""
    folder.chmod(0o700)
    port = free_port()
    address = f"127.0.0.1:{port}"
    with running(["-m", "upwell", "worker", "--data-dir", str(folder), "--console", address], port, quiet=True):
        wait_until_answered(port, "/healthz", 60)
        begun = time.perf_counter()
        _get(port, "/api/reports/overview")
        print(f"\nconsole: {events:,} events; the first answer of all took {time.perf_counter() - begun:.1f} s")
        _pages(port)
        _browser(f"http://{address}")


def _pages(port: int) -> None:
    print(f"  {'page':<16}{'median':>9}{'slowest':>9}   ms of {ROUNDS} first requests, each for another period")
    for page in (page for page in PAGES if page.listed):
        times = []
        for number in range(ROUNDS):
            query = f"?since={reports.LAST_DAY.replace(month=10, day=1 + number)}&until={reports.LAST_DAY}" if page.filters else ""
            begun = time.perf_counter()
            _get(port, page.path + query)
            times.append((time.perf_counter() - begun) * 1000)
        print(f"  {page.name:<16}{statistics.median(times):9.0f}{max(times):9.0f}", flush=True)


def _get(port: int, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=300) as answer:
        return bytes(answer.read())


def _browser(url: str) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("  no chromium: paint and transfer were not measured")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        paints = []
        for number in range(ROUNDS):
            page = browser.new_context().new_page()
            page.goto(f"{url}/?since=2026-09-{10 + number}&until=2026-11-20")
            page.wait_for_load_state("networkidle")
            seen = _seen(page)
            paints.append(seen["paint"])
            page.context.close()
        browser.close()
    painted = f"first contentful paint {statistics.median(paints):.0f} ms, slowest {max(paints):.0f} ms of {ROUNDS}"
    print(f"  {painted}; the first visit transfers {seen['bytes'] / 1000:.0f} KB")


def _seen(page: Any) -> dict[str, float]:
    found = page.evaluate(
        """JSON.stringify({
            paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
            bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
                .reduce((sum, one) => sum + one.transferSize, 0)})"""
    )
    return dict(json.loads(found))
