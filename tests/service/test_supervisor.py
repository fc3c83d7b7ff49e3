"""The supervisor keeps children running, ends them in order, and gives up only where starting again is no use."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from upwell.config import Settings
from upwell.service import locks, sockets
from upwell.service import supervisor as module
from upwell.service.locks import Lock, Role
from upwell.service.supervisor import EXIT_UNFIT, Child, Pace, Supervisor, ending

QUICK = Pace(first=0.01, longest=0.05, stable=60.0)

PRELUDE = """
import os, signal, sys, time
from pathlib import Path
from upwell.service import orders
role, lifeline = sys.argv[1], int(sys.argv[3])
told = orders.receive(lifeline)
place = Path(told.settings.data_dir)
count = len(list(place.glob(role + "-*")))
def note(text): (place / f"{role}-{count}").write_text(text)
note("started")
"""

WAITS = """
signal.signal(signal.SIGTERM, lambda *_: (note("ended"), sys.exit(0)))
note("ready")
while True: time.sleep(0.05)
"""


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[Lock]:
    with locks.acquire(tmp_path, "gateway") as held:
        yield held


@pytest.fixture
def door() -> Iterator[socket.socket]:
    (opened,) = sockets.open_all(["127.0.0.1:0"], "gateway.listen")
    yield opened
    opened.close()


def _child(
    tmp_path: Path, lock: Lock, body: str, *, role: Role = "gateway", doors: tuple[socket.socket, ...] = (), grace: float = 30
) -> Child:
    script = tmp_path / f"{role}.py"
    script.write_text(PRELUDE + textwrap.dedent(body))
    return Child(role, Settings(data_dir=tmp_path), doors, lock, grace, command=(sys.executable, str(script)))


def _notes(tmp_path: Path, role: Role = "gateway") -> list[str]:
    return [path.read_text() for path in sorted(tmp_path.glob(f"{role}-*"))]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def _run(supervisor: Supervisor, script: Callable[[], Awaitable[None]]) -> int:
    """Run a supervisor while `script` does what the outside world would do."""

    async def both() -> int:
        run = asyncio.create_task(supervisor.run())
        await script()
        async with asyncio.timeout(60):
            return await run

    return asyncio.run(both())


def test_sigterm_ends_both_children_in_order(tmp_path: Path, lock: Lock) -> None:
    """A signal to the supervisor becomes SIGTERM to each child, and the exit code is 0."""
    both = [_child(tmp_path, lock, WAITS), _child(tmp_path, lock, WAITS, role="worker")]

    async def script() -> None:
        await _until(lambda: _notes(tmp_path) == _notes(tmp_path, "worker") == ["ready"])
        os.kill(os.getpid(), signal.SIGTERM)

    assert _run(Supervisor(both, pace=QUICK), script) == 0
    assert _notes(tmp_path) == _notes(tmp_path, "worker") == ["ended"]


def test_a_killed_child_is_started_again(tmp_path: Path, lock: Lock, caplog: pytest.LogCaptureFixture) -> None:
    """kill -9 of a child costs one restart, and the log says why."""
    supervisor = Supervisor([_child(tmp_path, lock, WAITS)], pace=QUICK)

    async def script() -> None:
        await _until(lambda: _notes(tmp_path) == ["ready"])
        os.kill(supervisor.pids()["gateway"], signal.SIGKILL)
        await _until(lambda: _notes(tmp_path) == ["ready", "ready"])
        supervisor.stop()

    assert _run(supervisor, script) == 0
    assert "the gateway ended (SIGKILL); it starts again in" in caplog.text


def test_a_connection_waits_for_the_next_gateway(tmp_path: Path, lock: Lock, door: socket.socket) -> None:
    """The listening socket outlives the child: what connects meanwhile is served by the next one."""
    body = """
        import socket
        if count == 0: sys.exit(1)
        listening = socket.socket(fileno=told.sockets[0])
        listening.setblocking(True)
        accepted, _ = listening.accept()
        accepted.sendall(b"served")
        accepted.close()
    """
    supervisor = Supervisor([_child(tmp_path, lock, body + textwrap.indent(WAITS, " " * 8), doors=(door,))], pace=QUICK)
    served: list[bytes] = []

    async def script() -> None:
        reader, writer = await asyncio.open_connection(*door.getsockname())
        served.append(await reader.read())
        writer.close()
        supervisor.stop()

    assert _run(supervisor, script) == 0
    assert served == [b"served"]


def test_an_unfit_child_ends_everything(tmp_path: Path, lock: Lock) -> None:
    """A child whose settings cannot work is not tried for ever: the other ends too, and the exit code is 1."""
    unfit = _child(tmp_path, lock, f"sys.exit({EXIT_UNFIT})", role="worker")

    async def script() -> None:
        pass

    assert _run(Supervisor([_child(tmp_path, lock, WAITS), unfit], pace=QUICK), script) == 1
    assert len(_notes(tmp_path, "worker")) == 1


def test_a_child_that_once_ran_is_not_given_up(tmp_path: Path, lock: Lock) -> None:
    """The same settings worked before, so what fails now is outside, and may mend."""
    pace = Pace(first=0.01, longest=0.05, stable=0.2)
    body = f"""
        if count == 0:
            time.sleep(0.3); sys.exit(1)
        if count < 3: sys.exit({EXIT_UNFIT})
    """
    supervisor = Supervisor([_child(tmp_path, lock, body + textwrap.indent(WAITS, " " * 8))], pace=pace)

    async def script() -> None:
        await _until(lambda: _notes(tmp_path)[3:] == ["ready"])
        supervisor.stop()

    assert _run(supervisor, script) == 0


def test_a_child_that_will_not_end_is_killed(tmp_path: Path, lock: Lock, caplog: pytest.LogCaptureFixture) -> None:
    """Grace has an end, and whoever used it up is named."""
    stubborn = _child(tmp_path, lock, "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nnote('deaf')\nwhile True: time.sleep(1)\n", grace=0.1)
    supervisor = Supervisor([stubborn], pace=QUICK)

    async def script() -> None:
        await _until(lambda: _notes(tmp_path) == ["deaf"])
        supervisor.stop()

    assert _run(supervisor, script) == 0
    assert "did not end within 0 s and is killed" in caplog.text


def test_a_signal_that_comes_twice_at_once_is_one(tmp_path: Path, lock: Lock) -> None:
    """A process group's signal may also be passed on by a parent such as make; the children still end in their own time."""
    supervisor = Supervisor([_child(tmp_path, lock, WAITS)], pace=QUICK)

    async def script() -> None:
        await _until(lambda: _notes(tmp_path) == ["ready"])
        supervisor.stop()
        supervisor.stop()

    assert _run(supervisor, script) == 0
    assert _notes(tmp_path) == ["ended"]


