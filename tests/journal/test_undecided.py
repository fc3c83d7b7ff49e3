"""What a gateway leaves behind that is killed in the middle of a commit, while the worker has its segment open."""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.journal.place import Place
from upwell.journal import Segment, layout

_SHM_HEADER = 96  # bytes: two copies of the WAL index's header, sqlite.org/walformat.html

_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.journal.place import Place

async def write():
    place = Place(Path(sys.argv[1]))
    journal = place.journal()
    journal.open()
    for number in (1, 2):
        assert await journal.append(place.entry(number))
        print(number, flush=True)
        sys.stdin.readline()

asyncio.run(write())
"""


def _killed_in_its_second_commit(place: Place) -> Segment:
    """Leave the files as a gateway does that is killed after it wrote a commit to the WAL, and before it told the WAL's index.

    The test's process has the segment open meanwhile, as the worker has, and gets it back.
    """
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(place.directory)],
        env={"PYTHONPATH": ":".join(sys.path)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "1\n"
        (name,) = place.names()
        held_open = place.segment(name)
        assert held_open.last() == 1
        shm, mark = place.directory / f"{name}.db-shm", layout.mark(place.directory, name)
        before = shm.read_bytes()[:_SHM_HEADER], mark.read_bytes()
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "2\n"
        writer.kill()
    for path, content in zip((shm, mark), before, strict=True):
        with path.open("r+b") as stream:
            stream.write(content)
    return held_open


def _after_all_were_killed(place: Place, elsewhere: Path) -> list[bytes]:
    """The bodies that SQLite finds where nobody is left who had the files open: it then makes the WAL's index anew."""
    shutil.copytree(place.directory, elsewhere, ignore=shutil.ignore_patterns("*-shm"))
    return Place(elsewhere).bodies()


def test_a_commit_cut_short_does_not_come_back_beside_its_retry(place: Place, tmp_path: Path) -> None:
    """A batch whose commit was cut short is stored once when its client sends it again, whoever is killed next."""
    with closing(_killed_in_its_second_commit(place)):
        retried = place.entry(2)

        place.store(retried)

        assert _after_all_were_killed(place, tmp_path / "copy").count(retried.body) == 1


def test_a_commit_cut_short_stays_what_the_worker_has_seen(place: Place, tmp_path: Path) -> None:
    """Once a later segment exists, no row appears any more in an earlier one that the worker may have finished with."""
    with closing(_killed_in_its_second_commit(place)) as held_open:
        place.store(place.entry(3))
        seen = held_open.last()

        shutil.copytree(place.directory, tmp_path / "copy", ignore=shutil.ignore_patterns("*-shm"))
        with closing(Place(tmp_path / "copy").segment(held_open.name)) as copied:
            assert copied.last() == seen == 1
