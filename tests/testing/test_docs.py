"""docs/testing.md: every example in it runs, and its tables are complete."""

import dataclasses
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from upwell import config
from upwell.testing.archive import Counts
from upwell.testing.cloudwatch import control
from upwell.testing.receiver import Receiver
from upwell.testing.script import Failure

DOCUMENT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_document_has_only_examples_that_are_run() -> None:
    """Another language would need a test here."""
    assert {name for name, _ in BLOCKS} == {"python", "toml", "sh"}


@pytest.mark.parametrize("code", blocks("python"))
def test_python_example_runs(code: str) -> None:
    """Each example runs by itself, its assertions hold."""
    exec(compile(code, "docs/testing.md", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("text", blocks("toml"))
def test_settings_example_is_valid(text: str, tmp_path: Path) -> None:
    """The sink block is a configuration."""
    path = tmp_path / "upwell.toml"
    path.write_text(text)

    assert config.load(path, environ={}).sinks[0].name == "cloudwatch"


@pytest.mark.parametrize("script", blocks("sh"))
def test_shell_example_runs(script: str, tmp_path: Path) -> None:
    """The command starts, answers curl and ends; only the port is another."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path if entry)
    command = ["bash", "-euc", script.replace("4500", str(free_port()))]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert ('"now_ns"' if "cloudwatch --port" in script else "{}") in done.stdout


def test_every_question_and_page_is_listed() -> None:
    """The tables name every method that can be asked, and every page."""
    for question in ("items", "ids", "counts", "requests", "wait"):
        assert hasattr(Receiver, question)
        assert f"`{question}(signal" in DOCUMENT
    for method, page in control._PAGES:
        assert f"`{method} /_fake/{page}" in DOCUMENT


def test_every_field_of_a_failure_is_explained() -> None:
    """The class says of each of its fields what it does."""
    assert Failure.__doc__ is not None
    for field in dataclasses.fields(Failure):
        assert f"`{field.name}`" in Failure.__doc__


def test_every_count_is_explained() -> None:
    """So does the class of totals."""
    assert Counts.__doc__ is not None
    for name in ("requests", "refused", "rejected"):
        assert f"`{name}`" in Counts.__doc__
