"""The audit: appended, private, readable."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from upwell import audit
from upwell.errors import DataDirError


def test_a_line_says_who_what_and_when(tmp_path: Path) -> None:
    """In the order in which they were written, readable by nobody else."""
    audit.write(tmp_path, audit.REPLAY, "ada", batches=[1, 2])
    audit.write(tmp_path, audit.KEY, "bob", key="abc", act="add")

    first, second = audit.read(tmp_path)
    assert first == {"at": first["at"], "deed": "replay", "asker": "ada", "batches": [1, 2]}
    assert (second["asker"], second["act"]) == ("bob", "add")
    assert stat.S_IMODE((tmp_path / audit.NAME).stat().st_mode) == 0o600


def test_no_trail_is_no_lines(tmp_path: Path) -> None:
    """Nothing was done yet."""
    assert audit.read(tmp_path) == []


def test_what_cannot_be_written_is_not_done(tmp_path: Path) -> None:
    """Whoever does it learns why."""
    (tmp_path / audit.NAME).mkdir()

    with pytest.raises(DataDirError, match="nothing done"):
        audit.write(tmp_path, audit.KEY, "ada")


def test_writers_do_not_cut_each_other(tmp_path: Path) -> None:
    """Each line is whole, whoever writes meanwhile."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: audit.write(tmp_path, audit.KEY, "x" * 200, number=number), range(40)))

    assert sorted(line["number"] for line in audit.read(tmp_path)) == list(range(40))


def test_a_damaged_line_hides_no_other(tmp_path: Path) -> None:
    """A crash in the middle of a line costs that line, and it is seen."""
    audit.write(tmp_path, audit.KEY, "ada")
    with (tmp_path / audit.NAME).open("a") as file:
        file.write('{"at": "20\n')
    audit.write(tmp_path, audit.KEY, "bob")

    assert [line["asker"] for line in audit.read(tmp_path)] == ["ada", None, "bob"]
