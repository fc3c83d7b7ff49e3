"""What people do on the pages: filter, share, go back, look closer, use the keyboard; and what a viewer cannot do."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import See
from tests.browser.house import House

REPLAY = "fetch('/delivery/replay', {method: 'POST', body: new URLSearchParams({batch: 'all'})}).then(({status}) => status)"


def _prompts(page: Page) -> str:
    return page.locator(".figure", has_text="Prompts").locator(".value").inner_text()


def test_a_filter_changes_the_figures_and_the_address(see: See) -> None:
    """Without loading the page anew, and back again."""
    eyes = see()
    page = eyes.open("/")
    page.evaluate("window.same = true")
    before, spec = _prompts(page), page.locator("#prompts-chart").get_attribute("data-chart")

    page.select_option("#f-agent", "codex")
    page.wait_for_url("**agent=codex**")
    expect(page.locator(".figure", has_text="Prompts").locator(".value")).not_to_have_text(before)
    assert page.locator("#prompts-chart").get_attribute("data-chart") != spec
    assert page.evaluate("window.same") is True
    assert eyes.wrongs == []

    page.go_back()
    expect(page.locator(".figure", has_text="Prompts").locator(".value")).to_have_text(before)


def test_a_view_is_a_link(see: See) -> None:
    """Whoever opens the address sees the same, on every page."""
    page = see().open("/models?period=7d&agent=claude-code")

    assert page.locator("#f-period").input_value() == "7d"
    assert page.locator("#f-agent").input_value() == "claude-code"
    assert page.locator("nav a", has_text="Tools").get_attribute("href") == "/tools?period=7d&agent=claude-code"


def test_a_group_that_is_too_small_says_so(see: See) -> None:
    """No figure of it: the page shows the next larger group."""
    page = see().open("/?team=research")

    expect(page.locator("#wider")).to_contain_text("all teams instead")
    expect(page.locator(".figures")).to_be_visible()


def test_a_tool_leads_to_its_days(see: See) -> None:
    """A click on a name opens its trend above the list."""
    page = see().open("/tools")
    page.locator("#tools a", has_text="Bash").first.click()
    page.wait_for_url("**tool=Bash**")

    expect(page.locator("#trend h2")).to_have_text("Calls of Bash per day, and how they ended")


def test_the_filters_are_reached_and_set_with_the_keyboard(see: See) -> None:
    """Skip link, navigation, then the four filters; an arrow sets one, and focus stays."""
    page = see().open("/")
    seen = []
    for _ in range(30):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        if seen[-1] == "f-model":
            break

    assert seen[0] == "Skip to the content"
    assert seen[-4:] == ["f-period", "f-team", "f-agent", "f-model"]
    page.focus("#f-period")
    page.keyboard.press("ArrowUp")
    page.wait_for_url("**period=7d**")
    expect(page.locator("#f-period")).to_be_focused()


def test_figures_refresh_without_a_flicker(see: See) -> None:
    """What somebody opened stays open, and the chart is the same element."""
    eyes = see()
    page = eyes.open("/")
    page.locator("#prompts-how summary").click()
    page.evaluate("document.querySelector('#prompts-chart svg').dataset.mark = 'kept'")
    page.evaluate("document.addEventListener('htmx:after:swap', () => (document.body.dataset.refreshed = 'yes'))")
    expect(page.locator("body")).to_have_attribute("data-refreshed", "yes", timeout=60_000)

    assert page.locator("#prompts-how").get_attribute("open") is not None
    assert page.locator("#prompts-chart svg").get_attribute("data-mark") == "kept"
    assert eyes.wrongs == []


def test_a_viewer_cannot_replay(see: See) -> None:
    """No button, no keys, and the address refuses."""
    page = see("viewer").open("/delivery")
    answer = page.evaluate(REPLAY)

    assert page.locator("button", has_text="Replay").count() == 0
    assert page.locator("#keys").count() == 0
    assert answer == 403


def test_a_form_from_elsewhere_is_refused(see: See) -> None:
    """Also an admin's, where it does not carry what the page knew."""
    page = see().open("/delivery")
    answer = page.evaluate(REPLAY)

    assert answer == 403


def test_sessions_are_opened_with_a_reason(see: See, team: House) -> None:
    """The list, a session, the waterfall of a prompt; and the reason stands on the page that everybody can read."""
    eyes = see()
    page = eyes.open("/sessions")
    assert page.locator("#gate").is_visible()

    page.fill("#reason", "a slow afternoon")
    page.click("text=Show them")
    page.locator("#sessions tbody tr").first.wait_for()
    page.locator("#sessions tbody a").first.click()
    page.locator("#session tbody a").first.click()
    page.locator(".waterfall tbody tr").first.wait_for()

    assert page.locator(".waterfall rect").count() >= 2
    assert "@" not in page.locator("main").inner_text()
    assert "a slow afternoon" in eyes.open("/privacy").locator("#deeds").inner_text()
    assert eyes.wrongs == []


def test_privacy_needs_no_login(see: See, team: House) -> None:
    """Everybody whose work is counted may read what is kept."""
    page = see().open("/")
    answer = page.request.fetch(team.url + "/privacy", headers={"cookie": "none=1"})

    assert answer.status == 200
    assert "No figure rests on fewer than" in answer.text()
