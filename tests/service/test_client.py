"""The command line reaches the books: through a running worker's socket, or by itself when there is none."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.relay.world import World, batch
from tests.service.conftest import MakeWorld
from tests.service.places import desk, served, settings
from upwell.console import Vitals
from upwell.errors import DataDirError, NoSuchEntry, SchemaTooNew, UpwellError, WorkerError
from upwell.otlp.model import Signal
from upwell.service import client, control, locks, operations, unix


def _no_vitals() -> Vitals:
    return Vitals(0, dict.fromkeys(Signal, 0), [], 0, 0, 0)


@contextmanager
def _worker(world: World) -> Iterator[None]:
    """What a worker has running while it runs, but for its lanes."""
    with locks.acquire(world.folder, "worker"), served(control.build(desk(world), _no_vitals), unix.listen(world.folder)):
        yield


def test_a_running_worker_answers(world: MakeWorld) -> None:
    """The books stay open in the worker; the command line gets its answer over the socket."""
    made = world()
    made.write(batch(["a"]))

    with _worker(made):
        found = client.ask(settings(made.folder), "ledger")

    assert found["signals"][2]["accepted"] == 1


def test_with_no_worker_it_is_done_here(world: MakeWorld) -> None:
    """The answer is the same, and the lock is free again afterwards."""
    made = world()
    made.write(batch(["a"]))

    found = client.ask(settings(made.folder), "ledger")

    assert found["signals"][2]["accepted"] == 1
    assert not locks.is_held(made.folder, "worker")


def test_a_socket_left_by_a_dead_worker_is_no_worker(world: MakeWorld) -> None:
    """A worker that was killed leaves its socket file; nobody listens there."""
    made = world()
    unix.listen(made.folder).close()

    assert client.ask(settings(made.folder), "quarantine_list") == []


def test_errors_come_through_as_themselves(world: MakeWorld) -> None:
    """Code, sentence and next step are the operation's, as if it had run here."""
    made = world()

    with _worker(made), pytest.raises(NoSuchEntry, match="no quarantined batch 7") as caught:
        client.ask(settings(made.folder), "quarantine_show", id=7)

    assert caught.value.hint == NoSuchEntry.hint


