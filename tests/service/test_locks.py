"""One process of a kind per data directory, named when a second one comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from upwell.errors import DataDirError, DataDirLocked
from upwell.service import locks


def _dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def test_a_second_taker_is_told_the_pid(tmp_path: Path) -> None:
    """The sentence names the process to stop."""
    with locks.acquire(tmp_path, "gateway"), pytest.raises(DataDirLocked, match=f"process {os.getpid()} already runs the gateway"):
        locks.acquire(tmp_path, "gateway")


def test_the_roles_do_not_exclude_each_other(tmp_path: Path) -> None:
    """A gateway and a worker share a data directory."""
    with locks.acquire(tmp_path, "gateway"), locks.acquire(tmp_path, "worker"):
        assert locks.is_held(tmp_path, "gateway")
        assert locks.is_held(tmp_path, "worker")


def test_a_released_lock_can_be_taken_again(tmp_path: Path) -> None:
    """A lock file left behind is no lock."""
    locks.acquire(tmp_path, "worker").release()

    with locks.acquire(tmp_path, "worker"):
        pass

    assert not locks.is_held(tmp_path, "worker")
    assert locks.path(tmp_path, "worker").exists()


def test_nothing_is_held_where_nothing_ran(tmp_path: Path) -> None:
    """Asking does not make a lock file."""
    assert not locks.is_held(tmp_path, "worker")
    assert not locks.path(tmp_path, "worker").exists()


def test_a_child_keeps_the_lock_of_its_dead_parent(tmp_path: Path) -> None:
    """The lock goes with the descriptor: it is free only when the last process that inherited it has ended."""
    lock = locks.acquire(tmp_path, "gateway")
    with subprocess.Popen([sys.executable, "-c", "input()"], pass_fds=[lock.descriptor], stdin=subprocess.PIPE) as child:
        lock.release()
        assert locks.is_held(tmp_path, "gateway")
        child.communicate(b"\n")

    assert not locks.is_held(tmp_path, "gateway")


def test_orphans_of_a_dead_holder_are_named_as_such(tmp_path: Path) -> None:
    """Where the pid in the file is dead, nobody is told to stop it."""
    lock = locks.acquire(tmp_path, "gateway")
    locks.path(tmp_path, "gateway").write_text(f"{_dead_pid()}\n")

    with pytest.raises(DataDirLocked, match="children of process"):
        locks.acquire(tmp_path, "gateway")
    lock.release()


def test_a_start_waits_for_orphans(tmp_path: Path) -> None:
    """A supervisor started right after its predecessor was killed waits for the children to end."""
    lock = locks.acquire(tmp_path, "gateway")
    locks.path(tmp_path, "gateway").write_text(f"{_dead_pid()}\n")
    script = "import sys; sys.stdin.readline(); import time; time.sleep(0.3)"
    with subprocess.Popen([sys.executable, "-c", script], pass_fds=[lock.descriptor], stdin=subprocess.PIPE) as orphan:
        lock.release()
        assert orphan.stdin is not None
        orphan.stdin.close()
        taken = locks.acquire(tmp_path, "gateway", patience=30)

    assert locks.path(tmp_path, "gateway").read_text() == f"{os.getpid()}\n"
    taken.release()


def test_no_waiting_for_a_living_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience is for orphans: a running service is reported at once."""
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("it waited"))

    with locks.acquire(tmp_path, "worker"), pytest.raises(DataDirLocked):
        locks.acquire(tmp_path, "worker", patience=30)


def test_a_lock_that_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    """A directory in the lock's place, or no permission, is a DataDirError."""
    locks.path(tmp_path, "worker").mkdir()

    with pytest.raises(DataDirError, match=r"worker\.lock cannot be opened"):
        locks.acquire(tmp_path, "worker")
