"""The audit: what is revealed is written down first."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from upwell import audit
from upwell.errors import DataDirError
from upwell.service import reveals


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    """Who, when, what and why, the oldest first."""
    reveals.write(tmp_path, "ada", {"report": "overview", "reason": "first"})
    reveals.write(tmp_path, "bob", {"report": "session", "reason": "sécond"})

    lines = reveals.read(tmp_path)

    assert [(line["asker"], line["report"], line["reason"]) for line in lines] == [
        ("ada", "overview", "first"),
        ("bob", "session", "sécond"),
    ]
    assert lines[0]["at"].endswith("Z")


def test_the_file_is_private(tmp_path: Path) -> None:
    """Like every file of the data directory."""
    reveals.write(tmp_path, "ada", {})

    assert stat.S_IMODE((tmp_path / audit.NAME).stat().st_mode) == 0o600


def test_nothing_was_revealed_yet(tmp_path: Path) -> None:
    """No file is no line."""
    assert reveals.read(tmp_path) == []


def test_what_cannot_be_written_is_not_told(tmp_path: Path) -> None:
    """A folder in the file's place makes the question fail."""
    (tmp_path / audit.NAME).mkdir()

    with pytest.raises(DataDirError, match="nobody is revealed"):
        reveals.write(tmp_path, "ada", {})
    with pytest.raises(DataDirError, match="cannot be read"):
        reveals.read(tmp_path)


def test_a_line_that_was_cut_off_is_shown(tmp_path: Path) -> None:
    """Half a line is a trace too, and hides none of the others."""
    reveals.write(tmp_path, "ada", {"report": "overview"})
    with (tmp_path / audit.NAME).open("a") as file:
        file.write('{"at": "2026')

    assert [line["report"] for line in reveals.read(tmp_path)] == ["overview", None]
    assert reveals.read(tmp_path)[1]["damaged"] == '{"at": "2026'
