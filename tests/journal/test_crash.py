"""Killing the writer: what it acknowledged is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import upwell
from tests.journal.place import Place
from upwell.journal import Segments
from upwell.otlp.model import Signal

ROOT = Path(__file__).parents[2]
ROUNDS = 4
APART = 1_000_000


def killed_under_load(directory: Path, first: int, enough: int) -> list[int]:
    """Start a writer, kill -9 it in the middle of its work; the numbers that it had acknowledged."""
    paths = os.pathsep.join([str(Path(upwell.__file__).parents[1]), str(ROOT)])
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.journal.appender", str(directory), str(first)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        text=True,
    )
    with writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(enough)]
        writer.send_signal(signal.SIGKILL)
        # A last line may be cut: its number was not told.
        acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]
    return acknowledged


def test_nothing_acknowledged_is_lost_by_a_kill(place: Place) -> None:
    """Rounds of kill -9 under load: each acknowledged batch is in the journal, once, and marks promise no more than there is."""
    place.clock.now_ns = time.time_ns()
    acknowledged: list[int] = []
    for number in range(ROUNDS):
        acknowledged += killed_under_load(place.directory, number * APART, enough=150 + 170 * number)

    found = Counter(place.bodies())

    assert len(acknowledged) >= 600
    assert len(place.names()) > ROUNDS
    assert [number for number in acknowledged if found[place.entry(number, size=500).body] != 1] == []
    assert set(found.values()) == {1}
    for name in Segments(place.directory).names():
        with closing(place.segment(name)) as segment:
            mark = segment.mark()
            assert mark.valid
            assert mark.seq <= segment.last()
            assert mark.journaled[Signal.LOGS] + segment.beyond(Signal.LOGS) == segment.readable(Signal.LOGS).items
            assert segment.page(Signal.LOGS, 0, 10**6, 2**40).unreadable == 0


def test_a_client_that_saw_no_answer_may_retry(place: Place) -> None:
    """After a kill the clients send again what they got no answer for, and what they did: no batch is there twice."""
    place.clock.now_ns = time.time_ns()
    acknowledged = killed_under_load(place.directory, 0, enough=300)
    place.clock.now_ns = time.time_ns()
    resent = [place.entry(number, size=500) for number in range(max(acknowledged) + 50)]

    answers = place.store(*resent)

    assert not any(answers[number] for number in acknowledged)
    assert set(Counter(place.bodies()).values()) == {1}
    assert len(place.bodies()) == len(resent)
