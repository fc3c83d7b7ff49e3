"""`upwell demo`: the whole system with no account and no agent, until Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from upwell.cli import output

if TYPE_CHECKING:
    from upwell.service.serve import House
    from upwell.testing.demo import Stage


def demo(
    people: Annotated[int, typer.Option("--people", min=1, max=5000, help="How many people the team has.")] = 60,
    days: Annotated[int, typer.Option("--days", min=2, max=400, help="How many days of history there are.")] = 60,
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Take OTLP/HTTP here; default: 127.0.0.1:4318, or a free port.")
    ] = None,
    console: Annotated[
        str | None, typer.Option("--console", metavar="HOST:PORT", help="The console; default: 127.0.0.1:8318, or a free port.")
    ] = None,
) -> None:
    """Show everything with no account: an invented team sends real OTLP through the gateway to a fake CloudWatch."""
    from upwell.service import logs
    from upwell.testing import demo as play

    logs.configure("demo")
    try:
        with _ending_cleanly(), play.stage(people, days, listen, console) as stage:
            with _progress(f"{people} people, {days} days") as progress:
                rows = stage.load(progress)
            code = _run(stage, rows)
            with _ending_cleanly():  # the supervisor's loop has put the system's handlers back
                _account(stage)
    except KeyboardInterrupt:
        output.message("The demo is ended, and its files are removed.")
        return
    raise typer.Exit(code)


def _run(stage: Stage, rows: int) -> int:
    import asyncio

    from upwell.cli.live import LiveView
    from upwell.service.serve import opened
    from upwell.service.supervisor import Supervisor
    from upwell.testing.demo import Sender

    with opened(stage.settings) as house:
        output.data(_greeting(stage, house, rows))
        with Sender(stage.team, house.endpoints[0]):
            if not (sys.stdout.isatty() and sys.stderr.isatty()):
                return asyncio.run(Supervisor(house.children).run())
            with LiveView(stage.settings.data_dir) as view:
                return asyncio.run(Supervisor(house.children, say=view.say).run())


def _greeting(stage: Stage, house: House, rows: int) -> str:
    team, folder = stage.team, stage.settings.data_dir
    somebody = team.keenest
    lines = (
        f"{len(team.members)} invented people, {team.story.days} days, {rows:,} rows of history. What they do now arrives as it happens.",
        "",
        f"  console   {house.console}",
        f"  gateway   {house.endpoints[0]}",
        f"  ledger    upwell ledger --check --data-dir {folder}",
        f"  fake AWS  {stage.fake.url}/_fake/counts",
        f"  a key     {team.badges[somebody.number].secret}",
        "",
        f"The key is that of {somebody.name}: the console's Sessions page shows their sessions with it, and your own agent may send it.",
        "",
        "Ctrl-C ends it and removes its files.",
    )
    return "\n".join(lines)


def _account(stage: Stage) -> None:
    """What became of everything that was sent, once the two processes have ended."""
    from upwell.cli.ledger import show
    from upwell.service import client

    output.data("")
    show(client.ask(stage.settings, "ledger"))


@contextmanager
def _progress(what: str) -> Iterator[Callable[[float], None]]:
    """A bar on a terminal; elsewhere one line."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    if not sys.stderr.isatty():
        output.message(f"Telling the history of {what} ...")
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"Telling the history of {what}", total=1.0)
        yield lambda part: bar.update(task, completed=part)


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """SIGTERM and SIGHUP while history is written end it like Ctrl-C; later they are the supervisor's."""
    import signal

    def leave(*_: object) -> None:
        raise KeyboardInterrupt

    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]  # not under nohup
    before = {number: signal.signal(number, leave) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
