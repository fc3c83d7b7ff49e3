"""Every page, with a team's history, in a real browser: drawn, readable, for everybody, and asking nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import See
from tests.browser.house import PAGES, House, drawn

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_drawn_and_nothing_goes_wrong(see: See, name: str) -> None:
    """No error or warning in the browser's console, no request to another host, no empty chart, no problem in words."""
    eyes = see()
    page = eyes.open(PAGES[name])

    assert eyes.wrongs == []
    assert page.locator("h1").inner_text()
    assert all(shapes > 3 for shapes in drawn(page)), drawn(page)
    assert page.locator(".say.bad").count() == 0
    assert page.locator(".panel").count() >= 1


@pytest.mark.parametrize("name", ["overview", "tool", "prompts", "models", "adoption", "rhythm"])
def test_pages_of_figures_have_charts(see: See, name: str) -> None:
    """What is drawn by the script is there, and not only allowed to be."""
    assert len(drawn(see().open(PAGES[name]))) >= 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible(see: See, name: str, scheme: str) -> None:
    """axe-core finds nothing serious: contrast, names, roles, order."""
    page = see(color_scheme=scheme).open(PAGES[name])
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations)")
    serious = [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]

    assert serious == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone(see: See, name: str) -> None:
    """At 360 pixels nothing makes the page itself scroll sideways."""
    page = see(viewport={"width": 360, "height": 740}).open(PAGES[name])

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("name", ["overview", "tools", "models"])
def test_a_page_is_readable_without_scripts(see: See, team: House, name: str) -> None:
    """Filters have a button, tables stand behind each chart."""
    page = see(java_script_enabled=False).open(PAGES[name])

    assert page.locator(".apply").is_visible()
    assert page.locator("summary").count() >= 1
    assert page.locator("table tbody tr").count() >= 5
    page.select_option("#f-agent", "codex")
    page.click(".apply")
    assert "agent=codex" in page.url


def test_every_chart_has_its_table_definition_csv_and_command(see: See) -> None:
    """Whoever doubts a figure can look behind it."""
    page = see().open("/models")
    panels = page.locator("section.panel")

    assert panels.count() == 4
    for number in range(panels.count()):
        one = panels.nth(number)
        assert one.locator("table").count() >= 1
        assert str(one.locator(".command").text_content()).startswith("upwell report ")
        assert "/api/reports/" in str(one.locator("a.csv").get_attribute("href"))


def test_a_csv_is_what_the_chart_shows(see: See, team: House) -> None:
    """The link leads to the same question."""
    page = see().open("/")
    address = page.locator("#prompts a.csv").get_attribute("href")
    answer = page.request.get(team.url + str(address))

    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text().splitlines()[0].startswith("day,agent,people,sessions,prompts")
