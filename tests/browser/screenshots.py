"""Takes a picture of every page, light and dark, and at a phone's width: `make screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.house import PAGES, Eyes, House, house, launch

SIZES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}


def main(folder: Path) -> None:
    """All pictures, into one folder."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, house(Path(place), people=60, days=60) as found, sync_playwright() as playwright:
        browser = launch(playwright)
        for size, options in SIZES.items():
            take(browser, found, folder, size, options)
        browser.close()


def take(browser: Browser, found: House, folder: Path, size: str, options: dict[str, Any]) -> None:
    """Every page at one size."""
    context = browser.new_context(reduced_motion="reduce", **options)
    eyes = Eyes(context, found.url)
    eyes.page.goto(found.link("admin"))
    eyes.page.wait_for_url(found.url + "/")
    for name, path in PAGES.items():
        eyes.open(path).screenshot(path=folder / f"{name}-{size}.png", full_page=True)
    context.close()
    for wrong in eyes.wrongs:
        print(wrong, file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
