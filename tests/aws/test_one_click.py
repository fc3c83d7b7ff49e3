"""The checked-in file."""

from __future__ import annotations

from pathlib import Path

from upwell.aws.template import build_one_click, to_yaml

ROOT = Path(__file__).parents[2]


def test_the_checked_in_file_is_what_would_be_made() -> None:
    """`upwell template --one-click > template.yaml` was run after the last change."""
    assert (ROOT / "template.yaml").read_text("utf-8") == to_yaml(build_one_click())


def test_what_its_parameters_change_needs_no_new_deployment() -> None:
    """A deployment is a snapshot: nothing in it may hang on a parameter, since no parameter changes its name."""
    template = build_one_click()

    shown = {name: each for name, each in template["Resources"].items() if each["Type"] in _SHOWN}
    assert len(shown) == 12
    assert not any(f"'Ref': '{parameter}'" in str(shown) for parameter in template["Parameters"])
    assert not any("Condition" in each for each in shown.values())


_SHOWN = {f"AWS::ApiGateway::{kind}" for kind in ("RestApi", "Resource", "Method", "GatewayResponse")}
