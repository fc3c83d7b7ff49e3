"""What a gateway leaves behind that is killed in the middle of a commit, while the worker has its segment open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.journal.place import Place
from upwell.journal import Segment

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

_PUT_BACK = "import sys; file = open(sys.argv[1], 'r+b'); file.write(bytes.fromhex(sys.argv[2]))"
_SHM_HEADER = 96  # bytes: two copies of the WAL index's header, sqlite.org/walformat.html


def _python(*arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", *arguments], env={"PYTHONPATH": ":".join(sys.path)}, text=True, **options)  # type: ignore[call-overload, no-any-return]


@contextmanager
def _killed_in_its_second_commit(place: Place) -> Iterator[Segment]:
    """Leave the files as a gateway does that is killed after it wrote a commit to the WAL, and before it told the WAL's index.

    This process has the segment open meanwhile, as the worker has. Another one puts files back: closing them here would drop the locks.
    """
    with _python(_WRITER, str(place.directory), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        assert writer.stdout.readline() == "1\n"
        segment = place.segment()
        assert segment.last() == 1
        shm = place.database().with_name(place.database().name + "-shm")
        before = [
            (path, subprocess.check_output(["head", "-c", str(size), str(path)]))
            for path, size in ((shm, _SHM_HEADER), (place.mark(), 999))
        ]
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "2\n"
        writer.kill()
    for path, content in before:
        assert _python(_PUT_BACK, str(path), content.hex()).wait() == 0
    try:
        yield segment
    finally:
        segment.close()


def test_a_commit_cut_short_does_not_come_back_beside_its_retry(place: Place) -> None:
    """A batch whose commit was cut short is stored once when its client sends it again, whoever is killed next."""
    retried = place.entry(2)

    with _killed_in_its_second_commit(place):
        place.store(retried)
        bodies = place.crashed().bodies()

    assert bodies.count(retried.body) == 1


@pytest.mark.parametrize("rows", [0, 1])
def test_a_commit_cut_short_stays_what_the_worker_has_seen(place: Place, rows: int) -> None:
    """Once a later segment exists, no row appears any more in an earlier one that the worker may have finished with."""
    with _killed_in_its_second_commit(place) as segment:
        place.store(*place.entries(rows))
        seen = segment.last()
        crashed = place.crashed()

    assert len(crashed.page(name=crashed.names()[0]).rows) == seen == 1