def test_a_failing_worker_says_no_more_than_it_should(
    world: MakeWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw comes back as an error by its type; where it happened stands in the worker's log."""

    def fail(desk: object) -> None:
        raise KeyError("fix my marriage")

    made = world()
    monkeypatch.setattr(operations, "OPERATIONS", {**operations.OPERATIONS, "ledger": fail})

    with _worker(made), pytest.raises(UpwellError, match=r"the worker failed at this \(KeyError\)"):
        client.ask(settings(made.folder), "ledger")

    assert "ledger failed" in caplog.text


def test_a_broken_database_is_an_error_of_ours(world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails under the books gets a sentence, with a worker and without."""

    def fail(desk: object) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    made = world()
    monkeypatch.setattr(operations, "OPERATIONS", {**operations.OPERATIONS, "ledger": fail})

    with pytest.raises(DataDirError, match="disk image is malformed"):
        client.ask(settings(made.folder), "ledger")
    with _worker(made), pytest.raises(DataDirError, match="disk image is malformed"):
        client.ask(settings(made.folder), "ledger")


def test_an_unknown_error_code_is_still_an_error() -> None:
    """A worker of a newer version may know errors that this command line does not."""
    error = client._error("from-the-future", "it broke", "mend it")

    assert isinstance(error, WorkerError)
    assert (error.message, error.hint) == ("it broke", "mend it")
    assert isinstance(client._error("schema-too-new", "x", "y"), SchemaTooNew)


def test_changes_are_logged_and_questions_are_not(world: MakeWorld, caplog: pytest.LogCaptureFixture) -> None:
    """The worker's log says what was done to it from outside."""
    made = world()
    caplog.set_level(logging.INFO)

    with _worker(made):
        client.ask(settings(made.folder), "quarantine_list")
        assert "asked for" not in caplog.text
        client.ask(settings(made.folder), "accept_loss", reason="spilled coffee")

    assert "accept loss was asked for by the command line" in caplog.text
    assert "coffee" not in caplog.text


def test_a_worker_that_starts_is_waited_for(world: MakeWorld) -> None:
    """Between taking its lock and listening a worker needs a moment."""
    made = world()
    lock = locks.acquire(made.folder, "worker")
    found: list[object] = []
    asking = threading.Thread(target=lambda: found.append(client.ask(settings(made.folder), "quarantine_list")))
    asking.start()

    with served(control.build(desk(made), _no_vitals), unix.listen(made.folder)):
        asking.join()
    lock.release()

    assert found == [[]]


def test_a_worker_that_never_answers_is_named(world: MakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lock held, nobody listening: an error with a next step, and the books untouched."""
    monkeypatch.setattr(client, "PATIENCE_SECONDS", 0.0)
    made = world()

    with locks.acquire(made.folder, "worker"), pytest.raises(WorkerError, match="does not answer"):
        client.ask(settings(made.folder), "ledger")


def test_an_answer_broken_off_is_an_error(world: MakeWorld) -> None:
    """A worker killed in the middle of an answer is not taken for one that answered."""
    made = world()
    listening = unix.listen(made.folder)
    listening.setblocking(True)

    def hang_up() -> None:
        accepted, _ = listening.accept()
        accepted.recv(1)
        accepted.close()

    hanging = threading.Thread(target=hang_up)
    hanging.start()
    with pytest.raises(WorkerError, match="broke off"):
        client.ask(settings(made.folder), "ledger")
    hanging.join()
    listening.close()


def test_a_data_directory_that_was_never_used_is_not_made(tmp_path: Path) -> None:
    """Asking for a ledger does not create one."""
    with pytest.raises(DataDirError, match="does not exist"):
        client.ask(settings(tmp_path / "none"), "ledger")

    assert not (tmp_path / "none").exists()


def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    """Who can open the socket may do everything, so nobody else can."""
    with unix.listen(tmp_path):
        assert stat.S_IMODE((tmp_path / unix.NAME).stat().st_mode) == 0o600


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="without /proc long paths are refused")
def test_a_deep_data_directory_is_reachable(tmp_path: Path) -> None:
    """A socket address holds some hundred bytes; a path may be longer."""
    deep = tmp_path / ("d" * 120)
    deep.mkdir()

    with unix.listen(deep) as listening, socket.socket(socket.AF_UNIX) as caller, unix.reachable(deep) as address:
        caller.connect(address)
        assert len(os.fsencode(address)) < 100
        listening.setblocking(True)
        listening.accept()[0].close()


def test_a_deep_data_directory_is_refused_where_nothing_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc the only way out is a shorter path, and the error says so."""
    monkeypatch.setattr(Path, "is_dir", lambda self: False)

    with pytest.raises(DataDirError, match="too long"), unix.reachable(tmp_path / ("d" * 120)):
        pytest.fail("there is no such address")


def test_a_glance_shows_the_lane_that_is_furthest_behind(world: MakeWorld) -> None:
    """With two sinks a line tells the lesser delivered and the greater pending; without any there is nothing to tell."""
    from tests.console.figures import lane, vitals

    sinks = lane("fast", delivered=9, pending=0), lane("slow", delivered=4, pending=5, rejected=2, state="held")
    found = control.glance(vitals(*sinks, usage=[lane("usage", delivered=7)]))

    assert found["logs"] == {"accepted": 9, "delivered": 4, "pending": 5, "refused": 2, "usage": 7, "trouble": "slow/logs is held: no luck"}
    assert found["traces"] == {"accepted": 0, "delivered": None, "pending": None, "refused": None, "usage": None, "trouble": None}
