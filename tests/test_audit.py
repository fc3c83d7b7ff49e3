"""The audit trail: appended, private, readable."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from upwell.audit import KEY, REPLAY, Audit


def test_a_line_says_who_what_and_when(tmp_path: Path) -> None:
    """In the order in which they were written."""
    audit = Audit(tmp_path, clock=lambda: 1_790_000_000.0)
    audit.write(REPLAY, "ada", batches=[1, 2])
    audit.write(KEY, "bob", key="abc", act="add")

    assert list(audit.read()) == [
        {"at": "2026-09-21T14:13:20Z", "who": "ada", "deed": "replay", "batches": [1, 2]},
        {"at": "2026-09-21T14:13:20Z", "who": "bob", "deed": "key", "key": "abc", "act": "add"},
    ]
    assert stat.S_IMODE(audit.path.stat().st_mode) == 0o600


def test_no_trail_is_no_lines(tmp_path: Path) -> None:
    """Nothing was done yet."""
    assert list(Audit(tmp_path).read()) == []


def test_writers_do_not_cut_each_other(tmp_path: Path) -> None:
    """Each line is whole, whoever writes meanwhile."""
    audit = Audit(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: audit.write(KEY, "x" * 200, number=number), range(40)))

    assert sorted(line["number"] for line in audit.read()) == list(range(40))


def test_a_damaged_line_hides_no_other(tmp_path: Path) -> None:
    """A crash in the middle of a line costs that line."""
    audit = Audit(tmp_path)
    audit.write(KEY, "ada")
    with audit.path.open("a") as file:
        file.write('{"at": "20\n')
    audit.write(KEY, "bob")

    assert [line["who"] for line in audit.read()] == ["ada", "bob"]
