"""Folder, keys and journal, as findings."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from upwell.config import Settings, load
from upwell.doctor import places
from upwell.doctor.finding import State
from upwell.identity import Keys

DAY = 86400 * 10**9


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose data directory is there, and private."""
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    return load(None, environ={}, flags={"data_dir": str(directory)})


def test_a_private_folder(settings: Settings) -> None:
    """It is there and closed to others; open to them it is to watch; missing it is broken."""
    assert places.data_dir(settings).state is State.OK
    settings.data_dir.chmod(0o755)
    assert places.data_dir(settings).state is State.WARN
    settings.data_dir.rmdir()
    missing = places.data_dir(settings)
    assert (missing.state, missing.code) == (State.FAIL, "data-dir-unfit")


def test_keys(settings: Settings) -> None:
    """None, live ones, one that ends soon, and none that is live any more."""
    assert places.keys(settings).message == "there are no keys"
    with Keys(settings.data_dir / "keys.db") as keys:
        first = keys.add(None, "platform").key.id
        assert (places.keys(settings).state, places.keys(settings).message) == (State.OK, "1 live of 1")
        soon = keys.add("ann", "platform", time.time_ns() + 2 * DAY).key.id
        ending = places.keys(settings)
        assert (ending.state, ending.hint) == (State.WARN, f"Run `upwell keys rotate {soon}`.")
        keys.revoke(first)
        keys.revoke(soon)
    assert "none of 2 keys is live" in places.keys(settings).message


@pytest.mark.parametrize(("used", "state"), [(10, State.OK), (85, State.WARN), (120, State.FAIL)])
def test_how_full_the_journal_is(settings: Settings, monkeypatch: pytest.MonkeyPatch, used: int, state: State) -> None:
    """From four fifths on it is to watch, since the lane that fills it has then held for a while."""
    monkeypatch.setattr("upwell.doctor.places.Segments.names", lambda _: ["one"])
    monkeypatch.setattr("upwell.doctor.places.Segments.bytes", lambda *_: settings.journal.max_bytes * used // 100)

    assert next(places.journal(settings)).state is state


@pytest.mark.parametrize(("reserves", "state"), [(0.5, State.FAIL), (1.5, State.WARN), (9, State.OK)])
def test_room_on_the_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch, reserves: float, state: State) -> None:
    """Below the reserve agents are refused, and not far above it they soon will be."""

    class _Usage:
        free = int(settings.journal.reserve * reserves)

    monkeypatch.setattr("upwell.doctor.places.shutil.disk_usage", lambda _: _Usage)
    _, room = places.journal(settings)

    assert room.state is state
