"""`upwell gateway` and `upwell worker`: one of the two processes, alone or as a child of `upwell serve`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import typer

from upwell.cli import output
from upwell.cli.options import Config, Console, DataDir, Listen, Orders, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from upwell.config import Settings
    from upwell.service.locks import Role
    from upwell.service.post import Post


def gateway(config: Config = None, data_dir: DataDir = None, listen: Listen = None, orders: Orders = None) -> None:
    """Run the gateway alone: it fills the journal, and answers 503 when that is full."""
    from upwell.service import gateway as process

    if orders is None:
        _alone("gateway", settings(config, data_dir, gateway={"listen": listen}), process.run)
    else:
        _ordered("gateway", orders, process.run)


def worker(config: Config = None, data_dir: DataDir = None, console: Console = None, orders: Orders = None) -> None:
    """Run the worker alone: it sends on what the journal holds."""
    from upwell.service import worker as process

    if orders is None:
        _alone("worker", settings(config, data_dir, console={"listen": console}), process.run)
    else:
        _ordered("worker", orders, process.run)


def _alone(role: Role, found: Settings, run: Callable[[Post], None]) -> None:
    from upwell.service import post

    with post.alone(role, found) as held:
        _guarded(role, run, held)


def _ordered(role: Role, lifeline: int, run: Callable[[Post], None]) -> None:
    from upwell.errors import ConfigError, DataDirError, ListenError, SinkError
    from upwell.service import post
    from upwell.service.supervisor import EXIT_UNFIT

    try:
        with post.ordered(role, lifeline) as held:
            _guarded(role, run, held)
    except (ConfigError, DataDirError, ListenError, SinkError) as error:
        output.fail(error)  # to be started again would meet the same
        raise typer.Exit(EXIT_UNFIT) from None
    except EOFError:
        raise typer.Exit(1) from None


def _guarded(role: Role, run: Callable[[Post], None], held: Post) -> None:
    """Run a process; what nobody foresaw is logged without its text, which might quote telemetry."""
    from upwell.errors import UpwellError

    try:
        run(held)
    except UpwellError:
        raise
    except Exception:
        logging.getLogger(f"upwell.{role}").exception("the %s failed", role)
        raise typer.Exit(1) from None
