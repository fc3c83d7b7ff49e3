"""Settings are checked, shown with secrets masked, and described by a schema."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from upwell.config import Settings

SETTINGS = """
data_dir = "/somewhere"

[[sinks]]
type = "otlp"
endpoint = "https://me:hunter2@collector.example.com/x"
headers = { authorization = "Bearer hunter2", "x.odd key" = "hunter2" }

[[sinks]]
type = "cloudwatch"
region = "us-west-2"
"""


def test_defaults_are_checked(run: Run) -> None:
    """Without a file there is nothing to be wrong, and it is said that nothing will be sent on."""
    found = run("config", "check")

    assert (found.code, found.out) == (0, "")
    assert found.err.startswith("The built-in defaults: no errors.\n")
    assert "go nowhere" in found.err


def test_the_file_in_the_folder_is_found(run: Run) -> None:
    """`./upwell.toml` needs no --config; the answer names what was read."""
    Path("upwell.toml").write_text(SETTINGS)

    assert run("config", "check").err == "upwell.toml: no errors.\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[gateway]\nport = 1", "gateway.port: is not a setting"),
        ('[gateway]\nlisten = "4318"', "gateway.listen.0: '4318' is not host:port"),
        ('[gateway]\nlisten = "0.0.0.0:4318"', "would carry keys in clear"),
        ('[journal]\nmax_bytes = "10 parsecs"', "journal.max_bytes"),
        ('[[sinks]]\ntype = "fax"', "sinks"),
        ("data_dir = ", "is not TOML"),
        ('[[sinks]]\ntype = "otlp"\nendpoint = "http://x"\nheaders = { a = "${NOWHERE}" }', "the environment has no variable NOWHERE"),
    ],
)
def test_errors_name_the_field(run: Run, text: str, sentence: str) -> None:
    """What is wrong, and where, on stderr; exit code 1."""
    Path("upwell.toml").write_text(text)
    found = run("config", "check")

    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("error [config-invalid]: ")
    assert sentence in found.err


def test_secrets_are_masked(run: Run) -> None:
    """Tokens and passwords in URLs are not shown, in either form."""
    Path("upwell.toml").write_text(SETTINGS)

    for arguments in ((), ("--json",)):
        found = run("config", "show", *arguments)
        assert "hunter2" not in found.out + found.err
        assert "**********" in found.out


def test_what_is_shown_is_toml(run: Run) -> None:
    """The settings in force can be read back, and are the same but for what is masked or unset."""
    Path("upwell.toml").write_text(SETTINGS)
    shown = tomllib.loads(run("config", "show").out)

    again = Settings.model_validate(shown)

    assert again.data_dir == Path("/somewhere")
    assert [sink.name for sink in again.sinks] == ["otlp", "cloudwatch"]
    assert again.gateway == Settings().gateway


def test_flags_win_over_environment_and_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown is what is in force, from whichever of the three."""
    Path("upwell.toml").write_text('data_dir = "/file"\n[gateway]\nburst = 1\nrate_per_second = 1\n')
    monkeypatch.setenv("UPWELL_GATEWAY__BURST", "2")
    monkeypatch.setenv("UPWELL_DATA_DIR", "/environment")

    found = run("config", "show", "--json", "--data-dir", "/flag").json

    assert (found["data_dir"], found["gateway"]["burst"], found["gateway"]["rate_per_second"]) == ("/flag", 2, 1)


def test_the_schema_is_json_schema(run: Run) -> None:
    """Editors can complete and check upwell.toml with it."""
    found = json.loads(run("config", "schema").out)

    assert found["properties"]["gateway"]
    assert found["additionalProperties"] is False
