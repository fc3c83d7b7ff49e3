"""Books that were damaged are made anew: nothing is forgotten, and the ledger says what happened."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.relay.world import ScriptedSink, World, batch
from upwell.errors import BooksDamaged
from upwell.journal.book import Book
from upwell.journal.salvage import fault, salvage
from upwell.journal.segment import Segments
from upwell.sinks.base import Delivered, Hold, Outcome, Refused

PAGE = 4096
NOW_NS = 1_790_000_000 * 10**9


def _answer(ids: list[str]) -> Outcome:
    if any(name.startswith("bad") for name in ids):
        return Refused("Invalid", "bad")
    return Hold("Held", "not now", "wait") if any(name.startswith("held") for name in ids) else Delivered()


@dataclass
class Case:
    """A data directory with something in every table of its books, and what its sink has taken so far."""

    folder: Path
    everything: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)

    @property
    def books(self) -> Path:
        return self.folder / "relay.db"

    @property
    def pages(self) -> int:
        return self.books.stat().st_size // PAGE

    def copy(self, target: Path) -> Case:
        shutil.copytree(self.folder, target)
        return Case(target, self.everything, self.delivered)

    def noise(self, *pages: int) -> None:
        with self.books.open("r+b") as file:
            for page in pages:
                file.seek(page * PAGE)
                file.write(random.Random(page).randbytes(PAGE))

    def page_of(self, table: str) -> int:
        with closing(sqlite3.connect(self.books)) as connection:
            (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        return int(root) - 1

    def salvage(self) -> str:
        """As a start does it; the damage as booked."""
        reason = fault(self.books)
        assert reason is not None
        booked = salvage(self.books, Segments(self.folder / "journal"), reason, clock_ns=lambda: NOW_NS)
        assert fault(self.books) is None
        return booked.message

    @contextmanager
    def started(self, sink: ScriptedSink) -> Iterator[World]:
        world = World(self.folder, sink)
        try:
            yield world
        finally:
            world.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Delivered, quarantined, replayed, held and unread items, in several segments."""
    case = Case(tmp_path_factory.mktemp("whole") / "data")
    case.folder.mkdir()
    sink = ScriptedSink(_answer)
    with case.started(sink) as world:
        for number in range(10):
            world.write(batch([f"early-{number}"]))
            world.turns()
        world.write(batch(["good-1", "bad-1", "good-2", "good-3"]))
        world.turns()
        world.write(batch(["bad-2", "good-4"]))
        world.turns()
        world.write(batch(["held-1", "held-2"]))
        world.turns()
        world.book.quarantine.replay(world.book.quarantine.list()[-1].id)
        world.write(batch(["row-1"]))
    case.everything = {name for ids in sink.sent for name in ids} | {"row-1"}
    case.delivered = set(sink.delivered)
    return case


@pytest.fixture
def case(whole: Case, tmp_path: Path) -> Case:
    return whole.copy(tmp_path / "data")


def _finish(case: Case) -> tuple[ScriptedSink, int]:
    """Let a sink that takes everything have the rest; it, and the items booked lost. Nothing is wrong but what is said of the damage."""
    sink = ScriptedSink()
    with case.started(sink) as world:
        world.turns()
        ledger = world.ledger()
        assert ledger.problems() != []
        assert all("relay.db was damaged" in problem or "cannot be read any more" in problem for problem in ledger.problems())
        world.book.outcomes.accept_damage("a test")
        assert world.ledger().problems() == []
        assert world.ledger().lanes[0].pending.items == 0
        return sink, world.ledger().lanes[0].lost


def test_sound_books_have_no_fault(case: Case, tmp_path: Path) -> None:
    """Books that can be read whole, and books that are not there yet, are left alone."""
    assert fault(case.books) is None
    assert fault(tmp_path / "nothing") is None


