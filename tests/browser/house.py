"""A running Upwell with a synthetic team's history, and a Chromium that looks at it."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.service.running import Serving, until
from upwell.config import Settings
from upwell.identity import Keys
from upwell.service import consolesecret
from upwell.store import FILE, Store
from upwell.testing.team import Team

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

SETTINGS = """
[console]
auth = "token"
reveal = "reason"

[journal]
reserve = 0
"""

PAGES = {
    "overview": "/",
    "tools": "/tools",
    "tool": "/tools?tool=Bash",
    "prompts": "/prompts",
    "models": "/models",
    "adoption": "/adoption",
    "rhythm": "/rhythm",
    "sessions": "/sessions",
    "delivery": "/delivery",
    "setup": "/setup",
    "privacy": "/privacy",
}


@dataclass(frozen=True)
class House:
    """Where it runs. `url` is the console's address; links sign in with a role."""

    url: str
    gateway: str
    settings: Settings

    def link(self, role: str) -> str:
        """The link of a role."""
        return consolesecret.link(self.settings, self.url, "admin" if role == "admin" else "viewer")


@contextmanager
def house(folder: Path, *, people: int, days: int, settings: str = SETTINGS) -> Iterator[House]:
    """Start one, with so much of a team's history; 0 people: none."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data"
    if people:
        data.mkdir(mode=0o700)
        team = Team(people, days, now_ns=time.time_ns())
        with Keys(data / "keys.db") as keys:
            team.enrol(keys)
        store = Store(data / FILE)
        team.write_history(store)
        store.close()
    port = _free()
    serving = Serving(folder, "serve", "--listen", f"127.0.0.1:{port}", settings=settings)
    try:
        found = Settings.model_validate({"data_dir": data, "console": {"auth": "token" if "token" in settings else "none"}})
        yield House(f"http://127.0.0.1:{serving.console}", f"127.0.0.1:{port}", found)
    finally:
        serving.process.terminate()
        serving.process.wait(60)
        if serving.process.stdout:
            serving.process.stdout.close()


def _free() -> int:
    """A port that nobody has: the gateway's own address must be known to its settings."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def launch(playwright: Playwright) -> Browser:
    """Chromium, which asks nobody but the pages' own host."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))


class Eyes:
    """A page and everything that went wrong on it: errors, warnings of the console, requests that left the host."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.wrongs: list[str] = []
        self._url = url
        self.page.on("console", lambda said: self.wrongs.append(said.text) if said.type in ("error", "warning") else None)
        self.page.on("pageerror", lambda error: self.wrongs.append(str(error)))
        self.page.on("request", lambda request: self.wrongs.append(request.url) if not request.url.startswith((url, "data:")) else None)

    def open(self, path: str) -> Page:
        """Go there and wait until it stands still, and its figures are counted."""
        until(lambda: self._stands(path), f"the figures of {path} are counted")
        return self.page

    def _stands(self, path: str) -> bool:
        self.page.goto(self._url + path)
        self.page.wait_for_load_state("networkidle")
        return self.page.locator(".nothing .pulse, #instead .pulse").count() == 0


def drawn(page: Page) -> Sequence[int]:
    """For each chart of a page, how many shapes it has drawn."""
    return list(page.evaluate("[...document.querySelectorAll('[data-chart]')].map((one) => one.querySelectorAll('svg path').length)"))
