"""Runs the gateway and the worker as children, starts them again when they die, and ends them in order.

The supervisor holds what must outlive a child: the listening sockets and the two locks. It reads no
telemetry and opens no database, so that there is little in it that could fail.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from upwell.config import Settings
from upwell.service import orders
from upwell.service.locks import Lock, Role

EXIT_UNFIT = 78
"""A child's way to say that starting it again would not help: EX_CONFIG of sysexits.h."""

AGAIN_SECONDS = 1.0
"""A signal this soon after the first is the same one: `make` passes on what the process group has got already."""

_log = logging.getLogger("upwell.service")


@dataclass(frozen=True, slots=True)
class Pace:
    """How a dead child is started again, in seconds.

    The pause doubles from `first` to `longest`, and is `first` again for a child that ran for `stable`.
    """

    first: float = 0.2
    longest: float = 10.0
    stable: float = 10.0

    def after(self, pause: float, ran: float) -> float:
        """The next pause, after a child that ran for `ran` seconds; 0 is no pause yet."""
        return self.first if pause == 0 or ran >= self.stable else min(pause * 2, self.longest)


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep running: `python -m upwell ROLE`. `grace` is how long it may take to end."""

    role: Role
    settings: Settings
    sockets: Sequence[socket.socket]
    lock: Lock
    grace: float
    command: Sequence[str] = field(default=(sys.executable, "-m", "upwell"))


class Supervisor:
    """Keeps children running until a signal. `say` gets each line that they log; without it they write to stderr themselves."""

    def __init__(self, children: Sequence[Child], *, say: Callable[[str], None] | None = None, pace: Pace | None = None) -> None:
        self._children = children
        self._say = say
        self._pace = pace or Pace()
        self._running: dict[Role, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._stopped_at = 0.0
        self._code = 0

    def pids(self) -> dict[Role, int]:
        """The children that run now."""
        return {role: process.pid for role, process in self._running.items()}

    async def run(self) -> int:
        """Run until SIGTERM, SIGINT or SIGHUP, or until a child cannot be started; the exit code, 0 or 1."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # not under nohup
            loop.add_signal_handler(signal.SIGHUP, self.stop)
        await asyncio.gather(*(self._keep(child) for child in self._children))
        return self._code

    def stop(self) -> None:
        """End the children; called once more, a moment later, kill them."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._stopped_at = time.monotonic()
        elif time.monotonic() - self._stopped_at >= AGAIN_SECONDS:
            self._code = 1
            for process in self._running.values():
                with suppress(ProcessLookupError):
                    process.kill()

    async def _keep(self, child: Child) -> None:
        pause, proven = 0.0, False
        while not self._stopping.is_set():
            begun = time.monotonic()
            code = await self._run_once(child)
            ran = time.monotonic() - begun
            proven = proven or ran >= self._pace.stable
            if self._stopping.is_set():
                break
            if code == EXIT_UNFIT and not proven:  # later the same settings have worked: what fails is outside, and may mend
                self._code = 1
                self.stop()
                break
            pause = self._pace.after(pause, ran)
            _log.warning("the %s ended (%s); it starts again in %.1f s", child.role, ending(code), pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _run_once(self, child: Child) -> int:
        """One life of a child, from start to end; its return code, negative for a signal."""
        try:
            process, lifeline = await self._spawn(child)
        except OSError as error:  # no memory, no process slot: it may pass
            _log.error("the %s could not be started: %s", child.role, error.strerror)
            return 1
        self._running[child.role] = process
        listener = asyncio.create_task(self._listen(process))
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((ended, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await self._end(child, process, ended)
            await listener
            return await ended
        finally:
            stopped.cancel()
            os.close(lifeline)
            del self._running[child.role]

    async def _spawn(self, child: Child) -> tuple[asyncio.subprocess.Process, int]:
        theirs, ours = os.pipe()
        descriptors = [listening.fileno() for listening in child.sockets]
        try:
            process = await asyncio.create_subprocess_exec(
                *child.command,
                child.role,
                "--orders",
                str(theirs),
                pass_fds=(theirs, child.lock.descriptor, *descriptors),
                process_group=0,  # Ctrl-C reaches the supervisor alone, which ends the children in order
                stdin=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE if self._say else None,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        told = orders.Orders(child.settings, tuple(descriptors), child.lock.descriptor, terminal=self._say is not None)
        with suppress(BrokenPipeError):  # it died at once; its exit code says more
            os.write(ours, orders.encode(told))
        return process, ours

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        if process.stderr is None or self._say is None:
            return
        async for line in process.stderr:
            self._say(line.decode("utf-8", "replace").rstrip("\n"))

    async def _end(self, child: Child, process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
        with suppress(ProcessLookupError):
            process.terminate()
        done, _ = await asyncio.wait((ended,), timeout=child.grace)
        if not done:
            _log.warning("the %s did not end within %.0f s and is killed", child.role, child.grace)
            with suppress(ProcessLookupError):
                process.kill()


def ending(code: int) -> str:
    """A return code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
