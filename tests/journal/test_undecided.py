"""What a gateway leaves behind that is killed in the middle of a commit, while the worker has its segment open."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.journal.conftest import Bench
from upwell.journal import layout

_SHM_HEADER = 96  # bytes: two copies of the WAL index's header, sqlite.org/walformat.html

_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.journal.conftest import Bench

async def write():
    bench = Bench(Path(sys.argv[1]))
    journal = bench.journal()
    journal.open()
    for number in (1, 2):
        assert await journal.append(bench.entry(number))
        print(number, flush=True)
        sys.stdin.readline()

asyncio.run(write())
"""


def _killed_in_its_second_commit(bench: Bench) -> None:
    """Leave the files as a gateway does that is killed after it wrote a commit to the WAL, and before it told the WAL's index.

    The test's process has the segment open meanwhile, as the worker has.
    """
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(bench.directory)],
        env={"PYTHONPATH": ":".join(sys.path)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "1\n"
        (name,) = bench.names()
        assert bench.segment(name).last() == 1
        shm, mark = bench.directory / f"{name}.db-shm", layout.mark(bench.directory, name)
        before = shm.read_bytes()[:_SHM_HEADER], mark.read_bytes()
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "2\n"
        writer.kill()
    for path, content in zip((shm, mark), before, strict=True):
        with path.open("r+b") as stream:
            stream.write(content)


def _after_all_were_killed(bench: Bench, elsewhere: Path) -> list[bytes]:
    """The bodies that SQLite finds where nobody is left who had the files open: it then makes the WAL's index anew."""
    shutil.copytree(bench.directory, elsewhere, ignore=shutil.ignore_patterns("*-shm"))
    copy = Bench(elsewhere)
    try:
        return copy.bodies()
    finally:
        for segment in copy.segments:
            segment.close()


def test_a_commit_cut_short_does_not_come_back_beside_its_retry(bench: Bench, tmp_path: Path) -> None:
    """A batch whose commit was cut short is stored once when its client sends it again, whoever is killed next."""
    _killed_in_its_second_commit(bench)
    retried = bench.entry(2)

    bench.store(retried)

    assert _after_all_were_killed(bench, tmp_path / "copy").count(retried.body) == 1


def test_a_commit_cut_short_stays_what_the_worker_has_seen(bench: Bench, tmp_path: Path) -> None:
    """Once a later segment exists, no row appears any more in an earlier one that the worker may have finished with."""
    _killed_in_its_second_commit(bench)
    first = bench.names()[0]

    bench.store(bench.entry(3))
    seen = bench.segment(first).last()

    shutil.copytree(bench.directory, tmp_path / "copy", ignore=shutil.ignore_patterns("*-shm"))
    copy = Bench(tmp_path / "copy")
    assert copy.segment(first).last() == seen == 1
    copy.segments[0].close()
