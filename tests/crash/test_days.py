"""Destinations that are away for hours and days, in simulated time, and what brings them back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.days import DAY, HOUR, Clock, Days
from tests.crash.destination import Destination
from upwell.otlp import Signal
from upwell.testing.cloudwatch import Failure

MakeDays = Callable[..., Days]
MINUTES = 300.0
GROUP, STREAM = "/upwell/otlp", "gateway"
OLD, NEW = ("UPWELLFAKEACCESSKEY", "upwell-fake-secret-key"), ("UPWELLFAKENEWKEY", "another-fake-secret-key")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fake(clock: Clock) -> Iterator[Destination]:
    with Destination(clock_ns=clock) as destination:
        yield destination


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[str, str]], None]:
    """Writes the file that botocore finds the keys in, and nothing else is to be found."""
    file = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def write(keys: tuple[str, str]) -> None:
        file.write_text(f"[default]\naws_access_key_id = {keys[0]}\naws_secret_access_key = {keys[1]}\n")

    write(OLD)
    return write


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where there is such a place: days have thousands of commits, and this is not about disks."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as made:
        yield Path(made)


@pytest.fixture
def days(folder: Path, fake: Destination, clock: Clock, credentials: object) -> Iterator[MakeDays]:
    made: list[Days] = []

    def make(**sink: Any) -> Days:
        made.append(Days(folder, fake, clock, **sink))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _write_all(life: Days, name: str) -> list[str]:
    return [written for signal in Signal for written in life.write(signal, [f"{name}-{signal}-{item}" for item in range(3)])]


def _delivered_once(life: Days, fake: Destination, ids: list[str]) -> None:
    assert fake.arrived() == dict.fromkeys(ids, 1)
    ledger = life.ledger()
    assert ledger.problems() == []
    assert sum(lane.delivered for lane in ledger.lanes) == len(ids)
    assert all(lane.pending.items == 0 for lane in ledger.lanes)


@pytest.mark.parametrize("failure", [Failure(status=503, times=None), Failure(status=429, times=None), Failure(cut=True, times=None)])
def test_hours_without_an_answer(days: MakeDays, fake: Destination, failure: Failure) -> None:
    """Overloaded, throttled or cut for hours, while more comes in: retried with pauses of half a minute at most, then all arrives, once."""
    life = days()
    fake.script([failure])
    ids = []
    for hour in range(2):
        ids += _write_all(life, f"hour-{hour}")
        turns = life.pass_time(HOUR)
        assert set(life.states().values()) == {"retrying"}
        assert all(100 <= count <= 400 for count in turns.values()), "neither given up nor hammered"
    assert fake.arrived() == {}

    fake.script([])
    life.pass_time(60)

    _delivered_once(life, fake, ids)
    assert set(life.states().values()) == {"flowing"}


def test_days_without_a_connection(days: MakeDays, fake: Destination, clock: Clock) -> None:
    """Nothing listens for three days; when the port is back, everything arrives, what is three days old too."""
    life = days()
    fake.stop()
    ids = []
    for day in range(3):
        ids += _write_all(life, f"day-{day}")
        life.pass_time(MINUTES)
        clock.forward(DAY - MINUTES)
    assert set(life.states().values()) == {"retrying"}

    fake.start()
    life.pass_time(60)

    _delivered_once(life, fake, ids)


def test_more_days_than_the_destination_takes(days: MakeDays, fake: Destination, clock: Clock) -> None:
    """After 15 days what is too old for CloudWatch is booked expired by its age, the rest arrives, and the sums hold."""
    life = days()
    fake.script([Failure(status=503, times=None)])
    old = _write_all(life, "old")
    life.pass_time(MINUTES)
    clock.forward(13 * DAY)
    young = _write_all(life, "young")
    life.pass_time(MINUTES)
    clock.forward(DAY)

    fake.script([])
    life.pass_time(60)

    assert fake.arrived() == dict.fromkeys(young, 1)
    ledger = life.ledger()
    assert ledger.problems() == []
    assert [(lane.offered, lane.delivered, lane.expired) for lane in ledger.lanes] == [(6, 3, {"age": 3})] * 3
    assert len(old) == 9


def test_credentials_that_expire_and_come_back(days: MakeDays, fake: Destination) -> None:
    """The lanes hold, probe every half minute, and go on by themselves when the same credentials are taken again."""
    life = days()
    ids = _write_all(life, "before")
    life.pass_time(60)
    fake.expire_credentials()
    ids += _write_all(life, "while")
    turns = life.pass_time(2 * HOUR)
    assert set(life.states().values()) == {"held"}
    assert all(2 * 100 <= count <= 2 * 150 for count in turns.values())

    fake.restore_credentials()
    life.pass_time(60)

    _delivered_once(life, fake, ids)


def test_credentials_that_are_replaced(days: MakeDays, fake: Destination, credentials: Callable[[tuple[str, str]], None]) -> None:
    """Other keys in the file are found without a restart."""
    life = days()
    ids = _write_all(life, "before")
    life.pass_time(60)
    fake.expire_credentials()
    ids += _write_all(life, "while")
    life.pass_time(MINUTES)
    assert set(life.states().values()) == {"held"}

    fake.add_access_key(*NEW)
    credentials(NEW)
    life.pass_time(60)

    _delivered_once(life, fake, ids)


def test_a_log_group_and_stream_that_are_missing(days: MakeDays, fake: Destination) -> None:
    """They are made when the first batch comes, and again when somebody deletes one or the other."""
    life = days()
    ids = life.write(Signal.LOGS, ["first"])
    life.pass_time(60)
    assert fake.log_groups() == {GROUP: [STREAM]}

    fake.delete_log_stream(GROUP, STREAM)
    ids += life.write(Signal.LOGS, ["second"])
    life.pass_time(60)
    fake.delete_log_group(GROUP)
    ids += life.write(Signal.LOGS, ["third"])
    life.pass_time(60)

    _delivered_once(life, fake, ids)
    assert fake.log_groups() == {GROUP: [STREAM]}


CODES = {
    "ExpiredTokenException": "held",
    "AccessDeniedException": "held",
    "UnrecognizedClientException": "held",
    "InvalidSignatureException": "held",
    "ThrottlingException": "retrying",
    "ServiceUnavailableException": "retrying",
}


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("code", CODES)
def test_what_the_code_says_comes_before_the_status(days: MakeDays, fake: Destination, code: str, status: int) -> None:
    """The same code as 400 and as 403 has the lane do the same; no item is blamed, none is lost, and it goes on by itself."""
    life = days()
    fake.create_log_group(GROUP, STREAM)
    fake.script([Failure(status=status, code=code, message="said the fake", times=None)])
    ids = _write_all(life, "a")
    life.pass_time(MINUTES)
    assert set(life.states().values()) == {CODES[code]}
    assert set(life.codes().values()) == {code}
    assert all(lane.pending.items == 3 for lane in life.ledger().lanes)

    fake.script([])
    life.pass_time(60)

    _delivered_once(life, fake, ids)
