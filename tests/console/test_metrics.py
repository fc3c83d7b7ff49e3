"""One scrape holds every metric, named and typed, with each lane's samples."""

from __future__ import annotations

from tests.console.figures import lane, vitals
from upwell.console.metrics import families, render


def _samples(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_each_metric_is_described_and_typed() -> None:
    """A scraper learns of every metric what it is, also where there are no lanes."""
    text = render(vitals())

    for family in families(vitals()):
        assert f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n" in text
    assert len(list(families(vitals()))) > 8


def test_lanes_have_their_own_samples() -> None:
    """Sink and signal label what belongs to a lane."""
    found = _samples(render(vitals(lane("slow", delivered=4, pending=5, rejected=2, state="held", waited=90.5), lane("fast", delivered=9))))

    slow = 'sink="slow",signal="logs"'
    assert found[f'upwell_lane_items_total{{{slow},result="delivered"}}'] == 4
    assert found[f'upwell_lane_items_total{{{slow},result="rejected"}}'] == 2
    assert found[f"upwell_lane_pending_items{{{slow}}}"] == 5
    assert found[f"upwell_lane_lag_seconds{{{slow}}}"] == 90.5
    assert found[f'upwell_lane_state{{{slow},state="held"}}'] == 1
    assert found[f'upwell_lane_state{{{slow},state="flowing"}}'] == 0
    assert found['upwell_lane_items_total{sink="fast",signal="logs",result="delivered"}'] == 9


def test_the_whole_has_its_samples() -> None:
    """What is not a lane's stands alone."""
    found = _samples(render(vitals(lane("slow", pending=1, waited=60), lane("slower", pending=1, waited=61))))

    assert found['upwell_accepted_items_total{signal="logs"}'] == 9
    assert found["upwell_oldest_pending_seconds"] == 61
    assert found["upwell_quarantined_batches"] == 2
    assert found["upwell_unaccepted_losses"] == 1
    assert found["upwell_journal_bytes"] == 4096


def test_the_usage_store_has_its_samples() -> None:
    """Its lanes are lanes like others, and what items were to it stands beside them."""
    found = _samples(render(vitals(usage=[lane("usage", delivered=9, pending=3, waited=5)])))

    assert found['upwell_lane_items_total{sink="usage",signal="logs",result="delivered"}'] == 9
    assert found['upwell_lane_pending_items{sink="usage",signal="logs"}'] == 3
    assert found["upwell_oldest_pending_seconds"] == 5
    items = {what: found[f'upwell_usage_items{{signal="logs",result="{what}"}}'] for what in ("inserted", "duplicate", "not_usage")}
    assert items == {"inserted": 5, "duplicate": 1, "not_usage": 2}
    assert found["upwell_usage_store_bytes"] == 512


def test_a_scrape_ends_with_a_line_break() -> None:
    """The text format wants its last line ended."""
    assert render(vitals()).endswith("\n")
    assert "\n\n" not in render(vitals())
