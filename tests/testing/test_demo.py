"""The demo's stage and sender, without the two processes."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import duckdb
import pytest

from tests.service.running import until
from upwell.otlp import Signal
from upwell.store import FILE
from upwell.testing import demo
from upwell.testing.demo import Sender, Stage
from upwell.testing.otlp import Failure, OtlpReceiver
from upwell.testing.team import Team


def _team() -> Team:
    """A team that has much to send at once: its present begins some minutes ago."""
    found = Team(30, 3, now_ns=time.time_ns())
    found.unenrolled()
    found.now_ns -= 5 * 60 * 10**9
    return found


def _came(receiver: OtlpReceiver) -> int:
    return sum(receiver.counts(signal).requests for signal in Signal)


def test_the_present_arrives_with_its_keys() -> None:
    """Each request carries its member's key and says what it is."""
    team = _team()
    team.badges = {number: replace(badge, secret=f"secret-{number}") for number, badge in team.badges.items()}

    with OtlpReceiver() as receiver, Sender(team, receiver.url) as sender:
        until(lambda: sender.accepted > 5, "requests of the team")
        seen = [request for signal in Signal for request in receiver.requests(signal)]

    assert {request.headers["x-api-key"] for request in seen} <= {badge.secret for badge in team.badges.values()}
    assert {request.headers["content-type"] for request in seen} <= {"application/json", "application/x-protobuf"}
    assert sender.refused == 0


def test_it_waits_where_the_gateway_asks_for_it_and_loses_nothing() -> None:
    """Overload and a restart are no reason to leave a request out."""
    team = _team()
    failures = [Failure(times=2, status=503, headers={"Retry-After": "0"}), Failure(times=1, cut=True)]

    with OtlpReceiver() as receiver:
        receiver.script(failures)
        with Sender(team, receiver.url) as sender:
            until(lambda: sender.accepted > 3, "requests after the failures")

        assert _came(receiver) >= sender.accepted
    assert sender.refused == 0


def test_what_is_refused_for_good_is_counted_and_left() -> None:
    """A revoked key does not stop the others."""
    with OtlpReceiver() as receiver:
        receiver.script([Failure(times=1, status=401)])
        with Sender(_team(), receiver.url) as sender:
            until(lambda: sender.refused == 1 and sender.accepted > 0, "a refusal, and requests after it")


def test_it_ends_though_nobody_answers() -> None:
    """A gateway that has stopped leaves its socket with the supervisor: a request into it must not hold up the end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = Sender(_team(), f"http://127.0.0.1:{silent.getsockname()[1]}")
        with sender:
            heard, _ = silent.accept()
        heard.close()

    assert not sender._thread.is_alive()
    assert (sender.accepted, sender.refused) == (0, 0)


def test_a_stage_is_loaded_and_counted_for_reports() -> None:
    """Every row is there, no hour waits to be counted, and everybody has a key."""
    told: list[float] = []
    with demo.stage(15, 6) as stage:
        rows = stage.load(told.append)
        database = duckdb.connect(str(stage.settings.data_dir / FILE), read_only=True)
        events = database.execute("SELECT count(*) FROM events").fetchone()
        waiting = database.execute("SELECT count(*) FROM marked").fetchone()
        database.close()
        secrets = {badge.secret for badge in stage.team.badges.values()}

    assert (events, waiting) == ((rows,), (0,))
    assert len(secrets) == 15
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_a_stage_is_struck_though_loading_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder goes, whatever happens on it."""

    def fail(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Team, "write_history", fail)
    seen: list[Stage] = []

    def play() -> None:
        with demo.stage(3, 2) as stage:
            seen.append(stage)
            stage.load(lambda _: None)

    with pytest.raises(KeyboardInterrupt):
        play()

    assert not seen[0].settings.data_dir.exists()
