"""The first minutes: nothing there yet, a block to paste, and the first event, which shows itself."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.house import Eyes, House, house
from tests.service.running import until
from upwell.identity import Keys
from upwell.testing.team import Team


@pytest.fixture
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house that never heard anything."""
    with house(tmp_path_factory.mktemp("empty"), people=0, days=0, settings="[journal]\nreserve = 0\n") as found:
        yield found


@pytest.fixture
def eyes(browser: Browser, empty: House) -> Iterator[Eyes]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Eyes(context, empty.url)
    context.close()


def _send(gateway: str, key: str) -> None:
    """What one agent sends of one prompt."""
    team = Team(8, 4, now_ns=time.time_ns())
    team.unenrolled()
    sent = next(sent for day in range(4) for turn in team.story.day(day) for sent in team.sent(turn) if turn.agent == "claude-code")

    def taken() -> bool:  # a key that was just made works within a second
        connection = http.client.HTTPConnection(gateway, timeout=30)
        connection.request("POST", f"/v1/{sent.signal}", sent.body, {**sent.headers, "x-api-key": key})
        status = connection.getresponse().status
        connection.close()
        return status == 200

    until(taken, "the key is known")


def test_the_first_event_turns_the_page_into_figures(eyes: Eyes, empty: House) -> None:
    """Nobody reloads anything."""
    page = eyes.open("/")
    page.evaluate("window.same = true")
    expect(page.locator("#waiting")).to_contain_text("Waiting for the first event")

    with Keys(empty.settings.data_dir / "keys.db") as keys:
        _send(empty.gateway, keys.add(None, "platform").secret_text)
    expect(page.locator(".figures")).to_be_visible(timeout=60_000)

    assert page.evaluate("window.same") is True
    assert eyes.wrongs == []


def test_a_key_is_made_and_heard_from(eyes: Eyes, empty: House) -> None:
    """The block carries it, this once; its first event turns the wait into a tick."""
    page = eyes.open("/setup")
    page.fill("#team", "platform")
    page.click("text=Make a key and put it in")
    key = _key_of(page)
    expect(page.locator("#heard")).to_contain_text("Waiting for the first event of key")

    _send(empty.gateway, key)
    expect(page.locator("#heard")).to_contain_text("It works.", timeout=60_000)

    assert key in page.locator("#paste-1").inner_text()
    assert key not in eyes.open("/setup").content()
    assert eyes.wrongs == []


def _key_of(page: Page) -> str:
    text = page.locator("#paste-1").inner_text()
    return text.partition("x-api-key=")[2].partition('"')[0]
