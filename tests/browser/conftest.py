"""One house and one browser for all tests of a run; each test has a context of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.house import CHROMIUM, Eyes, House, house, launch
from upwell.console.assets import Assets

See = Callable[..., Eyes]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a browser, or without the built script, there is nothing to see."""
    reason = "UPWELL_TEST_NO_BROWSER=1" if os.environ.get("UPWELL_TEST_NO_BROWSER") == "1" else _missing()
    for item in (item for item in items if Path(__file__).parent in item.path.parents):
        item.add_marker(pytest.mark.browser)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


def _missing() -> str:
    return "no chromium on the PATH" if CHROMIUM is None else "" if Assets().complete else "the script was not built: `make assets`"


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The machine's Chromium."""
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()


@pytest.fixture(scope="package")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a team's history."""
    with house(tmp_path_factory.mktemp("team"), people=40, days=35) as found:
        yield found


@pytest.fixture
def see(browser: Browser, team: House) -> Iterator[See]:
    """Look at the team's house, signed in with a role; nothing may have gone wrong in the end."""
    contexts = []

    def look(role: str = "admin", **options: object) -> Eyes:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options})  # type: ignore[arg-type]
        contexts.append(context)
        eyes = Eyes(context, team.url)
        eyes.page.goto(team.link(role))
        eyes.page.wait_for_url(team.url + "/")
        return eyes

    yield look
    for context in contexts:
        context.close()