def test_a_second_signal_kills(tmp_path: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who presses Ctrl-C twice wants out now; the exit code says that it was not clean."""
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.05)
    stubborn = _child(tmp_path, lock, "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nnote('deaf')\nwhile True: time.sleep(1)\n")
    supervisor = Supervisor([stubborn], pace=QUICK)

    async def script() -> None:
        await _until(lambda: _notes(tmp_path) == ["deaf"])
        supervisor.stop()
        await asyncio.sleep(0.1)
        supervisor.stop()

    assert _run(supervisor, script) == 1


def test_a_machine_without_room_for_processes_is_waited_for(tmp_path: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    """When not even a process can be made, the supervisor tries again like for a dead child."""
    supervisor = Supervisor([_child(tmp_path, lock, WAITS)], pace=QUICK)
    real, failures = asyncio.create_subprocess_exec, iter([OSError(11, "Resource temporarily unavailable")])

    async def scarce(*arguments: Any, **options: Any) -> asyncio.subprocess.Process:
        for failure in failures:
            raise failure
        return await real(*arguments, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", scarce)

    async def script() -> None:
        await _until(lambda: _notes(tmp_path) == ["ready"])
        supervisor.stop()

    assert _run(supervisor, script) == 0


def test_what_children_log_reaches_the_view(tmp_path: Path, lock: Lock) -> None:
    """On a terminal each line of a child goes through the view, which knows where the cursor is."""
    said: list[str] = []
    supervisor = Supervisor(
        [_child(tmp_path, lock, "print('one\\ntwo', file=sys.stderr, flush=True)\n" + WAITS)], say=said.append, pace=QUICK
    )

    async def script() -> None:
        await _until(lambda: len(said) == 2 and _notes(tmp_path) == ["ready"])
        supervisor.stop()

    assert _run(supervisor, script) == 0
    assert said == ["one", "two"]


def test_children_do_not_get_the_terminals_interrupt(tmp_path: Path, lock: Lock) -> None:
    """Ctrl-C goes to the supervisor alone, which ends the children in order: they stand in their own process groups."""
    supervisor = Supervisor([_child(tmp_path, lock, WAITS)], pace=QUICK)
    groups: list[int] = []

    async def script() -> None:
        await _until(lambda: _notes(tmp_path) == ["ready"])
        groups.append(os.getpgid(supervisor.pids()["gateway"]))
        supervisor.stop()

    _run(supervisor, script)

    assert len(groups) == 1
    assert groups[0] != os.getpgid(0)


def test_pauses_double_up_to_the_longest_and_start_afresh() -> None:
    """A crash loop slows down; a child that ran well before is started again at once."""
    pace = Pace(first=0.2, longest=1.0, stable=10.0)

    pauses = [0.0]
    for ran in (0.1, 0.1, 0.1, 0.1, 0.1, 20.0):
        pauses.append(pace.after(pauses[-1], ran))

    assert pauses[1:] == [0.2, 0.4, 0.8, 1.0, 1.0, 0.2]


@pytest.mark.parametrize(("code", "words"), [(0, "exit code 0"), (78, "exit code 78"), (-9, "SIGKILL"), (-250, "signal 250")])
def test_endings_in_words(code: int, words: str) -> None:
    """The log says how a child ended."""
    assert ending(code) == words
