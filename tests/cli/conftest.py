"""Runs commands in this process, as a shell would see them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from upwell.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout, read as JSON."""
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Calls `upwell` with arguments, in an empty folder, with no settings around."""
    for name in ("UPWELL_DATA_DIR", "UPWELL_SINKS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    handlers = logging.getLogger().handlers[:]

    def call(*arguments: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["upwell", *arguments])
        code = _exit_code()
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    yield call
    logging.getLogger().handlers[:] = handlers


def _exit_code() -> int:
    try:
        main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0
