"""The command as a whole: help, version, failures, exit codes."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from upwell import __version__
from upwell.errors import ConfigError, JournalFull


def test_help_lists_every_command(run: Run) -> None:
    """`upwell --help` is where everybody begins."""
    found = run("--help")

    assert found.code == 0
    for name in ("serve", "gateway", "worker", "keys", "ledger", "quarantine", "config", "backup"):
        assert f"\n  {name} " in found.out


def test_no_arguments_are_a_question(run: Run) -> None:
    """Without a command the help is shown, as wrong usage."""
    found = run()

    assert found.code == 2
    assert "Commands:" in found.out + found.err


def test_the_version_is_data(run: Run) -> None:
    """A program can read it from stdout."""
    assert run("--version").out == f"upwell {__version__}\n"


@pytest.mark.parametrize("line", ["fly", "keys fly", "keys list --fly", "keys revoke", "quarantine show x", "backup"])
def test_wrong_usage_is_2(run: Run, line: str) -> None:
    """Unknown commands and options, and missing or impossible arguments, exit with 2 and say so on stderr."""
    found = run(*line.split())

    assert (found.code, found.out) == (2, "")
    assert "Usage:" in found.err


def test_an_error_is_a_line_and_a_next_step(run: Run) -> None:
    """Code, sentence, next step; no traceback; nothing on stdout."""
    found = run("config", "check", "--config", "nowhere.toml")

    assert (found.code, found.out) == (1, "")
    assert (
        found.err == "error [config-invalid]: there is no configuration file nowhere.toml\n  next step: Check the path given to --config.\n"
    )


def test_errors_are_red_only_for_people(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Colour needs a terminal, and no NO_COLOR."""
    from upwell.cli import output

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    output.fail(ConfigError("broken"))
    assert "\x1b[31merror [config-invalid]:\x1b[0m broken" in capsys.readouterr().err

    monkeypatch.setenv("NO_COLOR", "1")
    output.fail(JournalFull("full"))

    assert "\x1b" not in capsys.readouterr().err


def test_every_command_takes_a_settings_file(run: Run) -> None:
    """`--config` is the same everywhere, so that nobody has to think."""
    for line in ("serve", "gateway", "worker", "keys add", "ledger", "ledger close", "quarantine drop", "config show", "backup"):
        assert "--config" in run(*line.split(), "--help").out, line


def test_completion_can_be_installed(run: Run) -> None:
    """The shell can be taught the commands."""
    assert "--install-completion" in run("--help").out