def test_any_page_may_be_damaged(whole: Case, tmp_path: Path) -> None:
    """Whichever page turns into noise: every item is delivered, in quarantine or booked lost, and the sums hold again."""
    assert whole.pages > 12
    for page in range(whole.pages):
        case = whole.copy(tmp_path / f"page-{page}")
        case.noise(page)
        if fault(case.books) is None:  # a page that nothing is in
            continue
        case.salvage()
        sink, lost = _finish(case)

        with closing(Book(case.books)) as book:
            quarantined = sum(entry.items for entry in book.quarantine.list())
        missing = case.everything - case.delivered - set(sink.delivered)
        assert len(missing) <= quarantined + lost, f"page {page}"


@pytest.mark.parametrize("table", ["receipts", "outcomes", "quarantine", "lanes"])
def test_what_is_settled_stays_settled(case: Case, table: str) -> None:
    """Damage outside of cursors and parts has nothing sent again."""
    case.noise(case.page_of(table))

    message = case.salvage()
    sink, _ = _finish(case)

    assert f"of {table} not all could be read, and no item is sent again" in message
    assert case.delivered.isdisjoint(sink.delivered)
    assert {"held-1", "held-2", "row-1"} <= set(sink.delivered)


@pytest.mark.parametrize("table", ["cursors", "parts", "parcels"])
def test_what_may_not_be_settled_is_sent_again(case: Case, table: str) -> None:
    """Damage in the tables that say what is settled has everything sent again that the journal still holds: no item is skipped."""
    case.noise(case.page_of(table))

    message = case.salvage()
    sink, lost = _finish(case)

    assert f"of {table} not all could be read: what the journal still holds is sent again" in message
    assert set(sink.delivered) == case.everything
    assert lost == 0


def test_a_replay_under_way_goes_back_to_quarantine(case: Case) -> None:
    """A quarantined batch whose part is gone can be replayed again."""
    case.noise(case.page_of("parts"))
    case.salvage()

    with case.started(ScriptedSink()) as world:
        assert [entry.replaying for entry in world.book.quarantine.list()] == [False, False]
        (lane,) = world.ledger().lanes
        assert sum(lane.quarantined.values()) == 2


@pytest.mark.parametrize("size", [PAGE // 2, PAGE * 3])
def test_a_file_that_was_cut(case: Case, size: int) -> None:
    """What is left of it counts; the rest is sent again."""
    with case.books.open("r+b") as file:
        file.truncate(size)

    case.salvage()
    sink, _ = _finish(case)

    assert set(sink.delivered) == case.everything


def test_the_damaged_file_is_kept(case: Case) -> None:
    """It stays beside the new one under a name that the damage tells, closed to others, and byte for byte."""
    case.noise(0)
    before = case.books.read_bytes()

    message = case.salvage()

    (kept,) = case.folder.glob("relay.db.damaged-*")
    assert kept.name in message
    assert kept.read_bytes()[:100] == before[:100]
    assert {path.stat().st_mode & 0o777 for path in case.folder.glob("relay.db*")} == {0o600}


def test_a_salvage_that_was_killed_is_done_again(case: Case) -> None:
    """What an unfinished attempt left behind does no harm."""
    case.noise(case.page_of("cursors"))
    (case.folder / "relay.db.fresh").write_bytes(b"half of something")
    (case.folder / "relay.db.fresh-wal").write_bytes(b"half of something else")

    case.salvage()
    sink, _ = _finish(case)

    assert set(sink.delivered) == case.everything
    assert not (case.folder / "relay.db.fresh").exists()


def test_damage_under_a_running_worker_is_told_from_other_failures(case: Case) -> None:
    """Whoever reads books that turned bad meanwhile gets BooksDamaged, which the worker ends by."""
    with closing(Book(case.books)) as book:
        case.noise(*range(1, case.pages))
        with pytest.raises(BooksDamaged, match=r"relay\.db is damaged"):
            book.outcomes.receipts("test/logs")
        with pytest.raises(BooksDamaged), book.db.transaction() as db:
            db.execute("DELETE FROM parts")
