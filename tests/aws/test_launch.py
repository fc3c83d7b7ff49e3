"""The link into CloudFormation's console."""

from __future__ import annotations

import pytest

from upwell.aws.launch import launch_url
from upwell.errors import ConfigError

BUCKET = "https://team.s3.eu-west-1.amazonaws.com"


def test_a_template_in_a_bucket() -> None:
    """The console of the stack's Region, the template's URL, the stack's name."""
    assert launch_url(f"{BUCKET}/upwell/t.yaml", stack="upwell", region="eu-west-1") == (
        "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/create/review"
        "?templateURL=https%3A%2F%2Fteam.s3.eu-west-1.amazonaws.com%2Fupwell%2Ft.yaml&stackName=upwell"
    )


def test_a_folder_has_the_checked_in_file() -> None:
    """With or without a slash, and without a Region the console chooses."""
    for url in (BUCKET, f"{BUCKET}/"):
        assert "com%2Ftemplate.yaml&" in launch_url(url, stack="upwell", region=None)
    assert launch_url(BUCKET, stack="upwell", region=None).startswith("https://console.aws.amazon.com/cloudformation/home#/")


@pytest.mark.parametrize(("region", "host"), [("cn-north-1", "console.amazonaws.cn"), ("us-gov-west-1", "console.amazonaws-us-gov.com")])
def test_partitions_have_consoles_of_their_own(region: str, host: str) -> None:
    """China and GovCloud."""
    assert launch_url("https://s3.cn-north-1.amazonaws.com.cn/team/", stack="u", region=region).startswith(f"https://{region}.{host}/")


@pytest.mark.parametrize(
    "url", ["s3://team/template.yaml", "https://raw.githubusercontent.com/x/template.yaml", "http://b.s3.amazonaws.com/"]
)
def test_anything_else_is_refused(url: str) -> None:
    """The console opens templates from S3 alone."""
    with pytest.raises(ConfigError, match="no other"):
        launch_url(url, stack="upwell", region=None)
