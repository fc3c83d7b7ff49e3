"""Full and read-only disks: refused, never lied about, and over when they are over."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.journal.place import Place, append_all, current, outcomes
from upwell.errors import JournalUnwritable
from upwell.journal import Entry, Journal


async def fill(journal: Journal, place: Place, *, size: int = 8000) -> tuple[list[Entry], list[Entry]]:
    """Append groups until one is refused: what was acknowledged, and what was not."""
    stored: list[Entry] = []
    for start in range(0, 4000, 4):
        group = [place.entry(number, size=size) for number in range(start, start + 4)]
        found = await outcomes(journal, *group)
        if found != [True] * 4:
            assert [type(one) for one in found] == [JournalUnwritable] * 4
            return stored, group
        stored += group
    raise AssertionError("the disk never filled up")


def recovers(place: Place, make_room: Callable[[Journal], None]) -> None:
    """Fill the disk, stay full for a while, make room: the journal goes on, and holds what it acknowledged, once."""

    async def work(journal: Journal) -> list[bytes]:
        stored, refused = await fill(journal, place)
        for number in range(10):
            place.advance(1)
            assert await outcomes(journal, place.entry(10_000 + number, size=1_000_000)) != [True]
        make_room(journal)
        place.advance(1)
        assert journal.ready() is None
        assert await append_all(journal, *refused) == [True] * 4
        return [entry.body for entry in stored + refused]

    bodies = place.run(work)
    assert place.bodies() == bodies
    assert len(bodies) > 8


def test_a_full_database_recovers(place: Place) -> None:
    """SQLITE_FULL as SQLite itself raises it: its segment is good, and goes on when there is room."""

    def limit(journal: Journal, pages: int) -> None:
        current(journal)._connection.execute(f"PRAGMA max_page_count={pages}")

    async def work(journal: Journal) -> list[bytes]:
        limit(journal, 60)
        stored, refused = await fill(journal, place)
        limit(journal, 10**6)
        place.advance(1)
        assert await append_all(journal, *refused) == [True] * 4
        return [entry.body for entry in stored + refused]

    bodies = place.run(work)
    assert place.bodies() == bodies
    assert len(place.names()) == 1


@contextmanager
def file_size_limit(size: int) -> Iterator[Callable[[], None]]:
    """Let no file of this process grow beyond `size`, until told or left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield lift
    finally:
        lift()


def test_a_write_that_fails_at_commit_is_not_stored_twice(place: Place) -> None:
    """Writes fail inside COMMIT: its outcome is unknown, nobody gets True, and the retry is there once."""
    with file_size_limit(300_000) as lift:
        recovers(place, lambda _: lift())


@contextmanager
def mounted(path: Path, *options: str) -> Iterator[None]:
    """A small file system of its own. Needs root on Linux; without, the tests above are what there is."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", ",".join(("mode=700", *options)), "none", str(path)]
    done = subprocess.run(mount, capture_output=True, check=False) if sys.platform == "linux" else None
    if done is None or done.returncode:
        pytest.skip("this user cannot mount a small disk; a full one is simulated in the tests beside this one")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_recovers(tmp_path: Path) -> None:
    """A real file system without a byte left: refused, with no litter and no crash, until there is room again."""
    with mounted(tmp_path / "disk", "size=2m"):
        ballast = tmp_path / "disk" / "ballast"
        ballast.write_bytes(b"x" * 1_000_000)
        recovers(Place(tmp_path / "disk" / "journal"), lambda _: ballast.unlink())


def test_a_full_disk_at_the_start_is_no_crash(tmp_path: Path) -> None:
    """With no room for a single segment the journal opens, says why it is not ready, and is when there is room."""
    with mounted(tmp_path / "disk", "size=1m"):
        ballast = tmp_path / "disk" / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        place = Place(tmp_path / "disk" / "journal")

        async def work(journal: Journal) -> bool:
            for _ in range(5):
                assert journal.ready() is not None
                assert [type(one) for one in await outcomes(journal, place.entry(1))] == [JournalUnwritable]
                place.advance(1)
            ballast.unlink()
            assert journal.ready() is None
            return await journal.append(place.entry(1))

        assert place.run(work) is True
        assert len(place.names()) == 1


def test_a_read_only_disk_is_no_crash(tmp_path: Path) -> None:
    """On a disk mounted read-only the journal opens, refuses, and takes batches once it is writable."""
    disk = tmp_path / "disk"
    with mounted(disk, "size=4m"):
        place = Place(disk / "journal")
        place.store(place.entry(0))
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

        async def work(journal: Journal) -> bool:
            reason = journal.ready()
            assert reason is not None
            assert "read-only" in reason.lower().replace("readonly", "read-only")
            assert [type(one) for one in await outcomes(journal, place.entry(1))] == [JournalUnwritable]
            subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
            place.advance(1)
            return await journal.append(place.entry(1))

        assert place.run(work) is True
        assert place.bodies() == [place.entry(0).body, place.entry(1).body]
