"""The template as text."""

from __future__ import annotations

from tests.aws.template.test_build import EVERYTHING
from upwell.aws.template import build, build_one_click, to_yaml
from upwell.testing.apigateway import read


def test_yaml_says_what_the_template_is() -> None:
    """Read back, short forms and comments make no difference."""
    for template in (build(EVERYTHING, traces="enable", account_role=True), build_one_click()):
        assert read(to_yaml(template)) == template


def test_it_is_readable() -> None:
    """Short forms, lines that fit, a comment on what is not obvious, and nothing quoted without need."""
    text = to_yaml(build_one_click())

    assert "Fn::" not in text
    assert "DeploymentId: !Ref Deployment" in text
    assert "Credentials: !GetAtt Role.Arn" in text
    assert max(map(len, text.splitlines())) <= 160
    assert text.count("  # ") >= 6
    assert "\n\nResources:\n" in text
