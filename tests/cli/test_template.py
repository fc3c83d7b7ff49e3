"""`upwell template` prints, and calls nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from upwell.cli.app import app
from upwell.testing.apigateway import read

RUNNER = CliRunner()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "upwell.toml"
    file.write_text('[serverless]\nteams = ["platform", "web"]\nregion = "eu-west-1"\ntransaction_search = "on"\n')
    return file


def _printed(config: Path, *arguments: str) -> str:
    result = RUNNER.invoke(app, ["template", "--config", str(config), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_prints_what_the_settings_ask_for(config: Path) -> None:
    """YAML for people; one line of JSON that says the same."""
    text = _printed(config)

    assert {"PlatformKey1", "WebKey1", "TransactionSearch"} <= set(read(text)["Resources"])
    assert json.loads(_printed(config, "--compact")) == read(text)


def test_what_only_an_account_knows_is_an_option(config: Path) -> None:
    """Traces, and a log group that is there."""
    found = read(_printed(config, "--traces", "off", "--existing-log-group"))["Resources"]

    assert not {"TracesMethod", "TransactionSearch", "LogGroup"} & set(found)
    assert "TransactionSearch" not in read(_printed(config, "--traces", "use"))["Resources"]


def test_a_wrong_choice_is_wrong_usage(config: Path) -> None:
    """Exit code 2."""
    for wrong in (["--traces", "maybe"], ["--cost", "--price", "logs"], ["--cost", "--price", "spans=1"]):
        assert RUNNER.invoke(app, ["template", "--config", str(config), *wrong]).exit_code == 2


def test_the_one_click_file_needs_no_settings(config: Path) -> None:
    """It is the checked-in one, whatever the settings."""
    assert _printed(config, "--one-click") == (Path(__file__).parents[2] / "template.yaml").read_text("utf-8")


def test_what_belongs_to_it(config: Path) -> None:
    """The deployer's policy, the link, the estimate."""
    assert json.loads(_printed(config, "--deployer-policy"))["Version"] == "2012-10-17"
    assert "eu-west-1.console.aws" in _printed(config, "--launch-url", "https://b.s3.amazonaws.com/")
    assert "unknown" in _printed(config, "--cost", "--people", "60")
    estimate = json.loads(_printed(config, "--cost", "--people", "60", "--price", "logs=0.5", "--json"))
    assert [line["dollars"] is None for line in estimate["lines"]] == [False, True, True, False]
    assert estimate["assumptions"]
